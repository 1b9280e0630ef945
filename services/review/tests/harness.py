"""The handlers of review in memory, driven from stage to stage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from chassis.handling import Refusal
from chassis.settling import LONGEST_TRANSACTION
from devkit import HandlerHarness
from messages.applications import ApplicationAccepted
from messages.event import Event
from messages.review import CaseClosed, CaseOpened, CaseResumed, CaseSuspended, Stage
from messages.values import (
    Department,
    Level,
)
from review.domain.case import Case, ScoreSheet
from review.domain.ranking import RankedBatch, WaitingCase
from review.domain.record import ActorRef, verify_chain
from review.domain.site import Findings
from review.handlers.applications import open_case
from review.handlers.consultation import AnswerConsultation, answer_consultation
from review.handlers.notice import ConcludeNotice, OpenNotice, conclude_notice, open_notice
from review.handlers.objections import DecideReceipt, LodgeObjection, decide_receipt, lodge_objection
from review.handlers.opinion import (
    DecideInitialReview,
    ForwardCase,
    IssueOpinion,
    decide_initial_review,
    forward_case,
    issue_opinion,
)
from review.handlers.panel import AppointPanel, RegisterExpert, appoint_panel, register_expert
from review.handlers.ranking import RankBatch, rank_batch, try_ranking
from review.handlers.scoring import FillScoreSheet, RecordSiteVisit, fill_score_sheet, record_site_visit
from review.jobs import JOBS
from review.store import AGGREGATES, INDEXES, Store

from .builders import CITIZEN, DEPARTMENTS, EXPERTS, OFFICER, OPENED, ORGANISATION, REGION, SCAN, accepted, at, sheet

AFTER_FORWARDING = date(2026, 6, 1)
SETTLING_JOBS = tuple(each for each in JOBS if each.name in {"settle-sanctions", "settle-bans"})
ACTS = tuple(job for job in JOBS if job.name == "carry-on-acts")
Message = tuple[Callable[..., Any], Any]
Deliver = Callable[..., Awaitable["ReviewHarness"]]
"""Delivers messages to new handlers."""


class ReviewHarness(HandlerHarness[Store]):
    """The handlers of review in memory, and the acts by which a case gets from one stage to the next."""

    def __init__(self) -> None:
        super().__init__(Store, AGGREGATES, INDEXES)
        self.today = OPENED
        self.acts_begun = 0

    @property
    def now(self) -> datetime:
        return at(self.today)

    async def do(self, handler: Callable[..., Any], message: Any) -> list[Event]:  # noqa: ANN401 - any message
        return await self.handle(handler, message, self.now)

    async def deliver(self, handler: Callable[..., Any], event: Event) -> list[Event]:
        """Handle an event, and run the jobs that it begins, up to their second round; return the events of all."""
        return [*await self.do(handler, event), *await self.settle()]

    async def settle(self) -> list[Event]:
        """Bring every open case to the newest word on its assessor and its unit."""
        rounds = (self.now, self.now + LONGEST_TRANSACTION)
        return [event for now in rounds for event in await self.run_jobs(SETTLING_JOBS, now)]

    async def execute(self, handler: Callable[..., Any], command: Any) -> Any:  # noqa: ANN401 - any command
        return await self.perform(handler, command, self.now)

    async def case(self, case_id: str = "app-1") -> Case:
        return await self.store().cases.require(case_id)

    async def open(self, event: ApplicationAccepted | None = None) -> str:
        event = event or accepted()
        await self.do(open_case, event)
        return event.application_id

    async def agree(self, case_id: str, departments: Sequence[Department] = DEPARTMENTS) -> None:
        for each in departments:
            by = ActorRef(f"officer-{each}", "consulted_department")
            await self.do(answer_consultation, AnswerConsultation(case_id, each, "agree", "", by))

    async def accept(self, case_id: str) -> None:
        await self.do(
            decide_initial_review, DecideInitialReview(case_id, accept=True, text="", dealt_with={}, by=OFFICER)
        )

    def opinion(
        self, case_id: str, number: str | None = None, dealt_with: Mapping[str, str] | None = None
    ) -> IssueOpinion:
        return IssueOpinion(
            case_id, number or f"包工信〔2026〕{case_id}号", "recommended", (SCAN,), dealt_with or {}, OFFICER
        )

    async def issue(self, case_id: str) -> None:
        await self.do(issue_opinion, self.opinion(case_id))

    async def forward(self, event: ApplicationAccepted | None = None) -> str:
        """From the accepted application to the region."""
        case_id = await self.open(event)
        await self.agree(case_id)
        await self.accept(case_id)
        await self.issue(case_id)
        await self.forward_issued(case_id)
        return case_id

    async def forward_issued(self, case_id: str) -> list[Event]:
        return await self.do(forward_case, ForwardCase(case_id, OFFICER))

    async def register(self, *names: str, employer: str = "内蒙古示例大学", **more: Any) -> list[Event]:  # noqa: ANN401
        events = []
        for name in names or EXPERTS:
            entry = RegisterExpert(name, employer, more.get("groups", ()), more.get("evaluated", ()), ORGANISATION)
            events += await self.do(register_expert, entry)
        return events

    async def appoint(self, case_id: str, *names: str) -> tuple[str, ...]:
        await self.do(appoint_panel, AppointPanel(case_id, names, ORGANISATION))
        case = await self.case(case_id)
        return case.panel.experts if case.panel else ()

    async def sign(self, case_id: str, *sheets: ScoreSheet) -> list[Event]:
        events = []
        for each in sheets:
            by = ActorRef(each.expert, "expert")
            events += await self.do(fill_score_sheet, FillScoreSheet(case_id, each, sign=True, by=by))
        return events

    async def score(self, event: ApplicationAccepted | None = None, share: str = "0.9", *, visit: bool = False) -> str:
        """From the accepted application to the panel's score."""
        case_id = await self.forward(event)
        seats = await self.appoint(case_id)
        await self.sign(case_id, *(sheet(name, share, visit=visit) for name in seats))
        return case_id

    async def visit(self) -> None:
        """Record a visit wherever one was ordered: some scored cases are drawn by lot."""
        for case in await self.store().cases.find({"state": Stage.SITE_ORDERED}):
            await self.do(record_site_visit, RecordSiteVisit(case.case_id, Findings((), "属实", ""), ORGANISATION))

    async def begin(self, handler: Callable[..., Any], command: Any) -> list[Event]:  # noqa: ANN401 - any command
        """Begin an act and take all its steps; raise the refusal that one of them finds."""
        begun = (await self.execute(handler, command)).value
        events = await self.run_jobs(ACTS, self.now)
        act = await self.store().acts.require(begun.act_id)
        if act.reasons:
            raise Refusal(act.reasons[0].code, *act.reasons)
        return events

    def ranking_command(self, **terms: Any) -> RankBatch:  # noqa: ANN401 - reason and decision
        return RankBatch(self._act_id(), Level.REGION, 2026, REGION, **terms)

    def _act_id(self) -> str:
        self.acts_begun += 1
        return f"act-{self.acts_begun}"

    async def rank(self, **terms: Any) -> RankedBatch:  # noqa: ANN401 - reason and decision
        """Rank on a day after the last one of forwarding."""
        self.today = max(self.today, AFTER_FORWARDING)
        return await self.rank_today(**terms)

    async def rank_today(self, **terms: Any) -> RankedBatch:  # noqa: ANN401 - reason and decision
        command = self.ranking_command(**terms)
        await self.begin(rank_batch, command)
        return await self.ranked(command.act_id)

    async def ranked(self, act_id: str) -> RankedBatch:
        """Return the stored ranking of an act with its lines."""
        (made,) = await self.store().rankings.find({"act": act_id})
        return RankedBatch(made, await self.store().ranking_lines.find({"act": act_id}, sort=[("position", 1)]))

    async def try_ranking(self) -> RankedBatch:
        self.today = max(self.today, AFTER_FORWARDING)
        return await try_ranking(self.ranking_command(), self.store(), self.now)

    async def publish(self, until: date | None = None) -> str:
        number = await self.store().notices.count() + 1
        await self.begin(open_notice, OpenNotice(self._act_id(), Level.REGION, 2026, until, REGION))
        return f"notice-region-2026-{number}"

    async def lodge(self, notice_id: str, case_id: str, number: str = "obj-1", by: ActorRef = CITIZEN) -> list[Event]:
        command = LodgeObjection(number, notice_id, case_id, "夜间排放异味", "王某", "0472-0000000", by)
        return await self.do(lodge_objection, command)

    async def decide_receipt(
        self, notice_id: str, number: str = "obj-1", *, received: bool = True, text: str = ""
    ) -> list[Event]:
        return await self.do(decide_receipt, DecideReceipt(notice_id, number, received, text, REGION))

    async def object(self, notice_id: str, case_id: str, number: str = "obj-1") -> None:
        """Lodge an objection that the region receives: from here on the case waits."""
        await self.lodge(notice_id, case_id, number)
        await self.decide_receipt(notice_id, number)

    async def conclude(self, notice_id: str) -> list[Event]:
        return await self.begin(conclude_notice, ConcludeNotice(self._act_id(), notice_id, REGION))


