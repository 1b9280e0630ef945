"""The public notice: opened and concluded (V9, V10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from chassis.handling import Done, Refusal, TransientError
from messages.review import Stage
from messages.values import Level
from rulebook import rules_on, shanghai_date

from review.domain import notice
from review.domain.act import Act, ActState
from review.domain.case import stage_before
from review.domain.notice import PublicNotice
from review.domain.ranking import batch_id
from review.domain.record import SERVICE, ActorRef
from review.domain.refusals import require_region
from review.handlers.acts import begin_act
from review.handlers.ports import Store


@dataclass(frozen=True)
class OpenNotice:
    act_id: str
    level: Level
    batch_year: int
    published_end: date | None
    by: ActorRef


@dataclass(frozen=True)
class ConcludeNotice:
    act_id: str
    notice_id: str
    by: ActorRef = SERVICE


async def open_notice(command: OpenNotice, store: Store, now: datetime) -> Done:
    """Begin to show every selected case of the batch that is not shown yet and not suspended."""
    require_region(command.level)
    today = shanghai_date(now)
    batch = batch_id(command.level, command.batch_year)
    same_batch = {"level": command.level, "batch_year": command.batch_year}
    selected = {**same_batch, "state": stage_before(Stage.IN_NOTICE), "suspended_by": None}
    if not (total := await store.cases.count(selected)):
        raise Refusal("nothing-to-publish", notice.nothing_to_publish())
    notice.require_lawful_end(command.published_end, rules_on(today), today)
    number = await store.notices.count(same_batch) + 1
    act = Act(
        act_id=command.act_id,
        kind="notice",
        batch=batch,
        level=command.level,
        batch_year=command.batch_year,
        by=command.by,
        begun_on=today,
        state=ActState.APPLYING,
        total=total,
        notice_id=f"notice-{batch}-{number}",
        published_end=command.published_end,
    )
    return await begin_act(act, store)


async def conclude_notice(command: ConcludeNotice, store: Store, now: datetime) -> Done:
    """Begin to clear every case without an open objection or suspension; the others wait."""
    today = shanghai_date(now)
    running = await store.notices.require(command.notice_id)
    notice.conclude_notice(running, today)
    act = Act(
        act_id=command.act_id,
        kind="conclusion",
        batch=batch_id(running.level, running.batch_year),
        level=running.level,
        batch_year=running.batch_year,
        by=command.by,
        begun_on=today,
        state=ActState.APPLYING,
        total=running.shown,
        notice_id=running.notice_id,
        notice=running,
    )
    return await begin_act(act, store)


async def conclude_due_notice(command: ConcludeNotice, store: Store, now: datetime) -> Done:
    """Conclude for the job, unless an officer has done so already; wait while another act on the batch is under way."""
    running = await store.notices.require(command.notice_id)
    if not notice.is_due(running, shanghai_date(now)):
        return Done()
    if await act_under_way(running, store):
        raise TransientError(f"an act on the batch of {running.notice_id} is under way")
    return await conclude_notice(command, store, now)


async def act_under_way(running: PublicNotice, store: Store) -> bool:
    batch = await store.batches.require(batch_id(running.level, running.batch_year))
    return batch.act is not None
