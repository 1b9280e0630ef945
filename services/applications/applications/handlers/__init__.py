"""One function for each message and command: load, decide, save, and return what is to be said."""

from applications.handlers.drafts import (
    AmendDraft,
    FileInformation,
    FileReport,
    Justify,
    OpenDraft,
    amend_draft,
    file_information,
    file_report,
    justify,
    open_draft,
)
from applications.handlers.ports import Receipt
from applications.handlers.progress import (
    follow_case,
    follow_closing,
    follow_forwarding,
    follow_notice,
    follow_refusal,
)
from applications.handlers.quota import (
    accept_reserved,
    know_assessor_name,
    know_sanction,
    record_assessor,
    refuse_unreserved,
)
from applications.handlers.records import (
    EndFact,
    MoveUnit,
    RecordFile,
    end_fact,
    move_unit,
    record_fact,
    record_file,
    record_prefecture_list,
)
from applications.handlers.registry import record_listing, record_removal
from applications.handlers.submission import Submit, Withdraw, submit_application, withdraw_application

__all__ = [
    "AmendDraft",
    "EndFact",
    "FileInformation",
    "FileReport",
    "Justify",
    "MoveUnit",
    "OpenDraft",
    "Receipt",
    "RecordFile",
    "Submit",
    "Withdraw",
    "accept_reserved",
    "amend_draft",
    "end_fact",
    "file_information",
    "file_report",
    "follow_case",
    "follow_closing",
    "follow_forwarding",
    "follow_notice",
    "follow_refusal",
    "justify",
    "know_assessor_name",
    "know_sanction",
    "move_unit",
    "open_draft",
    "record_assessor",
    "record_fact",
    "record_file",
    "record_listing",
    "record_prefecture_list",
    "record_removal",
    "refuse_unreserved",
    "submit_application",
    "withdraw_application",
]
