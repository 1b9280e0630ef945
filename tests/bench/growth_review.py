"""Growth of review: a batch is ranked, shown in a public notice and cleared; its lists are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import read_only_unit
from chassis.security.audit import AUDIT_INDEXES
from devkit.api_harness import ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.applications import ApplicationAccepted
from messages.review import Stage
from messages.values import Level, Role
from review.api import router
from review.domain import consultation
from review.domain.case import Case, Score, ScoreSheet
from review.domain.ranking import Batch
from review.jobs import JOBS
from review.store import AGGREGATES, INDEXES, Store
from rulebook import rules_on, scheme_on

from tests.architecture.sources import ROOT
from tests.bench.growth import Probe, insert_values, run_job

SAMPLE = ROOT / "contracts/messages/samples/applications.application.accepted.v1.json"
OPENED = date(2026, 4, 20)
RANKED, SHOWN, OVER = (datetime(2026, *day, 4, tzinfo=UTC) for day in ((6, 1), (6, 18), (6, 29)))
EXPERTS = ("expert-1", "expert-2", "expert-3")
YEAR = 2026
CARRY_ON = next(job for job in JOBS if job.name == "carry-on-acts")
TITLES_OF_TEN = 8
"""Cases of ten at or over the pass mark."""


async def measure(size: int, database: Database, probe: Probe) -> None:
    clock = FixedClock(RANKED)
    await database.ensure_indexes((*INDEXES, *AUDIT_INDEXES))
    Store(read_only_unit(database))  # builds the codecs, as the first poll of a process does
    seeded = Batch("region-2026", Level.REGION, YEAR, "5eed" * 16, RANKED.date())
    await insert_values(database, "batches", {seeded.batch_id: seeded})
    await insert_values(database, "cases", reviewed_cases(size))
    async with api_harness(
        "review", router, Store, aggregates=AGGREGATES, indexes=INDEXES, clock=clock, database=database
    ) as api:
        acting = Region(api)
        region = acting.client
        batch = f"/v1/batches/{YEAR}"
        await region.get(f"{batch}/ranking")  # the first request of a process loads its keys
        async with probe("ranking, dry run", whole=True) as act:
            act.returned = size
            await _answer(region.post(f"{batch}/ranking", json={"dry_run": True}))
        async with probe("ranking", whole=True) as act:
            act.returned = await acting.perform(f"{batch}/ranking")
        async with probe("a page of the ranking") as act:
            act.returned = len((await _answer(region.get(f"{batch}/ranking/1/lines")))["items"])
        async with probe("the rankings of a batch"):
            await region.get(f"{batch}/ranking")
        async with probe("a page of cases in one state") as act:
            act.returned = len((await _answer(region.get("/v1/cases", params={"state": "ranked"})))["items"])
        clock.move_to(SHOWN)
        async with probe("opening a public notice", whole=True) as act:
            act.returned = await acting.perform(f"{batch}/notice")
        async with probe("a page of the public notice") as act:
            path = "/v1/notices/notice-region-2026-1"
            act.returned = len((await _answer(api.anonymous().get(f"{path}/lines")))["items"])
        clock.move_to(OVER)
        async with probe("concluding a public notice", whole=True) as act:
            act.returned = await acting.perform(f"{path}/conclude")
        async with probe("a poll of carry-on-acts, nothing due"):
            await run_job(api, CARRY_ON)


class Region:
    """A regional officer who commands acts, and the process of the jobs that takes their steps."""

    def __init__(self, api: ApiHarness[Store]) -> None:
        self.client = api.client_as(Role.REGIONAL_OFFICER)
        self._api = api

    async def perform(self, path: str) -> int:
        """Command an act and take its steps; return the cases it concerned."""
        begun = await _answer(self.client.post(path, headers={"Prefer": "wait=0"}))
        await run_job(self._api, CARRY_ON)
        act = await _answer(self.client.get(f"/v1/acts/{begun['act']['act_id']}"))
        if act["state"] != "done":
            raise RuntimeError(f"{path} does not go on: {act}")
        return int(act["applied"])


async def _answer(request: Any) -> Any:  # noqa: ANN401 - JSON
    answer = await request
    answer.raise_for_status()
    return answer.json()


def reviewed_cases(size: int) -> Mapping[str, Case]:
    """Scored cases with three signed sheets; one in five is below the pass mark."""
    return {case.case_id: case for case in map(reviewed_case, range(size))}


def reviewed_case(number: int) -> Case:
    case = _opened_case()
    total = Decimal(40 + number % 29 if number % 10 >= TITLES_OF_TEN else 70 + number * 7 % 3000 / Decimal(100))
    unit = case.unit.model_copy(update={"name": f"示例制造第{number}有限公司"})
    return replace(
        case,
        case_id=f"app-2026-{number:012x}",
        unit=unit,
        state=Stage.SCORED,
        forwarded_on=date(2026, 5, 30),
        score=Score(total, Decimal(number % 31), (), dict.fromkeys(EXPERTS, total), OPENED),
        sheets=tuple(_sheet(expert) for expert in EXPERTS),
    )


def _opened_case() -> Case:
    if not _OPENED:
        body = json.loads(SAMPLE.read_text(encoding="utf-8"))["body"]
        event = ApplicationAccepted.model_validate(body | {"level": "region", "batch_year": YEAR})
        _OPENED.append(consultation.open_case(event, rules_on(OPENED), OPENED).case)
    return _OPENED[0]


def _sheet(expert: str) -> ScoreSheet:
    scheme = scheme_on("factory", OPENED)
    values = {each.id: each.leading or Decimal(0) for each in scheme.indicators}
    return ScoreSheet(expert, values, {each.id: True for each in scheme.mandatory_items}, False, OPENED)


_OPENED: list[Case] = []
