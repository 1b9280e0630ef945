"""Reminders on the real database, from two processes whose jobs look at the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest
from chassis.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.private_servers import PrivateServers
from messages.assessor_quota import DutyMet, DutyOpened
from notify import handlers
from notify.jobs import reminders
from notify.store import AGGREGATES, INDEXES, Store

pytestmark = pytest.mark.connected

HOLDERS = 20
DUE = date(2027, 4, 30)
REMINDED_ON = datetime(2027, 3, 31, 2, tzinfo=UTC)


@pytest.fixture
async def two(servers: PrivateServers) -> AsyncIterator[CommitterCluster[Store]]:
    clock = FixedClock(REMINDED_ON)
    async with committer_cluster(
        servers, "notify", Store, aggregates=AGGREGATES, clock=clock, indexes=INDEXES
    ) as opened:
        yield opened


def duty(number: int) -> dict[str, object]:
    return {
        "duty_id": f"duty-{number}",
        "kind": "assessor_statement",
        "holder": "911501000000000191",
        "holder_name": "示例评价中心",
        "year": 2026,
        "due": DUE,
        "article": "第三十条",
    }


def opened(number: int) -> DutyOpened:
    return DutyOpened.model_validate(
        duty(number) | {"opened_on": date(2027, 1, 1), "provisional": False, "sequence": 1}
    )


def met(number: int) -> DutyMet:
    return DutyMet.model_validate(duty(number) | {"met_on": date(2027, 3, 31), "late": False, "sequence": 2})


async def told(two: CommitterCluster[Store]) -> Counter[str]:
    return Counter(each.template for each in await two.read().notices.find())


@pytest.mark.rule("N2", "N3")
async def test_two_processes_that_look_at_once_remind_each_holder_once(two: CommitterCluster[Store]) -> None:
    await asyncio.gather(*(two.perform(n % 2, handlers.track_duty, opened(n)) for n in range(HOLDERS)))

    due = await reminders(two.read(), REMINDED_ON)
    await asyncio.gather(*(two.perform(process, handlers.remind, item) for item in due for process in (0, 1)))

    assert len(due) == HOLDERS
    assert await told(two) == {"duty-opened": HOLDERS, "duty-reminder": HOLDERS}
    assert await reminders(two.read(), REMINDED_ON) == []


@pytest.mark.rule("N3")
async def test_a_duty_that_is_met_while_its_reminder_is_due_is_never_reminded_of_again(
    two: CommitterCluster[Store],
) -> None:
    await asyncio.gather(*(two.perform(0, handlers.track_duty, opened(n)) for n in range(HOLDERS)))
    due = await reminders(two.read(), REMINDED_ON)

    await asyncio.gather(
        *(two.perform(0, handlers.remind, item) for item in due),
        *(two.perform(1, handlers.track_duty, met(n)) for n in range(HOLDERS)),
    )

    assert (await told(two))["duty-reminder"] <= HOLDERS
    assert await reminders(two.read(), datetime(2027, 4, 29, 2, tzinfo=UTC)) == []
