"""Growth of the registry: a list of ``size`` cases is closed, announced, read and exported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from chassis.persistence.mongo import Database
from chassis.security.audit import AUDIT_INDEXES
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.assessor_quota import AssessorSanctioned
from messages.review import CaseCleared
from messages.values import AssessorRef, Ban, Level, Prefecture, Role, UnitRef, UnitType
from registry.api import router
from registry.domain.clearances import Clearance, record_clearance
from registry.handlers.assessors import record_sanction
from registry.jobs import JOBS
from registry.store import AGGREGATES, INDEXES, Store
from rulebook import SHANGHAI
from stdnum.cn import uscc as gb32100

from tests.bench.growth import Probe, insert_values, run_job

CLOSING = date(2026, 9, 10)
CARRY_ON, UPDATE_FLAGS, _ = JOBS
ASSESSORS = 1_333
TYPES, PREFECTURES = (UnitType.FACTORY, UnitType.SUPPLY_CHAIN), tuple(Prefecture)


async def measure(size: int, database: Database, probe: Probe) -> None:
    await database.ensure_indexes((*INDEXES, *AUDIT_INDEXES))
    await insert_values(database, "clearances", {each.case_id: each for each in clearances(size)})
    clock = FixedClock(datetime(2026, 9, 10, 10, tzinfo=SHANGHAI))
    async with api_harness(
        "registry", router, Store, aggregates=AGGREGATES, indexes=INDEXES, clock=clock, database=database
    ) as api:
        office = api.client_as(Role.REGIONAL_OFFICER)
        await _get(office, "/v1/lists/2026/acts")  # builds the codecs, as the first poll of a job does in a process
        async with probe("a page of the draft") as act:
            act.returned = len((await _get(office, "/v1/lists/2026/draft"))["lines"])
        async with probe("closing", whole=True):
            await _act(api, office, "close")
        async with probe("announcing", whole=True):
            await _act(api, office, "announce", {"document_number": "内工信节能字〔2026〕88号"})
        async with probe("a poll with nothing under way"):
            await run_job(api, CARRY_ON)
        await _read(api, office, probe, clock)
        await _sanction(api, probe)


async def _read(api: ApiHarness[Any], office: ApiClient, probe: Probe, clock: FixedClock) -> None:
    public = api.anonymous()
    clock.move_to(datetime(2026, 9, 20, 10, tzinfo=SHANGHAI))
    pages = {
        "announced lists": "/v1/lists",
        "feed of lists": "/v1/lists/feed",
        "lines of the list": "/v1/lists/1/lines",
        "titles of today": "/v1/units",
        "titles of a prefecture and a type": "/v1/units?prefecture=150500&unit_type=factory",
        "titles of a type that nobody has": "/v1/units?unit_type=park",
        "titles as of a past day": "/v1/units?as_of=2026-09-12",
        "titles as of a day before all": "/v1/units?as_of=2026-09-09",
    }
    for name, path in pages.items():
        async with probe(name) as act:
            act.returned = len((await _get(public, path))["items"])
    async with probe("titles, a page in the middle") as act:
        following = (await _get(public, "/v1/units?limit=200"))["next"]
        act.returned = 200 + len((await _get(public, f"/v1/units?limit=200&after={following}"))["items"])
    async with probe("flagged titles, none") as act:
        act.returned = len((await _get(office, "/v1/units?flagged=true"))["items"])
    async with probe("the chain, verified", whole=True):
        assert (await _get(public, "/v1/lists/chain"))["intact"]
    for form in ("csv", "xlsx"):
        async with probe(f"export as {form}", whole=True):
            answer = await public.get(f"/v1/lists/1/export?format={form}")
            assert answer.status_code == 200


async def _sanction(api: ApiHarness[Any], probe: Probe) -> None:
    sanctioned = AssessorSanctioned(
        assessor_uscc=assessor(0).uscc,
        name=assessor(0).name,
        ban=Ban(first_day=date(2026, 9, 20), last_day=date(2029, 9, 20)),
        document_number="通报1号",
        reasons=(),
        sequence=2,
    )
    await api.perform(record_sanction, sanctioned)
    async with probe("flagging one assessor's titles", whole=True):
        await run_job(api, UPDATE_FLAGS)


async def _act(api: ApiHarness[Any], office: ApiClient, name: str, body: object = None) -> None:
    """Begin the act, let the job carry it to its end, and make sure it is done."""
    begun = await office.post(f"/v1/lists/2026/{name}", json=body, headers={"Prefer": "wait=0"})
    assert begun.status_code == 202, begun.text
    await run_job(api, CARRY_ON)
    act = await _get(office, begun.headers["Location"])
    assert act["state"] == "done", act


async def _get(client: ApiClient, path: str) -> Any:  # noqa: ANN401 - JSON
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def clearances(size: int) -> Iterator[Clearance]:
    for number in range(size):
        ref = UnitRef(
            uscc=uscc("91150100", number),
            name=f"示例{number}号有限公司",
            unit_type=TYPES[number % 2],
            prefecture=PREFECTURES[number % 12],
        )
        event = CaseCleared.model_validate(
            {
                "case_id": f"app-2026-{number:06d}",
                "unit": ref,
                "level": Level.REGION,
                "batch_year": 2026,
                "assessor": assessor(number % ASSESSORS),
                "rule_set": "2024-01-19",
                "notice_id": "notice-region-2026-1",
                "score": "86.5",
                "cleared_on": date(2026, 9, 1),
            }
        )
        yield record_clearance(None, event)


def assessor(number: int) -> AssessorRef:
    return AssessorRef(uscc=uscc("91150500", number), name=f"示例评价中心{number}")


def uscc(front: str, number: int) -> str:
    body = f"{front}{number:09d}"
    return body + str(gb32100.calc_check_digit(body))
