"""Score sheets, the decision on a deviating sheet, and the findings on site (V6, V7)."""

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
from review.handlers.loading import load_case
from review.handlers.ports import Store
from review.handlers.transitions import apply_act, receipt


@dataclass(frozen=True)
class FillScoreSheet:
    case_id: str
    sheet: ScoreSheet
    sign: bool
    by: ActorRef


@dataclass(frozen=True)
class DecideDeviation:
    case_id: str
    decision: scoring.DeviationDecision
    text: str
    by: ActorRef


@dataclass(frozen=True)
class RecordSiteVisit:
    case_id: str
    findings: Findings
    by: ActorRef


async def fill_score_sheet(command: FillScoreSheet, store: Store, now: datetime) -> Done:
    """Save a draft, or sign; the last signature makes the panel's score."""
    today = shanghai_date(now)
    current = await load_case(command.case_id, store, today)
    case = current.case
    context = await _scoring_context(case, store)
    if not command.sign:
        transitions = [scoring.save_draft(case, command.sheet, context.scheme)]
    else:
        transitions = [scoring.sign_sheet(case, command.sheet, context.scheme, today)]
        if scoring.all_signed(transitions[-1].case):
            transitions += site.conclude_scoring(transitions[-1].case, context, today)
    return Done(apply_act(store, current, transitions, command.by, now), receipt(transitions))


async def decide_deviation(command: DecideDeviation, store: Store, now: datetime) -> Done:
    today = shanghai_date(now)
    current = await load_case(command.case_id, store, today)
    case = current.case
    scoring.require_decider(case, command.by)
    scoring.require_reasons(command.decision, command.text)
    if command.decision == "send_back":
        transitions = [scoring.return_sheets(case, command.text.strip(), today)]
    else:
        context = await _scoring_context(case, store)
        result = scoring.panel_score(case, context.scheme, today)
        transitions = site.apply_score(case, result, context, command.text)
    return Done(apply_act(store, current, transitions, command.by, now), receipt(transitions))


async def record_site_visit(command: RecordSiteVisit, store: Store, now: datetime) -> Done:
    today = shanghai_date(now)
    current = await load_case(command.case_id, store, today)
    case = current.case
    context = await _scoring_context(case, store)
    transition = site.record_visit(case, command.findings, context, today)
    return Done(apply_act(store, current, [transition], command.by, now), receipt([transition]))


async def _scoring_context(case: Case, store: Store) -> ScoringContext:
    batch = await store.batches.get(batch_id(case.level, case.batch_year))
    scheme = scheme_of(case.dossier.scheme.id, case.dossier.scheme.version)
    return ScoringContext(scheme, rules_of(case.rule_set), batch.seed if batch else "")
