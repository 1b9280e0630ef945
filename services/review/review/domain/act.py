"""Acts on a whole batch: ranking it, opening a public notice, concluding one.

An act of a hundred thousand cases is no transaction. It goes on in steps, each a transaction of bounded size, and is
seen whole or not at all: a case that it has changed remembers what it was before, and readers see that until the act
stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from messages.values import Level, Reason, UnitType
from rulebook import reason

from review.domain.case import Case, CaseBefore
from review.domain.notice import PublicNotice
from review.domain.ranking import BatchRanking, RankingTerms
from review.domain.record import ActorRef, Transition
from review.domain.refusals import refusal

ActKind = Literal["ranking", "notice", "conclusion"]
RULES: Mapping[ActKind, str] = MappingProxyType({"ranking": "V8", "notice": "V9", "conclusion": "V10"})
"""The rule that each act carries out."""


class ActState(StrEnum):
    """The states of an act in their order; the last two end it."""

    COLLECTING = "collecting"
    """The values of the cases are collected; no case is changed."""
    COMPUTING = "computing"
    """The result is computed from what was collected."""
    APPLYING = "applying"
    """The cases are changed, part by part; readers still see them as before."""
    SEALING = "sealing"
    """Every case is changed; the result is checked and sealed, and then the act stands."""
    PUBLISHING = "publishing"
    """The act stands: readers see it whole, and the events of its cases are published."""
    DISCARDING = "discarding"
    """It found a reason against itself before it changed any case; what it collected is removed."""
    DONE = "done"
    REFUSED = "refused"


UNDECIDED = (ActState.COLLECTING, ActState.COMPUTING, ActState.APPLYING, ActState.SEALING)
"""Readers see the cases as before."""
UNFINISHED = (*UNDECIDED, ActState.PUBLISHING, ActState.DISCARDING)
WITH_DISJOINT_STEPS = frozenset({ActState.COLLECTING, ActState.APPLYING, ActState.PUBLISHING})
"""Each step reads and writes the cases after those of the step before; elsewhere it rests on what that one wrote."""


@dataclass(frozen=True)
class Act:
    """One act on the cases of a batch, and how far it has come."""

    act_id: str
    kind: ActKind
    batch: str
    level: Level
    batch_year: int
    by: ActorRef
    begun_on: date
    state: ActState
    total: int
    """Cases it concerns, as counted when it began."""
    steps: int = 0
    """Steps taken; the number of the next one, so that each is taken once."""
    stage: int = 0
    cursor: str = ""
    """The case after which the next step goes on, in the stage that it reads."""
    collected: int = 0
    applied: int = 0
    published: int = 0
    suspended: int = 0
    left_out: int = 0
    cleared: int = 0
    waiting: int = 0
    """Cases of a notice that were not cleared at its end."""
    new_cases: int = 0
    """Cases compared that missed no earlier ranking (A7)."""
    first_new: tuple[str, ...] = ()
    unplaced: dict[UnitType, int] = field(default_factory=dict)
    """Cases selected and left out: they take no place of the cap."""
    terms: RankingTerms | None = None
    ranking: BatchRanking | None = None
    notice_id: str = ""
    """The notice that it opens or concludes."""
    notice: PublicNotice | None = None
    published_end: date | None = None
    """The end of the notice that was asked for; None for the minimum."""
    reasons: tuple[Reason, ...] = ()
    """Why it was refused, or why it stopped."""
    halted: bool = False
    """It cannot go on until somebody has it continued."""

    @property
    def decided(self) -> bool:
        return self.state not in UNDECIDED

    @property
    def finished(self) -> bool:
        return self.state not in UNFINISHED

    @property
    def result(self) -> BatchRanking:
        """Return the ranking that it computed."""
        if self.ranking is None:
            raise ValueError(f"{self.act_id} has computed nothing yet")
        return self.ranking

    @property
    def shown_in(self) -> PublicNotice:
        """Return the notice that it concludes, or has opened."""
        if self.notice is None:
            raise ValueError(f"{self.act_id} has opened no notice yet")
        return self.notice

    def enter(self, state: ActState) -> Act:
        """Return the act at the beginning of a state."""
        return replace(self, state=state, stage=0, cursor="")


@dataclass(frozen=True)
class ActStep:
    """The next step of an act; ``lines`` and ``result`` hold what was computed for it outside the transaction."""

    act_id: str
    number: int
    state: ActState
    result: object = None
    lines: Sequence[object] = ()

    @property
    def key(self) -> str:
        return f"{self.act_id}:{self.number}"


def refuse_act(act: Act, *reasons: Reason) -> Act:
    """End an act that has changed nothing."""
    return replace(act.enter(ActState.DISCARDING), reasons=reasons)


def halt_act(act: Act, problem: str) -> Act:
    """Stop an act where it stands, with the reason."""
    text = "该事项办理中断，原因排除后可以继续办理"
    why = reason(RULES[act.kind], "act-halted", text, evidence=f"{act.state}: {problem}"[:500])
    return replace(act, halted=True, reasons=(why,), steps=act.steps + 1)


def continue_act(act: Act) -> Act:
    """Let a stopped act go on where it stands."""
    if act.finished:
        raise refusal(RULES[act.kind], "act-finished", "该事项已经办结，不需要继续办理", evidence=act.state)
    return replace(act, halted=False, reasons=(), steps=act.steps + 1)


def remember_before(transition: Transition, before: Case, act: Act) -> Transition:
    """Return the transition with what the case was before the act."""
    seen = CaseBefore(act.act_id, before.state, before.rank, before.notice_id, before.closing, before.head)
    return replace(transition, case=replace(transition.case, before=seen))


def changed_by(case: Case, act: Act) -> bool:
    """Whether this act has changed the case, and its event is still to be published."""
    return case.before is not None and case.before.act == act.act_id


def case_as_seen(case: Case, undecided: Collection[str]) -> Case:
    """Return the case as readers see it while these acts are undecided."""
    before = case.before
    if before is None or before.act not in undecided:
        return case
    return replace(
        case,
        state=before.state,
        rank=before.rank,
        notice_id=before.notice_id,
        closing=before.closing,
        head=before.head,
    )
