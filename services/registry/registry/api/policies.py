"""Who may do what here: everyone reads what is announced (N4), the regional department acts (P2); by which rule."""

from __future__ import annotations

from typing import Any

from chassis.access import Policy, Rule, everything, own_organisation, own_prefecture, public
from chassis.problems import rests_on
from messages.values import Level, Role
from rulebook import basis

READ = Policy("register.read", (Rule(Role.PUBLIC, public),))
MAKE = Policy("list.make", (Rule(Role.REGIONAL_OFFICER, everything),))
REMOVE = Policy("unit.remove", (Rule(Role.REGIONAL_OFFICER, everything),))
SEE_FLAGS = Policy(
    "flag.read",
    (
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),
        Rule(Role.APPLICANT, own_organisation("uscc")),
    ),
)
"""Supervision is told to those concerned and is not public (S2, N4)."""

LEVEL = Level.REGION
"""The lists made here; prefectures publish their own (Art. 15), the nation's come from the ministry."""


def by_rule(rule: str) -> dict[str, Any]:
    """For ``openapi_extra``: a malformed request is refused with this rule and its article."""
    return rests_on(rule, basis(rule).article)
