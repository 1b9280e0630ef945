"""Compares the results of the season with the expected ones: each edge case, and everyone else on the list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from deploy.demo.calls import Json
from deploy.demo.personas import CLEARED, TIES, YEAR, EdgeCase, load
from deploy.demo.results import LISTED, REFUSED, WITHDRAWN, ApplicationResult, SeasonResult
from deploy.demo.stages.sanctioning import FIRST, REVERSAL, SECOND, WRONG
from deploy.demo.stages.submitting import quota_limit


@dataclass(frozen=True)
class Expected:
    ending: str
    rules: tuple[str, ...] = ()


EXPECTED = {
    EdgeCase.QUOTA_EXHAUSTED: Expected(REFUSED, ("Q1",)),
    EdgeCase.WITHDRAWN: Expected(WITHDRAWN, ("A5",)),
    EdgeCase.RELEASED_ITEM: Expected(LISTED),
    EdgeCase.BANNED: Expected(REFUSED, ("E11",)),
    EdgeCase.SEVERAL_FAULTS: Expected(REFUSED, ("A1", "A2", "E1", "E10", "E2", "E3", "E4")),
    EdgeCase.RETURNED: Expected(LISTED),
    EdgeCase.LATE: Expected("late", ("V4",)),
    EdgeCase.LAST_DAY: Expected(LISTED),
    EdgeCase.INITIAL_REVIEW_REFUSED: Expected("initial_review_refused", ("V1",)),
    EdgeCase.DEPARTMENT_OBJECTS: Expected(LISTED),
    EdgeCase.DEPARTMENT_SILENT: Expected(LISTED),
    EdgeCase.MANDATORY_ITEM_FAILED: Expected("mandatory_item_failed", ("V6",)),
    EdgeCase.BELOW_PASS_MARK: Expected("below_pass_mark", ("V8",)),
    EdgeCase.BORDERLINE: Expected(LISTED),
    EdgeCase.SITE_LOWERS: Expected("below_pass_mark", ("V8",)),
    EdgeCase.TIE_MORE_ENERGY: Expected(LISTED),
    EdgeCase.TIE_EARLIER: Expected(LISTED),
    EdgeCase.TIE_LATER: Expected(LISTED),
    EdgeCase.REPORT_SUSPENDED: Expected("late", ("V4",)),
    EdgeCase.SANCTIONED_ASSESSOR: Expected(REFUSED, ("E12",)),
    EdgeCase.SANCTIONED_LATER: Expected(LISTED),
    EdgeCase.OBJECTION_UPHELD: Expected("objection_upheld", ("V9",)),
    EdgeCase.OBJECTION_DISMISSED: Expected(LISTED),
}


def differences(account: SeasonResult) -> list[str]:
    """Return every difference from the expected results, in sentences."""
    parts = (_endings, _tie, _quota, _quota_refusal, _sanctions, _dates, _list)
    return [each for part in parts for each in part(account)]


def _endings(account: SeasonResult) -> Iterator[str]:
    for result in account.applications:
        case = result.applicant.case
        expected = EXPECTED[case] if case else Expected(LISTED)
        if (result.ending, result.rules) != (expected.ending, expected.rules):
            found = f"{result.ending} {' '.join(result.rules)}"
            wanted = f"{expected.ending} {' '.join(expected.rules)}"
            yield f"{result.applicant.unit.name} ({case or 'no edge case'}): {found}; expected {wanted}"


def _tie(account: SeasonResult) -> Iterator[str]:
    """Equal scores: more for energy and carbon first, then the earlier submission (V8)."""
    tied = [account.of(case) for case in TIES]
    if len({each.score for each in tied}) != 1:
        yield f"the tie has different scores: {[str(each.score) for each in tied]}"
    if any(not _next_to(one, other) for one, other in pairwise(tied)):
        yield f"the tie is not ranked in order: {[each.rank for each in tied]}"
    more, earlier, later = (each.energy_carbon for each in tied)
    if more is None or earlier is None or not more > earlier == later:
        yield f"the tie's energy and carbon scores are {more}, {earlier}, {later}"


def _next_to(one: ApplicationResult, other: ApplicationResult) -> bool:
    return one.rank is not None and other.rank == one.rank + 1


def _quota(account: SeasonResult) -> Iterator[str]:
    used, items, limit = account.quota["used"], len(account.quota["items"]), quota_limit()
    if (used, items) != (limit, limit):
        yield f"the quota counts {used} and shows {items} items, not {limit}"


def _quota_refusal(account: SeasonResult) -> Iterator[str]:
    shown, personas = set(account.shown_in_refusal), load()
    leaving, coming = personas.by_edge_case(EdgeCase.WITHDRAWN).unit, personas.by_edge_case(EdgeCase.RELEASED_ITEM).unit
    now = {item["unit"]["uscc"] for item in account.quota["items"]}
    then = {each.unit.uscc for each in shown}
    if len(account.shown_in_refusal) != quota_limit() or then != now - {coming.uscc} | {leaving.uscc}:
        yield f"the refusal showed {len(account.shown_in_refusal)} items, not the {quota_limit()} in use then"


def _sanctions(account: SeasonResult) -> Iterator[str]:
    """Sanctions in force and revoked, affiliates shown to reviewers, titles under supervision (S1 to S4)."""
    personas, found = load(), account.decisions
    suspended, later = (personas.assessor_of(each) for each in (EdgeCase.REPORT_SUSPENDED, EdgeCase.SANCTIONED_LATER))
    if {_decision(each) for each in found.in_force} != {(suspended.uscc, FIRST, None), (later.uscc, SECOND, None)}:
        yield f"sanctions in force: {found.in_force}"
    if [_decision(each) for each in found.revoked] != [(personas.assessor(CLEARED).uscc, WRONG, REVERSAL)]:
        yield f"sanctions of the cleared assessor: {found.revoked}"
    if [(each["uscc"], each["document_number"]) for each in found.affiliates] != [(suspended.uscc, FIRST)]:
        yield f"sanctioned affiliates on the case: {found.affiliates}"
    flags = [(title["uscc"], flag["document_number"]) for title in found.flagged for flag in title["flags"]]
    if flags != [(personas.by_edge_case(EdgeCase.SANCTIONED_LATER).unit.uscc, SECOND)]:
        yield f"flagged for supervision: {flags}"


def _decision(public: Json) -> tuple[str, str, str | None]:
    sanction = public["sanction"]
    return public["assessor"]["uscc"], sanction["document_number"], sanction["revocation_document"]


def _dates(account: SeasonResult) -> Iterator[str]:
    if account.returned != ("E3",):
        yield f"the returned application was refused first for {account.returned}, not E3"
    if (day := account.of(EdgeCase.LAST_DAY).forwarded_on) != f"{YEAR}-05-31":
        yield f"the last one was forwarded on {day}, not 31 May"
    if "overdue" not in account.of(EdgeCase.DEPARTMENT_SILENT).opinions:
        yield "the silent department is not on record as overdue"
    if (end := account.notice["minimum_end"]) != f"{YEAR}-09-24":
        yield f"the notice could end on {end}, not on 24 September"


def _list(account: SeasonResult) -> Iterator[str]:
    listed = {each.applicant.unit.key for each in account.applications if each.ending == LISTED}
    if len(account.lines) != len(listed):
        yield f"the list has {len(account.lines)} lines for {len(listed)} units"
    if account.undelivered:
        yield f"{account.undelivered} e-mails could not be sent"
    if not account.chain["intact"]:
        yield f"the chain of lists is not intact: {account.chain}"
    if not all(each["reproducible"] for each in account.rankings):
        yield "a ranking is not reproducible"
