"""The register as sheets: an existing one read cell by cell, and ours written (S7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, NamedTuple

from chassis.handling import Refusal
from chassis.http import Day
from chassis.security import InvalidPersonNumberError, KeyRing
from chassis.spreadsheets import (
    CellProblem,
    Column,
    Heading,
    NumberedRow,
    SheetData,
    SheetResult,
    Table,
    Workbook,
    first_problems,
)
from messages.entries import CheckedUscc, Line, Name
from messages.values import Identifier, PersonRef, Reason
from pydantic import BaseModel
from rulebook import UNIT_TYPE_NAMES, reason

from assessor_quota.api.bodies import DocumentNumberOfPerson, Scope
from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.entry import ActorRef
from assessor_quota.domain.staff import StaffMember
from assessor_quota.handlers import register
from assessor_quota.handlers.bulk import ROWS_MAX, ImportAssessors, Row

USCC = "统一社会信用代码"
NUMBER = "法定代表人证件号码"


class AssessorRow(BaseModel):
    uscc: Annotated[CheckedUscc, Column(USCC, asks="为18位统一社会信用代码（校验位相符）", width=24)]
    name: Annotated[Name, Column("机构名称", width=36)]
    representative_name: Annotated[Line, Column("法定代表人", private=True)]
    document_number: Annotated[DocumentNumberOfPerson, Column(NUMBER, private=True, width=24)]
    """Never stored: only a keyed digest and a masked form are."""
    scope: Annotated[Scope, Column("业务范围", choices=UNIT_TYPE_NAMES, width=44)]


class StaffRow(BaseModel):
    uscc: Annotated[CheckedUscc, Column(USCC, asks="为18位统一社会信用代码（校验位相符）", width=24)]
    staff_id: Annotated[Identifier | None, Column("人员编号", asks="由字母、数字和._:-组成")] = None
    name: Annotated[Line, Column("姓名", private=True)]
    qualification: Annotated[Line, Column("专业资格", width=30)]
    since: Annotated[Day, Column("任职起始日期")]
    until: Annotated[Day | None, Column("任职结束日期")] = None


EXPORT_ONLY = ("证件号码（掩码）", "登记日期", "终止日期", "处理决定有效期至")
"""Further columns of an export: ignored when a filled-in export is imported."""
ASSESSORS = Table("第三方服务机构", AssessorRow, ignored_columns=EXPORT_ONLY)
STAFF = Table("专业人员", StaffRow)
HELP = f"一次最多导入{ROWS_MAX}家；业务范围用顿号分隔：{'、'.join(UNIT_TYPE_NAMES.values())}"


def template() -> tuple[SheetData, SheetData]:
    return ASSESSORS.page((), above=("第三方服务机构登记名册", HELP)), STAFF.page(())


def read_register(book: Workbook, keys: KeyRing, by: ActorRef) -> ImportAssessors:
    """Return the rows of a workbook with every wrong cell and row; raise the Refusal of another workbook."""
    _refuse_without_sheets(book)
    assessors, staff = ASSESSORS.read(book), STAFF.read(book)
    _refuse_too_many(assessors)
    _reject_repeated(assessors)
    _refuse_unknown_assessors(staff, assessors)
    persons = dict(_pseudonyms(assessors, keys))
    members: dict[str, list[NumberedRow[StaffRow]]] = {}
    for each in staff.rows:
        members.setdefault(each.value.uscc, []).append(each)
    rows = [
        _row(each, persons[each.number], members.get(each.value.uscc, []), _Cells(assessors, staff), by)
        for each in assessors.rows
        if each.number in persons
    ]
    problems = first_problems((*assessors.problems, *staff.problems))
    return ImportAssessors(tuple(rows), tuple(map(_reason_of, problems)))


def _refuse_without_sheets(book: Workbook) -> None:
    missing = [table.title for table in (ASSESSORS, STAFF) if table.title not in book.sheets]
    if missing:
        wrong = (reason("S7", "sheet-missing", f"缺少工作表“{title}”", pointer=title) for title in missing)
        raise Refusal("import-refused", *wrong, status=422)


def _refuse_too_many(assessors: SheetResult[AssessorRow]) -> None:
    if len(assessors.rows) > ROWS_MAX:
        text = f"一次最多导入{ROWS_MAX}家机构，文件中有{len(assessors.rows)}家：请分为几个文件"
        wrong = reason("S7", "too-many-rows", text, str(len(assessors.rows)), ASSESSORS.title)
        raise Refusal("import-refused", wrong, status=422)


def _reject_repeated(assessors: SheetResult[AssessorRow]) -> None:
    first: dict[str, int] = {}
    for number, row in list(assessors.rows):
        if row.uscc in first:
            text = f"该机构在第{first[row.uscc]}行已列出"
            assessors.add_problem(number, "uscc", "row-repeated", text, row.uscc)
        first.setdefault(row.uscc, number)
    assessors.rows = [each for each in assessors.rows if first[each.value.uscc] == each.number]


def _refuse_unknown_assessors(staff: SheetResult[StaffRow], assessors: SheetResult[AssessorRow]) -> None:
    """Add a problem for staff of an assessor that the file does not list, unless rows of assessors are wrong."""
    if assessors.problems:
        return
    listed = {row.uscc for row in assessors.values}
    for number, row in staff.rows:
        if row.uscc not in listed:
            text = f"工作表“{ASSESSORS.title}”中没有该机构"
            staff.add_problem(number, "uscc", "assessor-not-listed", text, row.uscc)


def _pseudonyms(
    assessors: SheetResult[AssessorRow], keys: KeyRing
) -> Iterator[tuple[int, tuple[PersonRef, tuple[str, ...]]]]:
    for number, row in assessors.rows:
        try:
            person = keys.identify(row.document_number.get_secret_value())
        except InvalidPersonNumberError as problem:
            text = f"法定代表人证件号码{problem.text}"
            assessors.add_problem(number, "document_number", "document-number-invalid", text)
        else:
            yield number, (PersonRef(digest=person.digest, masked=person.masked), person.earlier)


class _Cells(NamedTuple):
    """The cells of a registration's fields in the file."""

    assessors: SheetResult[AssessorRow]
    staff: SheetResult[StaffRow]

    def cells_of(self, row: int, members: Sequence[NumberedRow[StaffRow]]) -> Mapping[str, str]:
        """Return the cell of each JSON pointer into the registration."""
        found = {f"/{name}": _cell(self.assessors, name, row) for name in ("uscc", "name", "scope")}
        found |= {"": found["/uscc"], "/staff": found["/uscc"]}
        for at, each in enumerate(members):
            names = ("staff_id", "since", "until")
            found |= {f"/staff/{at}/{name}": _cell(self.staff, name, each.number) for name in names}
        return found


