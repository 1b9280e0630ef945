"""Workbooks read in the test's own process, without the limits of a service's."""

from __future__ import annotations

from chassis.spreadsheets import InvalidWorkbookError, Workbook
from chassis.spreadsheets.xlsx.archive import UnreadableError
from chassis.spreadsheets.xlsx.document import read


def open_workbook(content: bytes) -> Workbook:
    """Return a workbook of our own or of a test; raises ``InvalidWorkbookError``."""
    try:
        return Workbook.of(read(content))
    except UnreadableError as refused:
        raise InvalidWorkbookError(refused.code, refused.text) from None
