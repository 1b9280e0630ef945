"""Policies: each reader its own inbox and contact (P2), everyone the board (N4), operators the deliveries."""

from __future__ import annotations

from chassis.security import (
    Policy,
    Rule,
    all_of,
    everything,
    only,
    own_organisation,
    own_prefecture,
    own_subject,
    public,
)
from messages.values import Role

_BY_ORGANISATION = (Role.APPLICANT, Role.ASSESSOR)
_SHARED = (Role.REGIONAL_OFFICER, Role.REVIEW_ORGANISATION)
"""Roles with one inbox for all who hold them."""

READ_INBOX = Policy(
    "inbox.read",
    (
        *(Rule(role, all_of(only("role", role), own_organisation("organisation"))) for role in _BY_ORGANISATION),
        Rule(Role.PREFECTURE_OFFICER, all_of(only("role", Role.PREFECTURE_OFFICER), own_prefecture("prefecture"))),
        Rule(
            Role.CONSULTED_DEPARTMENT,
            all_of(
                only("role", Role.CONSULTED_DEPARTMENT), own_organisation("organisation"), own_prefecture("prefecture")
            ),
        ),
        Rule(Role.EXPERT, all_of(only("role", Role.EXPERT), own_subject("person"))),
        *(Rule(role, only("role", role)) for role in _SHARED),
    ),
    hidden=True,
)
READ_BOARD = Policy("board.read", (Rule(Role.PUBLIC, public),))
MANAGE_CONTACT = Policy("contact.manage", tuple(Rule(rule.role, everything) for rule in READ_INBOX.rules))
OVERSEE_DELIVERIES = Policy("delivery.oversee", (Rule(Role.OPERATOR, everything),))
