"""Policies: everyone reads the announced lists and the register (N4), the regional department acts (P2)."""

from __future__ import annotations

from chassis.security import Apart, Policy, Rule, everything, own_organisation, own_prefecture, public
from messages.values import Level, Role

from registry.domain.duties import parties_of_list, parties_of_removal

READ_REGISTER = Policy("register.read", (Rule(Role.PUBLIC, public),))
MAKE_LISTS = Policy("list.make", (Rule(Role.REGIONAL_OFFICER, everything),), duties=Apart(parties_of_list))
REMOVE_UNITS = Policy("unit.remove", (Rule(Role.REGIONAL_OFFICER, everything),), duties=Apart(parties_of_removal))
READ_FLAGS = Policy(
    "flag.read",
    (
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),
        Rule(Role.APPLICANT, own_organisation("uscc")),
    ),
)
"""Supervision is shown to those concerned and is not public (S2, N4)."""
READ_RECONCILIATION = Policy(
    "reconciliation.read", (Rule(Role.REGIONAL_OFFICER, everything), Rule(Role.OPERATOR, everything))
)

LEVEL = Level.REGION
"""The lists made here; prefectures publish their own (Art. 15), the nation's come from the ministry."""
