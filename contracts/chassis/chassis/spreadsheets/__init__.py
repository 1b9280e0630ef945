"""Spreadsheets: tables read from a workbook with every bad cell reported, written as a workbook or CSV.

A table is a pydantic model whose fields name their column:

    class Line(BaseModel):
        uscc: Annotated[Uscc, Column("统一社会信用代码", asks="为18位统一社会信用代码")]
        name: Annotated[Text, Column("机构名称", width=36)]
        entered_on: Annotated[date, Column("备案日期")]
        scope: Annotated[tuple[UnitType, ...], Column("评价范围", choices=UNIT_TYPES)] = ()

    LINES = Table("评价机构名单", Line)

``LINES.read(book)`` gives the rows and the problems of a workbook, ``LINES.as_xlsx(rows)`` and ``LINES.as_csv(rows)``
write the same format. A sheet that is only written is a ``SheetData`` for ``as_xlsx`` and ``as_csv``. An uploaded
workbook comes from ``WorkbookReader.read(upload)``, which reads it in a process of its own.
"""

from chassis.spreadsheets.cells import (
    InvalidCellError,
    Unreadable,
    as_choice,
    as_code,
    as_day,
    as_decimal,
    as_label,
    as_text,
    as_whole,
    as_yes_no,
    is_empty,
    require_readable,
)
from chassis.spreadsheets.characters import storable
from chassis.spreadsheets.isolation import WorkbookLimits, WorkbookReader, WorkbooksBusyError
from chassis.spreadsheets.reader import MAX_PROBLEMS, CellProblem, NumberedRow, SheetResult, first_problems
from chassis.spreadsheets.table import Column, Table
from chassis.spreadsheets.workbook import Grid, InvalidWorkbookError, Workbook
from chassis.spreadsheets.writer import (
    MEDIA_TYPES,
    TEXT_FORMAT,
    Format,
    Heading,
    Printed,
    SheetData,
    as_csv,
    as_xlsx,
    csv_head,
    csv_rows,
)

__all__ = [
    "MAX_PROBLEMS",
    "MEDIA_TYPES",
    "TEXT_FORMAT",
    "CellProblem",
    "Column",
    "Format",
    "Grid",
    "Heading",
    "InvalidCellError",
    "InvalidWorkbookError",
    "NumberedRow",
    "Printed",
    "SheetData",
    "SheetResult",
    "Table",
    "Unreadable",
    "Workbook",
    "WorkbookLimits",
    "WorkbookReader",
    "WorkbooksBusyError",
    "as_choice",
    "as_code",
    "as_csv",
    "as_day",
    "as_decimal",
    "as_label",
    "as_text",
    "as_whole",
    "as_xlsx",
    "as_yes_no",
    "csv_head",
    "csv_rows",
    "first_problems",
    "is_empty",
    "require_readable",
    "storable",
]
