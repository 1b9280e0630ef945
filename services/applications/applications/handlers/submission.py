"""Submitting and withdrawing: every check at once, and what is said of the outcome (Art. 14(1))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from chassis.handling import Done, Refusal
from messages.event import Event
from messages.values import FileRef
from rulebook import RuleSet, Scheme, reason, rules_on, scheme_on, shanghai_date

from applications.domain import eligibility
from applications.domain.application import AMENDABLE, Application, Version
from applications.domain.completeness import missing
from applications.domain.eligibility import EligibilityContext
from applications.domain.files import StoredFile
from applications.domain.report import NamedFile
from applications.handlers.ports import Store, receipt, standing_of


@dataclass(frozen=True)
class Submit:
    application_id: str
    by: str


@dataclass(frozen=True)
class Withdraw:
    application_id: str


async def submit_application(command: Submit, store: Store, now: datetime) -> Done:
    """Accept, or wait for the assessor's item, or return with every reason; each way is on record."""
    draft = await _submittable(command.application_id, store)
    day = shanghai_date(now)
    rules, scheme = rules_on(day), scheme_on(draft.unit.unit_type, day)
    files = await evidence_files(draft, store)
    evidence = await _load_eligibility_context(draft, rules, scheme, day, store)
    reasons = (*missing(draft, day, rules, scheme, files), *eligibility.failed(evidence))
    submitted = draft.submitted(now, day, rules, scheme)
    placed = evidence.standing.in_prefecture(draft.unit.prefecture)
    if reasons:
        store.standings.save(placed.uscc, placed)
        return _return(submitted.refused(reasons), command.by, now, store)
    store.standings.save(placed.uscc, placed.with_open(draft.application_id, draft.unit, draft.level))
    return _accept(submitted, files, command.by, store)


async def _submittable(application_id: str, store: Store) -> Application:
    found = await store.applications.require(application_id)
    if found.state not in AMENDABLE:
        text = "申报已提交或已撤回，不能再次提交"
        raise Refusal("not-submittable", reason("A6", "not-submittable", text, found.state.value))
    return found


def _return(refused: Application, by: str, now: datetime, store: Store) -> Done:
    _keep(refused, by, now, store)
    title = "The application does not meet the conditions"
    refusal = Refusal("not-eligible", *refused.refusals, title=title)
    return Done([refused.said_refused(shanghai_date(now))], value=receipt(refused, store), refusal=refusal)


def _accept(submitted: Application, files: Mapping[str, StoredFile], by: str, store: Store) -> Done:
    said: list[Event] = [submitted.submitted_event()]
    settled = submitted
    if not submitted.needs_item:
        settled = submitted.accepted()
        said.append(settled.said_accepted(refs(settled, files)))
    _keep(settled, by, settled.instant, store)
    return Done(said, value=receipt(settled, store))


async def withdraw_application(command: Withdraw, store: Store, now: datetime) -> Done:
    """Until the public notice starts (A5)."""
    found = await store.applications.require(command.application_id)
    if not found.is_open:
        text = "没有正在办理的申报可以撤回"
        raise Refusal("not-withdrawable", reason("A5", "not-withdrawable", text, found.stage))
    if found.notice_opened_on is not None:
        text = f"公示已于{found.notice_opened_on}开始，不能撤回"
        raise Refusal("notice-started", reason("A5", "notice-started", text, found.notice_opened_on.isoformat()))
    withdrawn = found.withdrawn()
    store.applications.save(found.application_id, withdrawn)
    await close_standing(found, store)
    return Done([withdrawn.said_withdrawn(shanghai_date(now))], value=receipt(withdrawn, store))


async def close_standing(application: Application, store: Store) -> None:
    """The unit may apply anew (E13)."""
    standing = await standing_of(application.unit.uscc, store)
    store.standings.save(standing.uscc, standing.without_open(application.application_id))


async def evidence_files(application: Application, store: Store) -> Mapping[str, StoredFile]:
    """The report's files that were sent, by the unit itself or by its assessor."""
    assessor = application.evaluation.assessor
    senders = {application.unit.uscc, assessor.uscc if assessor else application.unit.uscc}
    found = [await store.files.get(file.sha256) for file in _named(application)]
    return {file.sha256: file for file in found if file and senders.intersection(file.organisations)}


def refs(application: Application, files: Mapping[str, StoredFile]) -> tuple[FileRef, ...]:
    return tuple(files[each.sha256].ref(each.name) for each in _named(application))


def _named(application: Application) -> tuple[NamedFile, ...]:
    return application.report.evidence if application.report else ()


async def _load_eligibility_context(
    draft: Application, rules: RuleSet, scheme: Scheme, day: date, store: Store
) -> EligibilityContext:
    named = draft.evaluation.assessor
    return EligibilityContext(
        application=draft,
        day=day,
        rules=rules,
        scheme=scheme,
        standing=await standing_of(draft.unit.uscc, store),
        facts=await store.facts.find({"uscc": draft.unit.uscc}),
        assessor=await store.assessors.get(named.uscc) if named else None,
    )


def _keep(application: Application, by: str, now: datetime, store: Store) -> None:
    """The application, and beside it this version for ever (A6)."""
    store.applications.save(application.application_id, application)
    number = application.submissions
    store.versions.save(f"{application.application_id}.{number}", Version(application, number, now, by))
