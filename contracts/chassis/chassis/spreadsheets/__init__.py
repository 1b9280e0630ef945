"""Spreadsheets: tables read from a workbook with every bad cell reported, written as a workbook or CSV.

A table is a pydantic model whose fields name their column:

    class Line(BaseModel):
        uscc: Annotated[Uscc, Column("统一社会信用代码", asks="为18位统一社会信用代码")]
        name: Annotated[Text, Column("机构名称", width=36)]
        entered_on: Annotated[date, Column("备案日期")]
        scope: Annotated[tuple[UnitType, ...], Column("评价范围", choices=UNIT_TYPES)] = ()

    LINES = Table("评价机构名单", Line)

``LINES.read(content)`` gives the rows and the problems of an xlsx, ``LINES.as_xlsx(rows)`` and ``LINES.as_csv(rows)``
write the same format. A sheet that is only written is a ``SheetData`` for ``as_xlsx`` and ``as_csv``.
"""

from chassis.spreadsheets.cells import (
    InvalidCellError,
    as_choice,
    as_day,
    as_decimal,
    as_text,
    as_whole,
    as_yes_no,
    is_empty,
)
from chassis.spreadsheets.guard import MAX_UNPACKED, InvalidWorkbookError
from chassis.spreadsheets.reader import CellProblem, NumberedRow, SheetResult
from chassis.spreadsheets.table import Column, Table
from chassis.spreadsheets.workbook import Grid, grid, open_workbook
from chassis.spreadsheets.writer import (
    MEDIA_TYPES,
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
    "MAX_UNPACKED",
    "MEDIA_TYPES",
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
    "as_choice",
    "as_csv",
    "as_day",
    "as_decimal",
    "as_text",
    "as_whole",
    "as_xlsx",
    "as_yes_no",
    "csv_head",
    "csv_rows",
    "grid",
    "is_empty",
    "open_workbook",
]
