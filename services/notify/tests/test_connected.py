"""Reminders on the real database, from two processes whose jobs poll at the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest
from devkit.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.private_servers import PrivateServers
from messages.assessor_quota import DutyMet, DutyOpened
from notify.handlers.duties import remind, track_duty
from notify.jobs import due_reminders
from notify.store import AGGREGATES, INDEXES, Store

from .builders import duty_met, duty_opened

pytestmark = pytest.mark.connected

HOLDERS = 20
REMINDED_ON = datetime(2027, 3, 31, 2, tzinfo=UTC)


@pytest.fixture
async def processes(servers: PrivateServers) -> AsyncIterator[CommitterCluster[Store]]:
    clock = FixedClock(REMINDED_ON)
    async with committer_cluster(
        servers, "notify", Store, aggregates=AGGREGATES, clock=clock, indexes=INDEXES
    ) as cluster:
        yield cluster


def opened(number: int) -> DutyOpened:
    return duty_opened(f"duty-{number}")


def met(number: int) -> DutyMet:
    return duty_met(date(2027, 3, 31), f"duty-{number}")


async def notices_by_template(processes: CommitterCluster[Store]) -> Counter[str]:
    return Counter(each.template for each in await processes.read().notices.find())


@pytest.mark.rule("N2", "N3")
async def test_two_processes_that_look_at_once_remind_each_holder_once(processes: CommitterCluster[Store]) -> None:
    await asyncio.gather(*(processes.perform(n % 2, track_duty, opened(n)) for n in range(HOLDERS)))

    due = await due_reminders(processes.read(), REMINDED_ON)
    await asyncio.gather(*(processes.perform(process, remind, item) for item in due for process in (0, 1)))

    assert len(due) == HOLDERS
    assert await notices_by_template(processes) == {"duty-opened": HOLDERS, "duty-reminder": HOLDERS}
    assert await due_reminders(processes.read(), REMINDED_ON) == []


@pytest.mark.rule("N3")
async def test_a_duty_that_is_met_while_its_reminder_is_due_is_never_reminded_of_again(
    processes: CommitterCluster[Store],
) -> None:
    await asyncio.gather(*(processes.perform(0, track_duty, opened(n)) for n in range(HOLDERS)))
    due = await due_reminders(processes.read(), REMINDED_ON)

    await asyncio.gather(
        *(processes.perform(0, remind, item) for item in due),
        *(processes.perform(1, track_duty, met(n)) for n in range(HOLDERS)),
    )

    assert (await notices_by_template(processes))["duty-reminder"] <= HOLDERS
    assert await due_reminders(processes.read(), datetime(2027, 4, 29, 2, tzinfo=UTC)) == []
