"""Annex 2, 绿色制造体系示范单位培育名单库表: the roster of all prefectures, as the regulation prints it."""

from __future__ import annotations

from collections.abc import Iterable

from applications.workbooks.annex1 import UNIT_TYPES
from applications.workbooks.layout import Entry, Form, Heading, Kind, Sheet, Table, text, whole
from rulebook.regions import PREFECTURES

from deploy.demo.personas import NOT_ON_THE_ROSTER, YEAR, Applicant

LEVEL = "盟市级"

FORM = Form(
    "annex2-roster",
    "绿色制造体系示范单位培育名单库表",
    (
        Sheet(
            "培育名单库表",
            (
                Heading("绿色制造体系示范单位培育名单库表"),
                Table(
                    "rows",
                    (
                        whole("序号", "number"),
                        Entry("年份", "year", Kind.YEAR),
                        text("申报类型", "unit_type"),
                        text("地区", "area"),
                        text("培育示范单位名称", "name"),
                        text("级别", "level"),
                    ),
                    rows=4,
                ),
            ),
        ),
    ),
)


def listed(applicants: Iterable[Applicant]) -> list[Applicant]:
    """Return the units of the roster: by prefecture, in the order of the personas."""
    on_it = (each for each in applicants if each.case not in NOT_ON_THE_ROSTER)
    return sorted(on_it, key=lambda each: (each.unit.prefecture, each.order))


def filled(applicants: Iterable[Applicant]) -> dict[str, object]:
    rows = [
        {
            "number": number,
            "year": YEAR,
            "unit_type": UNIT_TYPES[each.unit.unit_type],
            "area": PREFECTURES[each.unit.prefecture],
            "name": each.unit.name,
            "level": LEVEL,
        }
        for number, each in enumerate(listed(applicants), start=1)
    ]
    return {"rows": rows}
