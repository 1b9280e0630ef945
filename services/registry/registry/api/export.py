"""An announced list as a file: a workbook, or CSV that a spreadsheet opens rightly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType

from chassis.spreadsheets import MEDIA_TYPES, Format, Heading, SheetData, as_csv, as_xlsx
from rulebook import PREFECTURES, UNIT_TYPE_NAMES

from registry.domain.lines import RegisterChange
from registry.domain.lists import AnnualList, announcement_of

__all__ = ["MEDIA_TYPES", "WRITERS", "Format", "title_of"]

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
WRITERS: MappingProxyType[Format, Callable[[AnnualList], bytes]] = MappingProxyType(
    {"xlsx": lambda one: as_xlsx(sheet_of(one)), "csv": lambda one: as_csv(sheet_of(one))}
)


def title_of(one: AnnualList) -> str:
    return f"内蒙古自治区绿色制造体系示范单位名单（{one.year}年，总第{announcement_of(one).number}号）"


def sheet_of(one: AnnualList) -> SheetData:
    announcement = announcement_of(one)
    above = (title_of(one), f"{announcement.document_number}　公布日期：{announcement.announced_on}")
    return SheetData("名单", HEADINGS, _rows_of(one), above)


def _rows_of(one: AnnualList) -> Iterator[tuple[str | int, ...]]:
    for number, line in enumerate(one.lines, start=1):
        yield (number, one.year, *_cells(line))


def _cells(line: RegisterChange) -> tuple[str, ...]:
    unit = line.unit
    return (
        KINDS[line.kind],
        UNIT_TYPE_NAMES[unit.unit_type],
        PREFECTURES[unit.prefecture.value],
        unit.name,
        unit.park_name or "",
        unit.uscc,
        line.article,
        line.source,
    )
