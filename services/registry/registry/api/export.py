"""An announced list as a file: a workbook, or CSV that a spreadsheet opens rightly; read and written page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from anyio import from_thread, to_thread
from chassis.http import Contents, file_response
from chassis.spreadsheets import MEDIA_TYPES, Format, Heading, SheetData, as_xlsx, csv_head, csv_rows
from fastapi import Response
from rulebook import PREFECTURES, UNIT_TYPE_NAMES

from registry.domain.lines import PrintedLine
from registry.domain.lists import AnnualList, announcement_of

__all__ = ["MEDIA_TYPES", "file_of"]

HEADINGS = (
    Heading("序号", 8),
    Heading("年度", 8),
    Heading("变动", 8),
    Heading("类型", 22),
    Heading("盟市", 14),
    Heading("单位名称", 44),
    Heading("园区名称", 30),
    Heading("统一社会信用代码", 24),
    Heading("依据", 24),
    Heading("来源", 30),
)
KINDS = {"addition": "新增", "removal": "移出", "renaming": "更名"}
Pages = AsyncIterator[list[PrintedLine]]


async def file_of(one: AnnualList, pages: Pages, format: Format, contents: Contents) -> Response:
    """Return the list's file, made once: what is announced never changes, and anybody may ask for it."""
    announcement = announcement_of(one)

    async def make() -> bytes:
        if format == "xlsx":
            return await to_thread.run_sync(_as_xlsx, one, pages)
        return await _as_csv(one, pages)

    content = await contents.get(("list", announcement.digest, format), make)
    named = {"name": f"{_title_of(one)}.{format}", "ascii_name": f"list-{announcement.number}.{format}"}
    return file_response(content, MEDIA_TYPES[format], **named)


def _as_xlsx(one: AnnualList, pages: Pages) -> bytes:
    announcement = announcement_of(one)
    above = (_title_of(one), f"{announcement.document_number}　公布日期：{announcement.announced_on}")
    return as_xlsx(SheetData("名单", HEADINGS, _rows_of(one, pages), above))


def _rows_of(one: AnnualList, pages: Pages) -> Iterator[tuple[str | int, ...]]:
    while (page := from_thread.run(anext, pages, None)) is not None:
        yield from (_row(one, line) for line in page)


async def _as_csv(one: AnnualList, pages: Pages) -> bytes:
    rows = [csv_rows(_row(one, line) for line in page) async for page in pages]
    return csv_head(HEADINGS) + b"".join(rows)


def _title_of(one: AnnualList) -> str:
    return f"内蒙古自治区绿色制造体系示范单位名单（{one.year}年，总第{announcement_of(one).number}号）"


def _row(one: AnnualList, line: PrintedLine) -> tuple[str | int, ...]:
    change, unit = line.change, line.change.unit
    return (
        line.number,
        one.year,
        KINDS[change.kind],
        UNIT_TYPE_NAMES[unit.unit_type],
        PREFECTURES[unit.prefecture.value],
        unit.name,
        unit.park_name or "",
        unit.uscc,
        change.article,
        change.source,
    )
