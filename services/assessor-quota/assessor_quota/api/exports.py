"""Files of any length: a page of rows is read when it is written, and no callback holds the loop for a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from anyio import from_thread, to_thread
from chassis.http import file_response
from chassis.spreadsheets import MEDIA_TYPES, Format, Printed, SheetData, as_xlsx, csv_head, csv_rows
from fastapi import Response
from fastapi.responses import StreamingResponse

T = TypeVar("T")


@dataclass(frozen=True)
class Export(Generic[T]):
    """One sheet of documents that come a page at a time."""

    pages: AsyncIterator[list[T]]
    sheet: Callable[[list[T]], SheetData]
    """Returns the sheet of one page."""

    def read_in_thread(self) -> SheetData:
        """Return the whole sheet for a thread, which asks the loop for each page."""
        return replace(self.sheet([]), rows=self._rows())

    def _rows(self) -> Iterator[Sequence[Printed]]:
        while (page := from_thread.run(anext, self.pages, None)) is not None:
            yield from self.sheet(page).rows


async def file_of(name: str, format: Format, *sheets: Export[Any]) -> Response:
    """Return a workbook of the sheets, written in a thread, or CSV of the first one, sent as it is read."""
    if format == "xlsx":
        content = await to_thread.run_sync(lambda: as_xlsx(*(each.read_in_thread() for each in sheets)))
        return file_response(content, MEDIA_TYPES[format], f"{name}.{format}")
    described = file_response(b"", MEDIA_TYPES[format], f"{name}.{format}")
    headers = {"Content-Disposition": described.headers["Content-Disposition"]}
    return StreamingResponse(_csv(sheets[0]), media_type=MEDIA_TYPES[format], headers=headers)


async def _csv(export: Export[Any]) -> AsyncIterator[bytes]:
    yield csv_head(export.sheet([]).headings)
    async for page in export.pages:
        yield csv_rows(export.sheet(page).rows)
