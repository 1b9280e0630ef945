"""The regulation's forms as workbooks: their layout as data, with a writer and a reader.

How a form is laid out
    A ``Form`` is a list of ``Sheet``s; a sheet is a list of blocks printed one below the other on a grid of twelve
    columns (A to L). A ``Heading`` is one row across the whole grid, and so is a
    ``DatedLine``, which is written over and not read. A ``Line`` is one row whose fields share the
    grid evenly; a field is its printed label (two columns) and, right of it, the cell to fill in (the rest of the
    share). A ``Table`` is a row of printed column titles and under it as many rows as there are, until the next
    block begins. Nothing else decides where a cell is: ``writer`` and ``reader`` both walk the blocks.

Which forms there are
    ``annex1.ENTERPRISE``   封面 · 基本情况表（企业填写） · 工作方案         (Annex 1, factories and supply chains)
    ``annex1.PARK``         封面 · 基本情况表（园区填写） · 工作方案         (Annex 1, parks)
    ``report.ENTERPRISE``   评价报告 · 能效 · 指标 · 基本要求 · 管理体系 · 申明 · 附件清单
    ``report.PARK``         评价报告 · 园区情况 · 指标 · 基本要求 · 附件清单

How to fill one in
    ``write(form, values)`` gives the bytes of an xlsx; ``values`` maps the ``name`` of each field to a str, int,
    Decimal, date, bool or, for a choice, its key (``"factory"``), and the name of each table to a list of such
    mappings, one for a row. What is absent stays empty, so ``write(form)`` is the empty form.
    ``report.prefilled_values(scheme)`` gives the rows of a report that the scheme decides (codes, names and units of
    indicators and requirements, systems, kinds of the declaration); put the answers into them.
    ``read(form, book)`` gives the same values back, and every bad cell at once; ``fitting(forms, book)`` is the form
    that a workbook holds.
"""

from chassis.spreadsheets import CellProblem, InvalidWorkbookError, Workbook

from applications.workbooks.layout import Form
from applications.workbooks.reader import WorkbookResult, fitting, read
from applications.workbooks.writer import write

__all__ = ["CellProblem", "Form", "InvalidWorkbookError", "Workbook", "WorkbookResult", "fitting", "read", "write"]
