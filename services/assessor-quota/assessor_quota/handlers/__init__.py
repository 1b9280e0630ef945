"""One function for each message or command: load, decide, save, say."""

from assessor_quota.handlers.items import confirm_item, release_closed, release_item, reserve_item
from assessor_quota.handlers.register import (
    RegisterAssessor,
    RevokeSanction,
    SanctionAssessor,
    register_assessor,
    revoke_sanction,
    sanction_assessor,
)

__all__ = [
    "RegisterAssessor",
    "RevokeSanction",
    "SanctionAssessor",
    "confirm_item",
    "register_assessor",
    "release_closed",
    "release_item",
    "reserve_item",
    "revoke_sanction",
    "sanction_assessor",
]
