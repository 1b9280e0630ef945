"""Completeness of an application: its parts (A1), the scheme in force (A2), its files (A3), its deadline (A6)."""

from __future__ import annotations

from collections.abc import Container, Iterator
from datetime import date

from messages.values import Level, Reason, UnitType
from rulebook import MEASURE_NAMES, RuleSet, Scheme, problems, reason, yearly_deadline

from applications.domain.application import Application
from applications.domain.report import Report

WORDS = {"missing": "未填报", "unknown": "不属于该评价标准"}


def completeness_problems(
    application: Application, day: date, rules: RuleSet, scheme: Scheme, stored: Container[str]
) -> Iterator[Reason]:
    """Yield everything that is missing or malformed; ``stored`` holds the digests of the files that were sent."""
    yield from _check_level(application)
    yield from _check_deadline(application, day, rules)
    yield from _check_park_name(application)
    yield from _check_assessor(application)
    if application.report is None:
        yield reason("A1", "report-missing", "未提交评价报告", pointer="/report")
        return
    yield from _check_undertaking(application.report)
    yield from _check_answers(application.report, scheme)
    yield from _check_files(application.report, stored)


def _check_level(application: Application) -> Iterator[Reason]:
    """Only the region's level: prefectures keep their own lists (Art. 15), and the region recommends to the nation."""
    if application.level is Level.PREFECTURE:
        text = "本系统暂不受理盟市级申报，盟市级示范单位由盟市工业和信息化主管部门自行组织创建和发布"
        yield reason("V11", "level-not-offered", text, application.level, "/level")
    if application.level is Level.NATION:
        text = "本系统暂不受理国家级申报，国家级示范单位由自治区工业和信息化厅从自治区级名单中推荐"
        yield reason("V12", "level-not-offered", text, application.level, "/level")


def _check_deadline(application: Application, day: date, rules: RuleSet) -> Iterator[Reason]:
    """The deadline is the prefectures' forwarding of the year (A6, V4); years far ahead are not accepted (A7)."""
    moves, found = rules.readings.fixed_dates_move, day.isoformat()
    last_day = yearly_deadline(application.batch_year, rules.deadlines.forward, moves=moves).last_day
    if day > last_day and application.submissions > 0:
        yield reason("A6", "deadline-passed", f"退回后的重新提交期限为{last_day}（含当日）", found, "/batch_year")
    elif day > last_day:
        text = f"{application.batch_year}年度的申报期限为{last_day}（含当日）"
        yield reason("V4", "deadline-passed", text, found, "/batch_year")
    elif application.batch_year > day.year + 1:
        text = f"只受理{day.year}年度和{day.year + 1}年度的申报"
        yield reason("A7", "batch-year-too-far", text, str(application.batch_year), "/batch_year")


def _check_park_name(application: Application) -> Iterator[Reason]:
    """A managing body may have several parks; the name as first registered identifies each."""
    unit = application.unit
    if unit.unit_type is UnitType.PARK and unit.key == unit.uscc:
        yield reason("A1", "park-name-missing", "申报绿色园区的，应填写首次登记的园区名称", pointer="/unit/park_name")


def _check_assessor(application: Application) -> Iterator[Reason]:
    """Assessor-quota checks whether the people named are on the assessor's staff (S7)."""
    evaluation = application.evaluation
    if evaluation.way != "assessor":
        return
    if evaluation.assessor is None:
        yield reason("A1", "assessor-missing", "委托评价的，应填写第三方服务机构", pointer="/assessor_uscc")
    if evaluation.lead_author is None:
        yield reason("S7", "lead-author-missing", "委托评价的，应填写评价报告的编制人员", pointer="/lead_author")
    if evaluation.reviewer is None:
        yield reason("S7", "reviewer-missing", "委托评价的，应填写评价报告的审核人员", pointer="/reviewer")
    elif application.unit.unit_type is UnitType.PARK and evaluation.reviewer == evaluation.lead_author:
        text = "园区评价报告的审核人员与编制人员不得为同一人"
        yield reason("S7", "reviewer-not-distinct", text, evaluation.reviewer, "/reviewer")


def _check_undertaking(report: Report) -> Iterator[Reason]:
    if not report.undertaking:
        yield reason("A1", "undertaking-missing", "申报单位未承诺材料真实有效", pointer="/undertaking")
    if report.representative is None:
        yield reason("A1", "representative-missing", "未填写法定代表人证件号码", pointer="/representative_document")
    if not report.evidence:
        yield reason("A1", "evidence-missing", "未提交任何证明材料", pointer="/evidence")


def _check_answers(report: Report, scheme: Scheme) -> Iterator[Reason]:
    """The report must follow the scheme in force on the day of submission, which the application keeps (A2)."""
    filed = report.scheme
    if filed is None or (filed.id, filed.version) != (scheme.id, scheme.version):
        text = f"评价报告应依据现行的“{scheme.name_zh}”"
        found = f"{filed.id} {filed.version}" if filed else None
        yield reason("A2", "scheme-not-in-force", text, found, "/scheme_id")
        return
    yield from _check_values(report, scheme)
    yield from _check_units(report, scheme)


def _check_values(report: Report, scheme: Scheme) -> Iterator[Reason]:
    names = {i.id: i.name_zh for i in scheme.indicators} | {item.id: item.name_zh for item in scheme.mandatory_items}
    mandatory_items = {each.id for each in scheme.mandatory_items} | set(report.answers)
    for problem in problems(scheme, report.values, report.answers):
        subject, _, found = problem.partition(": ")
        part = "mandatory_items" if subject in mandatory_items else "indicators"
        text = f"“{names.get(subject, subject)}”{WORDS.get(found, '超出允许范围')}"
        code = f"answer-{found}" if found in WORDS else "answer-out-of-range"
        yield reason("A2", code, text, problem, f"/{part}/{subject}")


def _check_units(report: Report, scheme: Scheme) -> Iterator[Reason]:
    units = {each.id: (each.name_zh, each.unit) for each in scheme.indicators}
    for filed in report.indicators:
        name, unit = units.get(filed.indicator, ("", filed.unit))
        if filed.unit != unit:
            text = f"“{name}”的计量单位应为{MEASURE_NAMES[unit]}"
            yield reason("A2", "unit-differs", text, filed.unit, f"/indicators/{filed.indicator}")


def _check_files(report: Report, stored: Container[str]) -> Iterator[Reason]:
    for file in report.evidence:
        if file.sha256 not in stored:
            text = f"证明材料“{file.name}”尚未上传"
            yield reason("A3", "file-missing", text, file.sha256, "/evidence")
