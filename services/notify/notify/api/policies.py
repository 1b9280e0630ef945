"""Policies: each reader its own inbox and contact (P2), everyone the board (N4), operators the deliveries."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.handling import Filter
from chassis.security import Actor, NobodyApart, Policy, Rule, everything, public
from messages.values import Role

from notify.api.readers import INBOX_ROLES, reader_in


@dataclass(frozen=True)
class OwnInbox:
    """The notices to the actor in one of its roles."""

    role: Role

    def filter(self, actor: Actor) -> Filter | None:
        reader = reader_in(self.role, actor)
        return None if reader is None else {"reader": reader.key}


_OWN = NobodyApart("an inbox and a contact are the caller's own, and decide nothing about anybody else")
READ_INBOX = Policy("inbox.read", tuple(Rule(role, OwnInbox(role)) for role in INBOX_ROLES), duties=_OWN)
READ_BOARD = Policy("board.read", (Rule(Role.PUBLIC, public),))
MANAGE_CONTACT = Policy("contact.manage", tuple(Rule(role, everything) for role in INBOX_ROLES), duties=_OWN)
OVERSEE_DELIVERIES = Policy(
    "delivery.oversee",
    (Rule(Role.OPERATOR, everything),),
    duties=NobodyApart("sending a notice again changes neither the notice nor whom it reaches"),
)
