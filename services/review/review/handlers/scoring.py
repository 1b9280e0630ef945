"""Score sheets, the word on a sheet that deviates, and what is found on site (V6, V7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.handling import Done
from rulebook import rules_of, scheme_of, shanghai_date

from review.domain import scoring, site
from review.domain.case import Case, ScoreSheet
from review.domain.ranking import batch_id
from review.domain.record import ActorRef
from review.domain.site import Findings, ScoringContext
from review.handlers.ports import Store, apply_transitions, receipt


@dataclass(frozen=True)
class FillScoreSheet:
    case_id: str
    sheet: ScoreSheet
    sign: bool
    by: ActorRef


@dataclass(frozen=True)
class DecideDeviation:
    case_id: str
    decision: scoring.Decision
    text: str
    by: ActorRef


@dataclass(frozen=True)
class RecordSiteVisit:
    case_id: str
    findings: Findings
    by: ActorRef


async def fill_score_sheet(command: FillScoreSheet, store: Store, now: datetime) -> Done:
    """Save a draft, or sign; the last signature makes the panel's score."""
    case, today = await store.cases.require(command.case_id), shanghai_date(now)
    measure = await _measure(case, store)
    if not command.sign:
        steps = [scoring.saved(case, command.sheet, measure.scheme)]
    else:
        steps = [scoring.signed(case, command.sheet, measure.scheme, today)]
        if scoring.all_signed(steps[-1].case):
            steps += site.reviewed(steps[-1].case, measure, today)
    return Done(apply_transitions(store, steps, command.by, now), receipt(steps))


async def decide_deviation(command: DecideDeviation, store: Store, now: datetime) -> Done:
    case, today = await store.cases.require(command.case_id), shanghai_date(now)
    scoring.require_decider(case, command.by)
    scoring.require_words(command.decision, command.text)
    if command.decision == "send_back":
        steps = [scoring.return_sheets(case, command.text.strip(), today)]
    else:
        measure = await _measure(case, store)
        result = scoring.panel_score(case, measure.scheme, today)
        steps = site.decided(case, result, measure, command.text)
    return Done(apply_transitions(store, steps, command.by, now), receipt(steps))


async def record_site_visit(command: RecordSiteVisit, store: Store, now: datetime) -> Done:
    case, today = await store.cases.require(command.case_id), shanghai_date(now)
    measure = await _measure(case, store)
    step = site.recorded(case, command.findings, measure, today)
    return Done(apply_transitions(store, [step], command.by, now), receipt([step]))


async def _measure(case: Case, store: Store) -> ScoringContext:
    batch = await store.batches.get(batch_id(case.level, case.batch_year))
    scheme = scheme_of(case.dossier.scheme.id, case.dossier.scheme.version)
    return ScoringContext(scheme, rules_of(case.rule_set), batch.seed if batch else "")
