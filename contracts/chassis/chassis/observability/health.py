"""Liveness and readiness; each resource registers its ping where it is wired."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi import APIRouter, Response  # noqa: TID251 - machines' routes ask nobody who they are
from pydantic import BaseModel

PING_SECONDS = 2.0


class NotReadyError(Exception):
    """A resource answered that it is not usable now."""


class HealthReport(BaseModel):
    """``ok`` when every required check is ``ok``; any other text is the problem, without addresses or secrets."""

    ok: bool
    checks: dict[str, str]


@dataclass
class Health:
    """Ready: all required pings answer in time. Alive: all permanent tasks are running."""

    pings: dict[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)
    tasks: dict[str, Callable[[], bool]] = field(default_factory=dict)
    informational: set[str] = field(default_factory=set)
    timeout: float = PING_SECONDS

    def add_ping(self, resource: str, ping: Callable[[], Awaitable[object]], *, needed: bool = True) -> None:
        """Register a ping that raises when the resource is not usable; a time-out counts as well.

        One that is not ``needed`` is reported and does not affect readiness.
        """
        self.pings[resource] = ping
        if not needed:
            self.informational.add(resource)

    def add_task(self, name: str, running: Callable[[], bool]) -> None:
        self.tasks[name] = running

    def alive(self) -> HealthReport:
        checks = {name: "ok" if running() else "stopped" for name, running in self.tasks.items()}
        return HealthReport(ok=all(check == "ok" for check in checks.values()), checks=checks)

    async def ready(self) -> HealthReport:
        answers = await asyncio.gather(*(self._ping(ping) for ping in self.pings.values()))
        checks = dict(zip(self.pings, answers, strict=True))
        ok = all(check == "ok" for name, check in checks.items() if name not in self.informational)
        return HealthReport(ok=ok, checks=checks)

    async def _ping(self, ping: Callable[[], Awaitable[object]]) -> str:
        try:
            async with asyncio.timeout(self.timeout):
                await ping()
        except TimeoutError:
            return f"no answer in {self.timeout:g} s"
        except NotReadyError as reason:
            return str(reason)
        except asyncio.CancelledError:
            # aiormq cancels what waits on a lost connection; only our own caller's cancellation goes on.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return "the connection is lost"
        except Exception as error:  # noqa: BLE001 - whatever a driver raises means not ready
            return type(error).__name__
        return "ok"


def router(health: Health) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/livez")
    async def livez(response: Response) -> HealthReport:
        return _answer(health.alive(), response)

    @routes.get("/readyz")
    async def readyz(response: Response) -> HealthReport:
        return _answer(await health.ready(), response)

    return routes


def _answer(report: HealthReport, response: Response) -> HealthReport:
    response.status_code = 200 if report.ok else 503
    response.headers["Cache-Control"] = "no-store"
    return report
