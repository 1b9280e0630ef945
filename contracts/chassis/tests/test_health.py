from __future__ import annotations

import asyncio

from chassis.observability.health import Health, NotReadyError


async def answers() -> None:
    await asyncio.sleep(0)


async def hangs() -> None:
    await asyncio.sleep(60)


async def fails() -> None:
    raise ConnectionError("mongodb://user:secret@host is gone")


async def lags() -> None:
    raise NotReadyError("oldest unsent event is 45 s old")


async def test_service_is_ready_when_every_resource_answers() -> None:
    health = Health()
    health.add_ping("database", answers)
    health.add_ping("broker", answers)

    assert (await health.ready()).model_dump() == {"ok": True, "checks": {"database": "ok", "broker": "ok"}}


async def test_timeout_failure_and_lag_each_make_the_service_not_ready() -> None:
    health = Health(timeout=0.05)
    health.add_ping("database", hangs)
    health.add_ping("broker", fails)
    health.add_ping("relay", lags)

    report = await health.ready()

    assert not report.ok
    assert report.checks == {
        "database": "no answer in 0.05 s",
        "broker": "ConnectionError",
        "relay": "oldest unsent event is 45 s old",
    }


async def test_optional_resource_is_reported_but_does_not_make_the_service_not_ready() -> None:
    health = Health()
    health.add_ping("database", answers)
    health.add_ping("broker", fails, needed=False)

    assert (await health.ready()).model_dump() == {
        "ok": True,
        "checks": {"database": "ok", "broker": "ConnectionError"},
    }


def test_service_is_alive_while_its_required_tasks_run() -> None:
    running = {"relay": True}
    health = Health()
    health.add_task("relay", lambda: running["relay"])
    assert health.alive().ok

    running["relay"] = False
    assert health.alive().checks == {"relay": "stopped"}
