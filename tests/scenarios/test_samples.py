"""Sample files of the demo: invented but valid, read back by the service that gets them, with every edge case."""

import asyncio
import io
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import pytest
from applications.recognition import detected_media_type
from applications.workbooks import Form, read, write
from devkit.workbooks import open_workbook
from messages.values import Prefecture, UnitType
from rulebook import MEASURE_NAMES, rules_on
from rulebook.schemes import problems, score
from stdnum.cn import uscc

from deploy.demo import personas
from deploy.demo.calls import Json
from deploy.demo.personas import TIES, Applicant, EdgeCase
from deploy.demo.samples import Samples, annex1, evidence, make, report, roster
from deploy.demo.samples.numbers import values
from deploy.demo.samples.packing import packed
from tests.architecture.sources import ROOT

PERSONAS = personas.load()
BY_NAME = {each.id: each for each in PERSONAS.applicants}
OF_EACH_FORM = ("u01", "u05", "u06")
"""A factory, a supply chain, a park: each workbook takes a tenth of a second to write."""


SCHEMES = ROOT / "contracts" / "rulebook" / "rulebook" / "data" / "schemes"


def work_plan(applicant: Applicant) -> bytes:
    return packed(annex1.form_of(applicant), annex1.values(applicant))


def filed(applicant: Applicant, *, amended: bool = False) -> bytes:
    attached = evidence.of(applicant)
    return packed(report.form_of(applicant), report.filled(applicant, attached, amended=amended))


def read_back(form: Form, content: bytes) -> Mapping[str, object]:
    reading = read(form, open_workbook(content))
    assert reading.problems == []
    return reading.values


def rows(found: Mapping[str, object], table: str) -> list[Json]:
    listed = found[table]
    assert isinstance(listed, list)
    return listed


def cover(content: bytes) -> list[str]:
    return [str(row[0]) for row in open_workbook(content).sheets["封面"] if row]


def panel_total(applicant: Applicant) -> Decimal:
    scheme = report.scheme_of(applicant)
    met = {item.id: True for item in scheme.mandatory_items}
    return score(scheme, values(applicant, scheme, applicant.score), met).total


def test_the_cast_is_large_enough_and_from_everywhere() -> None:
    assert len({each.unit.uscc for each in PERSONAS.applicants}) >= 66
    assert {each.unit.prefecture for each in PERSONAS.applicants} == set(Prefecture)
    assert {each.unit.unit_type for each in PERSONAS.applicants} == set(UnitType)
    assert len({each.assessor.id for each in PERSONAS.applicants if each.assessor}) == 10
    assert sum(each.assessor is None for each in PERSONAS.applicants) >= 15


def test_every_code_is_valid_and_nobody_elses() -> None:
    codes = [each.unit.uscc for each in PERSONAS.applicants] + [each.uscc for each in PERSONAS.assessors]
    assert all(uscc.is_valid(code) for code in codes)
    assert all(code[8:12] == "0000" for code in codes)


def test_two_parks_of_one_managing_body_are_two_units() -> None:
    one, other = BY_NAME["u39"].unit, BY_NAME["u40"].unit
    assert one.uscc == other.uscc
    assert one.key != other.key


def test_every_hard_case_is_played() -> None:
    assert {each.case for each in PERSONAS.applicants if each.case} == set(EdgeCase)


@pytest.mark.rule("Q1")
def test_two_assessors_of_one_representative_come_to_sixteen_items() -> None:
    shared = PERSONAS.by_edge_case(EdgeCase.QUOTA_EXHAUSTED).assessor
    assert shared is not None
    sisters = {each.id for each in PERSONAS.assessors if each.representative == shared.representative}
    asking = [each for each in PERSONAS.applicants if each.assessor and each.assessor.id in sisters]
    first = [each for each in asking if each.case not in (EdgeCase.QUOTA_EXHAUSTED, EdgeCase.RELEASED_ITEM)]
    assert len(sisters) == 2
    assert len(first) == 15
    assert EdgeCase.WITHDRAWN in {each.case for each in first}
    assert len(asking) == 17


@pytest.mark.parametrize("name", OF_EACH_FORM)
def test_a_work_plan_is_read_back_without_a_problem(name: str) -> None:
    applicant = BY_NAME[name]
    found = read_back(annex1.form_of(applicant), work_plan(applicant))
    assert found["name"] == applicant.unit.name
    assert {**found, "cover_day": annex1.COVER_DAY} == annex1.values(applicant)


