"""Submitting and withdrawing: every check at once, and the event of the outcome (Art. 14(1))."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.handling import Done, Refusal
from messages.event import Event
from messages.values import FileRef
from rulebook import RuleSet, Scheme, rules_on, scheme_on, shanghai_date

from applications.domain import eligibility
from applications.domain.application import AMENDABLE, Application, Version
from applications.domain.completeness import completeness_problems
from applications.domain.eligibility import EligibilityContext
from applications.domain.files import SentFile, file_key
from applications.domain.refusals import refusal
from applications.domain.report import NamedFile
from applications.handlers.drafts import refuse_stale
from applications.handlers.ports import Store, facts_about, keys_of_facts, receipt, standing_of


@dataclass(frozen=True)
class Submit:
    """``expected_version``, here and below: the version that the caller has read, where the caller names one."""

    application_id: str
    by: str
    expected_version: int | None = None


@dataclass(frozen=True)
class Withdraw:
    application_id: str
    expected_version: int | None = None


async def submit_application(command: Submit, store: Store, now: datetime) -> Done:
    """Accept, or wait for the assessor's item, or return with every reason; each way is on record."""
    draft = await _require_submittable(command.application_id, store)
    refuse_stale(command.application_id, command.expected_version, store)
    day = shanghai_date(now)
    rules, scheme = rules_on(day), scheme_on(draft.unit.unit_type, day)
    files = await evidence_files(draft, store)
    context = await _load_eligibility_context(draft, rules, scheme, day, store)
    reasons = (*completeness_problems(draft, day, rules, scheme, files), *eligibility.unmet_conditions(context))
    submitted = replace(draft.submit(now, day, rules, scheme), submitted_by=command.by)
    standing = context.standing.in_prefecture(draft.unit.prefecture)
    if reasons:
        store.standings.save(standing.uscc, standing)
        return _refuse(submitted.refuse(reasons), command.by, now, store)
    store.standings.save(standing.uscc, standing.with_open(draft.application_id, draft.unit, draft.level))
    return _accept(submitted, files, command.by, store)


async def keys_of_submission(command: Submit, store: Store) -> Iterable[tuple[str, str]]:
    """Keys of what a submission reads beside its application: standing and facts of the unit, evidence, assessor."""
    draft = await store.applications.get(command.application_id)
    if draft is None:
        return ()
    facts = keys_of_facts(await standing_of(draft.unit.uscc, store))
    codes = [*_assessors(draft), draft.unit.uscc] if draft.needs_item else []
    return [*facts, *keys_of_evidence(draft), *(("assessors", code) for code in codes)]


async def _require_submittable(application_id: str, store: Store) -> Application:
    found = await store.applications.require(application_id)
    if found.state not in AMENDABLE:
        text = "申报已提交或已撤回，不能再次提交"
        raise refusal("A6", "not-submittable", text, found.state.value)
    return found


def _refuse(refused: Application, by: str, now: datetime, store: Store) -> Done:
    _save_version(refused, by, now, store)
    title = "The application does not meet the conditions"
    refusal = Refusal("not-eligible", *refused.refusals, title=title)
    return Done([refused.refused_event(shanghai_date(now))], value=receipt(refused, store), refusal=refusal)


def _accept(submitted: Application, files: Mapping[str, SentFile], by: str, store: Store) -> Done:
    events: list[Event] = [submitted.submitted_event()]
    outcome = submitted
    if not submitted.needs_item:
        outcome = submitted.accept()
        events.append(outcome.accepted_event(file_refs(outcome, files)))
    _save_version(outcome, by, outcome.submission_instant, store)
    return Done(events, value=receipt(outcome, store))


async def withdraw_application(command: Withdraw, store: Store, now: datetime) -> Done:
    """Withdraw until the public notice starts (A5)."""
    found = await store.applications.require(command.application_id)
    if not found.is_open:
        text = "没有正在办理的申报可以撤回"
        raise refusal("A5", "not-withdrawable", text, found.stage)
    if found.notice_opened_on is not None:
        text = f"公示已于{found.notice_opened_on}开始，不能撤回"
        raise refusal("A5", "notice-started", text, found.notice_opened_on.isoformat())
    refuse_stale(command.application_id, command.expected_version, store)
    withdrawn = found.withdraw()
    store.applications.save(found.application_id, withdrawn)
    await clear_open_application(found, store)
    return Done([withdrawn.withdrawn_event(shanghai_date(now))], value=receipt(withdrawn, store))


async def clear_open_application(application: Application, store: Store) -> None:
    """Record that the unit may apply anew (E13)."""
    standing = await standing_of(application.unit.uscc, store)
    store.standings.save(standing.uscc, standing.without_open(application.application_id))


async def evidence_files(application: Application, store: Store) -> Mapping[str, SentFile]:
    """Return the report's files that the unit itself or its assessor has sent, by SHA-256."""
    found = [await store.files.get(key) for _, key in keys_of_evidence(application)]
    return {file.sha256: file for file in found if file}


def keys_of_evidence(application: Application) -> Iterable[tuple[str, str]]:
    """Keys of the files that its report names, for each of those who may have sent them."""
    senders = [application.unit.uscc, *_assessors(application)]
    return [("files", file_key(named.sha256, sender)) for named in _named_files(application) for sender in senders]


def _assessors(application: Application) -> Iterable[str]:
    """The code of its assessor, if it names one."""
    named = application.evaluation.assessor
    return [named.uscc] if named else []


def file_refs(application: Application, files: Mapping[str, SentFile]) -> tuple[FileRef, ...]:
    return tuple(files[each.sha256].ref(each.name) for each in _named_files(application))


def _named_files(application: Application) -> tuple[NamedFile, ...]:
    return application.report.evidence if application.report else ()


async def _load_eligibility_context(
    draft: Application, rules: RuleSet, scheme: Scheme, day: date, store: Store
) -> EligibilityContext:
    standing, named = await standing_of(draft.unit.uscc, store), draft.evaluation.assessor
    return EligibilityContext(
        application=draft,
        day=day,
        rules=rules,
        scheme=scheme,
        standing=standing,
        facts=await facts_about(standing, store),
        assessor=await store.assessors.get(named.uscc) if named else None,
        unit_as_assessor=await store.assessors.get(draft.unit.uscc) if named else None,
    )


def _save_version(application: Application, by: str, now: datetime, store: Store) -> None:
    """Save the application, and beside it this version, which is never changed (A6)."""
    store.applications.save(application.application_id, application)
    number = application.submissions
    store.versions.save(f"{application.application_id}.{number}", Version(application, number, now, by))