def _row(
    numbered: NumberedRow[AssessorRow],
    pseudonym: tuple[PersonRef, tuple[str, ...]],
    members: Sequence[NumberedRow[StaffRow]],
    cells: _Cells,
    by: ActorRef,
) -> Row:
    (person, earlier), row = pseudonym, numbered.value
    registration = register.RegisterAssessor(
        uscc=row.uscc,
        name=row.name,
        representative=person,
        representative_name=row.representative_name,
        earlier_digests=earlier,
        scope=tuple(dict.fromkeys(row.scope)),
        staff=tuple(_member(number, each.value) for number, each in enumerate(members, 1)),
        by=by,
    )
    return Row(registration, cells.cells_of(numbered.number, members))


def _member(number: int, row: StaffRow) -> StaffMember:
    return StaffMember(row.staff_id or f"S{number}", row.name, row.qualification, row.since, row.until)


def _cell(reading: SheetResult[AssessorRow] | SheetResult[StaffRow], name: str, row: int) -> str:
    return f"{reading.sheet}!{reading.letters.get(name, 'A')}{row}"


def _reason_of(problem: CellProblem) -> Reason:
    return reason("S7", problem.code, f"{problem.address}：{problem.text}", problem.found, problem.address)


EXPORT_HEADINGS = (
    Heading(USCC, 24),
    Heading("机构名称", 36),
    Heading("法定代表人"),
    Heading(NUMBER, 24),
    Heading("业务范围", 44),
    *(Heading(text, 22) for text in EXPORT_ONLY),
)


def assessor_sheet(assessors: Iterable[Assessor], today: date) -> SheetData:
    """Return the sheet for those who may read the entries: the column of the numbers is always empty."""
    return SheetData(ASSESSORS.title, EXPORT_HEADINGS, (_assessor_cells(each, today) for each in assessors))


def staff_sheet(assessors: Iterable[Assessor]) -> SheetData:
    members = ((each, member) for each in assessors for member in each.staff)
    return STAFF.page(
        StaffRow(
            uscc=each.uscc,
            staff_id=member.staff_id,
            name=member.name,
            qualification=member.qualification,
            since=member.since,
            until=member.until,
        )
        for each, member in members
    )


def _assessor_cells(assessor: Assessor, today: date) -> tuple[str | date | None, ...]:
    sanction = assessor.sanction_on(today)
    return (
        assessor.uscc,
        assessor.name,
        assessor.representative_name,
        None,
        "、".join(UNIT_TYPE_NAMES[each] for each in assessor.scope),
        assessor.representative.masked,
        assessor.registered_on,
        None if assessor.deregistered is None else assessor.deregistered.since,
        None if sanction is None else sanction.ban.last_day,
    )