@pytest.mark.parametrize("name", OF_EACH_FORM)
def test_a_report_is_read_back_and_answers_the_whole_scheme(name: str) -> None:
    applicant = BY_NAME[name]
    found, scheme = read_back(report.form_of(applicant), filed(applicant)), report.scheme_of(applicant)
    filed_values = {row["indicator"]: row["value"] for row in rows(found, "indicators")}
    met = {row["item"]: row["passed"] for row in rows(found, "mandatory_items")}
    assert problems(scheme, filed_values, met) == []
    assert abs(score(scheme, filed_values, met).total - applicant.claimed) < 3
    assert [row["sha256"] for row in rows(found, "evidence")] == [each.sha256 for each in evidence.of(applicant)]


@pytest.mark.parametrize("park", [each.id for each in PERSONAS.applicants if each.unit.unit_type is UnitType.PARK])
def test_what_both_files_of_a_park_ask_for_is_the_same_in_both(park: str) -> None:
    applicant = BY_NAME[park]
    plan = annex1.values(applicant)
    filed = {row["indicator"]: row["value"] for row in rows(report.filled(applicant, ()), "indicators")}
    of_both = {
        "energy_intensity_fall": "energy_per_value_added_fall",
        "high_tech_share": "high_tech_output_share",
        "solid_waste_use": "solid_waste_use_rate",
        "waste_water": "waste_water_per_value_added",
    }

    assert {name: plan[name] for name in of_both} == {name: filed[indicator] for name, indicator in of_both.items()}
    assert "为主导产业" in str(plan["overview"])
    assert "单位产品" not in "".join(str(text) for text in plan.values())


def test_the_years_before_are_no_better_than_the_last() -> None:
    applicant = BY_NAME["u06"]
    asked = {each.id: each for each in report.scheme_of(applicant).indicators}
    directions = set()
    for row in rows(report.filled(applicant, ()), "indicators"):
        indicator = asked[row["indicator"]]
        years = [row["two_years_before"], row["year_before"], row["value"]]
        directions.add(indicator.direction)
        if indicator.unit == "0/1":
            assert len(set(years)) == 1, indicator.id
        else:
            assert years == sorted(years, reverse=indicator.direction == "lower"), indicator.id
    assert directions == {"higher", "lower"}


def test_a_form_prints_the_units_of_every_scheme_in_chinese_and_reads_them_back() -> None:
    units = {each["unit"] for file in SCHEMES.glob("*.toml") for each in tomllib.loads(file.read_text())["indicators"]}
    assert units == set(MEASURE_NAMES)
    assert not [name for name in MEASURE_NAMES.values() if re.search("[A-Za-z^]", name)]
    found = rows(read_back(report.form_of(BY_NAME["u06"]), filed(BY_NAME["u06"])), "indicators")
    asked = {each.id: each.unit for each in report.scheme_of(BY_NAME["u06"]).indicators}
    assert {row["indicator"]: row["unit"] for row in found} == asked


def test_the_cover_has_the_day_as_annex_1_prints_it() -> None:
    form = annex1.form_of(BY_NAME["u01"])
    empty, filled = (cover(write(form, values)) for values in (None, annex1.values(BY_NAME["u01"])))
    assert empty[-1] == "二〇二  年    月    日"
    assert filled[-1] == annex1.COVER_DAY


def test_telephones_have_the_area_code_of_the_place() -> None:
    codes = {str(annex1.values(each)["contact_phone"]).partition("-")[0] for each in PERSONAS.applicants}
    assert len(codes) == len(Prefecture)
    assert str(annex1.values(BY_NAME["u01"])["contact_phone"]).startswith("0471-")


def test_finances_of_three_years_are_filed() -> None:
    assert [row["year"] for row in rows(annex1.values(BY_NAME["u01"]), "finances")] == [2023, 2024, 2025]


