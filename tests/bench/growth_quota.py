"""The growth of assessor-quota: rates, lists, files and jobs beside more and more applications."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from assessor_quota.api import router
from assessor_quota.domain.application_progress import ApplicationProgress, Submission
from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.entry import ActorRef, EntryKind, RegisterEntry
from assessor_quota.domain.item import ItemState, QuotaItem
from assessor_quota.domain.ledger import Ledger, LedgerLine
from assessor_quota.domain.rates import RateTotal, YearlyRate, new_rate, rate_key, total_key
from assessor_quota.domain.staff import StaffMember
from assessor_quota.domain.statements import new_duty
from assessor_quota.gauges import GAUGES
from assessor_quota.handlers import bulk
from assessor_quota.handlers.bulk import ROWS_MAX
from assessor_quota.handlers.register import RegisterAssessor
from assessor_quota.jobs import JOBS
from assessor_quota.store import AGGREGATES, INDEXES, Store
from chassis.persistence.mongo import Database
from chassis.security.audit import AUDIT_INDEXES
from devkit.api_harness import ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.values import PersonRef, Prefecture, Role, UnitRef, UnitType
from rulebook import rules_on

from tests.bench.growth import Probe, insert_values, run_job
from tests.support.load_data import code

YEAR = 2026
NOW = datetime(YEAR + 1, 1, 31, 2, tzinfo=UTC)
RULES = rules_on(date(YEAR, 4, 20))
LIMIT = RULES.quota.items_per_year
STAFF = (StaffMember("S1", "赵某", "注册环保工程师", date(2024, 1, 1)),)
PREFECTURES, UNIT_TYPES = list(Prefecture), list(UnitType)
UNCOUNTED = 1_000
"""Applications whose part has changed since it was counted, whatever the size."""
REGION, RATES = Role.REGIONAL_OFFICER, "/v1/success-rates"
BY = ActorRef("officer-1", (REGION,))
JOB = {job.name: job for job in JOBS}


async def measure(size: int, database: Database, probe: Probe) -> None:
    """Measure the acts beside ``size`` applications of the year, fifteen of each assessor."""
    await database.ensure_indexes((*INDEXES, *AUDIT_INDEXES))
    register = Register(size)
    await register.insert(database)
    async with api_harness(
        "assessor-quota", router, Store, aggregates=AGGREGATES, clock=FixedClock(NOW), database=database
    ) as api:
        await _get(api, f"{RATES}?limit=1")  # the first request builds what later ones use
        await _measure_rates(probe, api, register)
        await _measure_jobs(probe, api)
        await _measure_lists(probe, api, register)
        async with probe(f"register: import {ROWS_MAX} assessors"):
            await _import(api, register)
        async with probe("all gauges once", whole=True):
            for gauge in GAUGES:
                await gauge.read(api.store(), NOW)


async def _measure_rates(probe: Probe, api: ApiHarness[Any], register: Register) -> None:
    half = f"{register.assessors[len(register.assessors) // 2].uscc}|{YEAR}"
    pages = {
        "rates: the first page of the year": f"{RATES}?year={YEAR}",
        "rates: a page from the middle": f"{RATES}?after={half}",
        "rates: a page of one prefecture and unit type": f"{RATES}?prefecture=150400&unit_type=factory",
        "rates: by prefecture and unit type": f"{RATES}?by=prefecture&by=unit_type&year={YEAR}",
        "rates: one assessor, no year": f"{RATES}?assessor={register.assessors[-1].uscc}",
    }
    for name, path in pages.items():
        await _measure_page(probe, api, name, path)
    for kind in ("csv", "xlsx"):
        async with probe(f"rates: export {kind}", whole=True):
            await _get(api, f"{RATES}/export?format={kind}")


async def _measure_lists(probe: Probe, api: ApiHarness[Any], register: Register) -> None:
    pages = {
        "items: a page": "/v1/items",
        "items: a page of a year and state": f"/v1/items?year={YEAR}&state=confirmed",
        "statements: a page of those overdue": f"/v1/statements?state=overdue&year={YEAR - 1}",
        "assessors: a page": "/v1/assessors",
        "assessors: by scope, none sanctioned": "/v1/assessors?scope=factory&sanctioned=false",
        "assessors: by the beginning of the name": f"/v1/assessors?name={register.assessors[-1].name}",
        "assessors: of a prefecture": "/v1/prefectures/150400/assessors",
    }
    for name, path in pages.items():
        await _measure_page(probe, api, name, path)
    async with probe("register: export xlsx", whole=True):
        await _get(api, "/v1/assessors/export")


async def _measure_jobs(probe: Probe, api: ApiHarness[Any]) -> None:
    for name in ("count-applications", "open-duties", "publish-rates", "note-overdue", "reconcile"):
        whole = name != "count-applications"
        async with probe(f"job: {name}, all that is due", whole=whole):
            while await run_job(api, JOB[name]):
                pass
    async with probe("jobs: a poll of each, nothing due"):
        for name in ("count-applications", "open-duties", "publish-rates", "note-overdue"):
            assert await run_job(api, JOB[name]) == 0


async def _import(api: ApiHarness[Any], register: Register) -> None:
    """Enter as many as one workbook may hold, behind those of the register: one transaction."""
    first = len(register.assessors)
    entered = [register.assessor(first + number) for number in range(ROWS_MAX)]
    command = bulk.ImportAssessors(tuple(bulk.Row(_registration(each), {"": "A1"}) for each in entered))
    store = api.api.store
    await api.api.commands.execute(
        "import",
        "",
        lambda unit, now: bulk.import_assessors(command, store(unit), now),
        prefetch=bulk.documents_read(command),
    )


def _registration(assessor: Assessor) -> RegisterAssessor:
    return RegisterAssessor(
        assessor.uscc,
        assessor.name,
        assessor.representative,
        assessor.representative_name,
        (),
        assessor.scope,
        assessor.staff,
        BY,
    )


async def _measure_page(probe: Probe, api: ApiHarness[Any], name: str, path: str) -> None:
    async with probe(name) as act:
        act.returned = len((await _get(api, path)).json()["items"])


async def _get(api: ApiHarness[Any], path: str) -> Any:  # noqa: ANN401 - a response
    answer = await api.client_as(REGION).get(path)
    assert answer.status_code == 200, answer.text
    return answer


class Register:
    """Assessors, their items and the progress of their applications, all of one year and confirmed."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.assessors = [self.assessor(number) for number in range(-(-size // LIMIT))]

    async def insert(self, database: Database) -> None:
        rates, totals = self._rates()
        duties = [new_duty(each.ref, YEAR - 1, each.prefectures, RULES, date(YEAR, 1, 1)) for each in self.assessors]
        await insert_values(database, "assessors", {each.uscc: each for each in self.assessors})
        await insert_values(database, "entries", {each.key: each for each in map(self._entry, self.assessors)})
        await insert_values(database, "rates", rates)
        await insert_values(database, "rate_totals", totals)
        await insert_values(database, "duties", {each.duty_id: each for each in duties})
        await insert_values(database, "items", {item.application_id: item for item in self._items()})
        await insert_values(database, "ledgers", {ledger.key: ledger for ledger in self._ledgers()})
        await insert_values(database, "progress", {each.application_id: each for each in self._progress()})

    def _rates(self) -> tuple[dict[str, YearlyRate], dict[str, RateTotal]]:
        rates = {rate_key(each.uscc, YEAR): new_rate(each.ref, YEAR, RULES) for each in self.assessors}
        totals: dict[str, RateTotal] = {}
        for progress in self._progress():
            part = progress.counted
            if part is None:
                continue
            key, total = rate_key(part.assessor.uscc, YEAR), total_key(YEAR, part.prefecture, part.unit_type)
            rates[key] = rates[key].counting(part, 1)
            totals[total] = totals.get(total, RateTotal(YEAR, part.prefecture, part.unit_type)).counting(part, 1)
        return rates, totals

    def _progress(self) -> Iterator[ApplicationProgress]:
        for number in range(self.size):
            submission = Submission(1, self._owner(number).ref, _unit(number), YEAR)
            listed_on = date(YEAR, 11, 20) if number % 3 else None
            progress = ApplicationProgress(
                _application(number), submission, initial_review_accepted=True, listed_on=listed_on
            )
            yield (
                ApplicationProgress(_application(number), submission, initial_review_accepted=True, uncounted=True)
                if number < UNCOUNTED
                else progress.with_counted()
            )

    def _items(self) -> Iterator[QuotaItem]:
        for number in range(self.size):
            yield self._item(_application(number), YEAR, number)
        for place in range(len(self.assessors)):
            yield self._item(f"last-{place:08}", YEAR - 1, place * LIMIT)

    def _item(self, application_id: str, year: int, number: int) -> QuotaItem:
        assessor = self._owner(number)
        return QuotaItem(
            application_id,
            year,
            _unit(number),
            assessor.ref,
            ItemState.CONFIRMED,
            ledgers=(Ledger(assessor.representative, year).key,),
            rule_set=RULES.version,
            submitted_on=date(year, 4, 20),
            last_submission_sequence=1,
        )

    def _ledgers(self) -> Iterator[Ledger]:
        for place, assessor in enumerate(self.assessors):
            ledger = Ledger(assessor.representative, YEAR)
            for number in range(place * LIMIT, min(self.size, (place + 1) * LIMIT)):
                ledger = ledger.with_line(LedgerLine(_application(number), assessor.ref, _unit(number)))
            yield ledger

    def _owner(self, number: int) -> Assessor:
        return self.assessors[number // LIMIT]

    @staticmethod
    def assessor(number: int) -> Assessor:
        uscc = code(number, "92150200")
        return Assessor(
            uscc=uscc,
            name=f"示例评价机构{number}",
            representative=PersonRef(digest=f"{number:064x}", masked="15**************0X"),
            representative_name="王某",
            scope=tuple(UNIT_TYPES),
            staff=STAFF,
            registered_on=date(YEAR - 1, 6, 1),
            prefectures=(PREFECTURES[number % len(PREFECTURES)],),
            entries=1,
        )

    @staticmethod
    def _entry(assessor: Assessor) -> RegisterEntry:
        return RegisterEntry(assessor.uscc, 1, EntryKind.REGISTERED, NOW, assessor.registered_on, BY)


def _unit(number: int) -> UnitRef:
    return UnitRef(
        uscc=code(number, "91150100"),
        name=f"示例企业{number}",
        unit_type=UNIT_TYPES[number % len(UNIT_TYPES)],
        prefecture=PREFECTURES[number % len(PREFECTURES)],
    )


def _application(number: int) -> str:
    return f"app-{number:08}"
