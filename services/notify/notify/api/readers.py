"""The reader that a caller is in each of its roles."""

from __future__ import annotations

from chassis.security import Actor
from messages.values import Role

from notify.domain.recipients import Recipient

INBOX_ROLES = (
    Role.APPLICANT,
    Role.ASSESSOR,
    Role.PREFECTURE_OFFICER,
    Role.CONSULTED_DEPARTMENT,
    Role.EXPERT,
    Role.REGIONAL_OFFICER,
    Role.REVIEW_ORGANISATION,
)
_OF_ORGANISATION = (Role.APPLICANT, Role.ASSESSOR, Role.CONSULTED_DEPARTMENT)
_OF_PREFECTURE = (Role.PREFECTURE_OFFICER, Role.CONSULTED_DEPARTMENT)


def reader_in(role: Role, actor: Actor) -> Recipient | None:
    """Return the reader that the actor is in one of its roles, named as ``domain.recipients`` does.

    None for a role that it does not hold, that receives no notices, or whose inbox its token does not name. All who
    hold a role of the region or the review organisation share one inbox.
    """
    if role not in INBOX_ROLES or not actor.acts_as(role):
        return None
    parts = {
        **({"organisation": actor.organisation} if role in _OF_ORGANISATION else {}),
        **({"prefecture": actor.prefecture} if role in _OF_PREFECTURE else {}),
        **({"subject": actor.subject} if role is Role.EXPERT else {}),
    }
    return None if None in parts.values() else Recipient(role, **parts)