def test_the_several_faults_are_in_the_report_and_nothing_else_is_malformed() -> None:
    applicant = PERSONAS.by_edge_case(EdgeCase.SEVERAL_FAULTS)
    found = read_back(report.form_of(applicant), filed(applicant))
    assert found["undertaking"] is False
    assert found["independent_legal_person"] is False
    assert Decimal(str(found["energy_actual"])) > Decimal(str(found["energy_limit"]))
    assert applicant not in roster.listed(PERSONAS.applicants)


def test_the_amended_report_has_the_certificate_that_was_missing() -> None:
    applicant = PERSONAS.by_edge_case(EdgeCase.RETURNED)
    ends = [
        min(row["valid_until"] for row in rows(report.filled(applicant, (), amended=amended), "certificates"))
        for amended in (False, True)
    ]
    assert ends[0] < date(2026, 3, 1) < ends[1]


@pytest.mark.rule("V8")
def test_the_tie_is_equal_in_score_and_differs_in_energy_and_carbon() -> None:
    scored = []
    for applicant in PERSONAS.all_of(*TIES):
        scheme = report.scheme_of(applicant)
        met = {item.id: True for item in scheme.mandatory_items}
        scored.append((applicant.case, score(scheme, values(applicant, scheme, applicant.score), met)))
    by_case = dict(scored)
    assert len({each.total for each in by_case.values()}) == 1
    more, earlier, later = (by_case[case].energy_carbon for case in TIES)
    assert more > earlier == later


@pytest.mark.rule("V7")
def test_scores_lie_where_the_story_needs_them() -> None:
    selection = rules_on(date(2026, 6, 1)).selection
    for case in (EdgeCase.BORDERLINE, EdgeCase.SITE_LOWERS):
        assert selection.is_borderline("factory", panel_total(PERSONAS.by_edge_case(case)))
        assert panel_total(PERSONAS.by_edge_case(case)) >= selection.pass_mark["factory"]
    for applicant in PERSONAS.all_of(EdgeCase.BELOW_PASS_MARK):
        lowest = selection.pass_mark[applicant.unit.unit_type] - selection.borderline
        assert panel_total(applicant) < lowest - 1
    others = [each for each in PERSONAS.applicants if each.case is None]
    assert min(map(panel_total, others)) > 73


def test_evidence_is_what_its_name_says() -> None:
    kinds = [detected_media_type(io.BytesIO(each.content)) for each in evidence.of(BY_NAME["u01"])]
    assert kinds == ["application/pdf", "application/pdf", "image/png"]


def test_the_roster_is_printed_as_annex_2_prints_it_and_read_back() -> None:
    found = read_back(roster.FORM, packed(roster.FORM, roster.filled(PERSONAS.applicants)))
    listed = rows(found, "rows")
    assert list(listed[0]) == ["number", "year", "unit_type", "area", "name", "level"]
    assert [row["number"] for row in listed] == list(range(1, len(listed) + 1))
    assert Counter(row["area"] for row in listed)["阿拉善盟"] == 4


def test_the_same_files_have_the_same_bytes() -> None:
    applicant = BY_NAME["u06"]
    assert work_plan(applicant) == work_plan(applicant)
    assert filed(applicant) == filed(applicant)
    assert evidence.of(applicant) == evidence.of(applicant)
    # Two made in one second are alike whatever they say of the time: no file says when it was made.
    for content in (work_plan(applicant), filed(applicant)):
        with ZipFile(io.BytesIO(content)) as package:
            assert {member.date_time for member in package.infolist()} == {(2026, 3, 1, 0, 0, 0)}
            told = re.findall(r"W3CDTF\">([^<]+)<", package.read("docProps/core.xml").decode())
            assert told == ["2026-03-01T00:00:00Z"] * 2


async def test_files_are_written_once_and_found_again(tmp_path: Path) -> None:
    few = personas.Personas(
        (BY_NAME["u01"], PERSONAS.by_edge_case(EdgeCase.RETURNED)), PERSONAS.assessors, PERSONAS.experts
    )
    samples: Samples = await asyncio.to_thread(make, tmp_path, few)
    written = samples.roster.stat().st_mtime_ns
    assert samples.report(few.applicants[1], amended=True).exists()
    assert [file.name for file in samples.evidence(few.applicants[0])] == [
        "u01-certificates.pdf",
        "u01-energy-audit.pdf",
        "u01-site.png",
    ]
    assert (await asyncio.to_thread(make, tmp_path, few)).roster.stat().st_mtime_ns == written