async def put_case(case: Case, store: Store, _now: datetime) -> list[Event]:
    """Store a case as it is, without the acts that led there."""
    store.cases.save(case.case_id, case)
    return []


async def put_waiting(waiting: WaitingCase, store: Store, _now: datetime) -> list[Event]:
    store.waiting_cases.save(waiting.key, waiting)
    return []


async def deliver_once(*messages: Message) -> ReviewHarness:
    """Deliver each message once in this order; look at every case after each."""
    return await _deliver_all(messages)


async def deliver_repeatedly(*messages: Message) -> ReviewHarness:
    """Deliver these messages in this order, each also a second time at once and a third at the end."""
    return await _deliver_all([*(one for each in messages for one in (each, each)), *messages])


async def _deliver_all(messages: Sequence[Message]) -> ReviewHarness:
    handlers = ReviewHarness()
    for handler, message in messages:
        await handlers.deliver(handler, message)
        await require_sound_cases(handlers)
    return handlers


async def require_sound_cases(handlers: ReviewHarness) -> None:
    """Every case stands where its events say, and its record leads to it."""
    store = handlers.store()
    for case in await store.cases.find():
        said = [each for each in handlers.published if getattr(each, "case_id", None) == case.case_id]
        assert sum(isinstance(each, CaseOpened) for each in said) == 1
        assert sum(isinstance(each, CaseClosed) for each in said) == (case.state is Stage.CLOSED)
        suspensions = [each for each in said if isinstance(each, CaseSuspended | CaseResumed)]
        suspended = bool(suspensions) and isinstance(suspensions[-1], CaseSuspended)
        assert (case.suspended_by is not None) == suspended
        entries = await store.records.find({"case_id": case.case_id}, sort=[("number", 1)])
        assert verify_chain(entries, case.head) is None
