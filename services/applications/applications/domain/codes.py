"""Codes that are genuine though their check character fails: recorded by the region with the document that shows it."""

from __future__ import annotations

from datetime import date

from messages.applications import CodeRecorded
from messages.values import RecordedCode, has_check_character

from applications.domain.refusals import refusal


def require_failing(code: str) -> None:
    """Raise for a code that needs no record: whoever records it has mistyped another."""
    if has_check_character(code):
        text = "该代码校验码相符，可以直接填报，无须登记"
        raise refusal("A1", "code-needs-no-record", text, code, pointer="/uscc")


def code_taken(known: RecordedCode) -> Exception:
    text = f"该代码已凭{known.document_number}登记"
    return refusal("A1", "code-recorded-already", text, known.uscc, pointer="/uscc")


def recorded_event(code: str, document_number: str, today: date) -> CodeRecorded:
    return CodeRecorded(uscc=code, document_number=document_number, recorded_on=today)
