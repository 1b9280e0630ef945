"""Commands on drafts: open and amend one, fill it with Annex 1 and the evaluation report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from chassis.handling import Done, require_current_version
from messages.values import Evaluation, Level, UnitRef
from rulebook import reason

from applications.domain.application import AMENDABLE, Application, Justification
from applications.domain.information import Information, WorkPlan
from applications.domain.refusals import refusal
from applications.domain.report import Report
from applications.handlers.ports import Store, receipt


@dataclass(frozen=True)
class OpenDraft:
    application_id: str
    unit: UnitRef
    level: Level
    batch_year: int
    evaluation: Evaluation
    information: Information | None = None
    plan: WorkPlan | None = None
    report: Report | None = None


@dataclass(frozen=True)
class AmendDraft:
    """``expected_version`` is the version that the caller has read."""

    application_id: str
    expected_version: int | None
    unit_name: str
    level: Level
    batch_year: int
    evaluation: Evaluation


@dataclass(frozen=True)
class FileInformation:
    application_id: str
    information: Information
    plan: WorkPlan
    expected_version: int | None = None


@dataclass(frozen=True)
class FileReport:
    application_id: str
    report: Report
    evaluation: Evaluation
    expected_version: int | None = None


@dataclass(frozen=True)
class Justify:
    application_id: str
    justification: Justification
    expected_version: int | None = None


async def open_draft(command: OpenDraft, store: Store, _now: datetime) -> Done:
    if await store.applications.get(command.application_id):
        text = "该编号的申报已存在，请重新提交"
        raise refusal("A1", "application-exists", text, command.application_id)
    opened = Application(
        application_id=command.application_id,
        unit=command.unit,
        level=command.level,
        batch_year=command.batch_year,
        evaluation=command.evaluation,
        information=command.information,
        plan=command.plan,
        report=command.report,
    )
    return _save(opened, store)


async def amend_draft(command: AmendDraft, store: Store, _now: datetime) -> Done:
    found = await _require_amendable(command.application_id, store)
    refuse_stale(command.application_id, command.expected_version, store)
    _refuse_other_evaluation(found, command.evaluation)
    amended = found.amend(
        unit=found.unit.model_copy(update={"name": command.unit_name}),
        level=command.level,
        batch_year=command.batch_year,
        evaluation=command.evaluation,
    )
    return _save(amended, store)


async def file_information(command: FileInformation, store: Store, _now: datetime) -> Done:
    found = await _require_amendable(command.application_id, store)
    refuse_stale(command.application_id, command.expected_version, store)
    return _save(found.amend(information=command.information, plan=command.plan), store)


async def file_report(command: FileReport, store: Store, _now: datetime) -> Done:
    found = await _require_amendable(command.application_id, store)
    refuse_stale(command.application_id, command.expected_version, store)
    return _save(found.amend(report=command.report, evaluation=command.evaluation), store)


async def justify_application(command: Justify, store: Store, _now: datetime) -> Done:
    """Put the forwarding department's own words on record (E10)."""
    found = await _require_amendable(command.application_id, store)
    refuse_stale(command.application_id, command.expected_version, store)
    return _save(replace(found, justification=command.justification), store)


def _refuse_other_evaluation(found: Application, named: Evaluation) -> None:
    """Refuse another assessor than the filed report's: to name another, file another report (E12)."""
    if found.report is None or named == found.evaluation:
        return
    text = "评价方式和第三方服务机构以已提交的评价报告为准，变更的应重新提交评价报告"
    raise refusal("E12", "evaluation-differs", text, pointer="/evaluation", status=422)


def refuse_stale(application_id: str, expected: int | None, store: Store) -> None:
    """Raise a Refusal (412) when the caller read another version than the present one."""
    stale = reason("A6", "version-stale", "申报在读取后已被修改，请重新读取")
    require_current_version(expected, store.applications.version(application_id), stale)


async def _require_amendable(application_id: str, store: Store) -> Application:
    found = await store.applications.require(application_id)
    if found.state not in AMENDABLE:
        text = "申报已提交或已撤回，不能修改"
        raise refusal("A6", "not-amendable", text, found.state.value)
    return found


def _save(application: Application, store: Store) -> Done:
    store.applications.save(application.application_id, application)
    return Done(value=receipt(application, store))
