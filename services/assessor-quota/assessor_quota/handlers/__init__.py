"""One function for each message or command: load, decide, save, say."""

from assessor_quota.handlers.items import confirm_item, prefetch_ledgers, release_closed, release_item, reserve_item
from assessor_quota.handlers.lookup import VersionedAssessor, find_assessor
from assessor_quota.handlers.register import (
    AmendAssessor,
    EndRegistration,
    RegisterAssessor,
    RestoreRegistration,
    amend_assessor,
    end_registration,
    register_assessor,
    restore_registration,
)
from assessor_quota.handlers.representatives import ChangeRepresentative, change_representative
from assessor_quota.handlers.sanctions import (
    Preview,
    RevokeSanction,
    SanctionAssessor,
    preview_sanction,
    revoke_sanction,
    sanction_assessor,
    sisters_of,
)

__all__ = [
    "AmendAssessor",
    "ChangeRepresentative",
    "EndRegistration",
    "Preview",
    "RegisterAssessor",
    "RestoreRegistration",
    "RevokeSanction",
    "SanctionAssessor",
    "VersionedAssessor",
    "amend_assessor",
    "change_representative",
    "confirm_item",
    "end_registration",
    "find_assessor",
    "prefetch_ledgers",
    "preview_sanction",
    "register_assessor",
    "release_closed",
    "release_item",
    "reserve_item",
    "restore_registration",
    "revoke_sanction",
    "sanction_assessor",
    "sisters_of",
]
