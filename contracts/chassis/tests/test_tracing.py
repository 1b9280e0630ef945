from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from time import monotonic

import pytest
from chassis.clock import FixedClock
from chassis.handling import HandlerResult, Refusal
from chassis.observability import logs
from chassis.observability.metrics import Metrics
from chassis.observability.tracing import HEADER, NO_TRACING, SENDING_SECONDS, Tracing, tracing_of
from chassis.outbox.entries import Causation
from chassis.persistence.unit_of_work import Document, UnitOfWork
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.work import WorkItem
from devkit import InMemoryStore, sample
from devkit.api_harness import ApiHarness, api_harness
from devkit.sample import Touch, running
from messages.values import Role
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import StatusCode

from . import plans
from .plans import USCC, filed
from .told import Told, identity, linked, named, parent

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Desk:
    """A committer whose outbox documents are kept."""

    def __init__(self, tracing: Tracing) -> None:
        self.outbox: list[Document] = []
        self.committer = GroupCommitter(
            InMemoryStore(sample.INDEXES),
            sample.SERVICE,
            sample.AGGREGATES,
            clock=FixedClock(NOW),
            metrics=Metrics(),
            relay_wakeup=self.outbox.append,
            commits_in_flight=1,
            tracing=tracing,
        )

    def work(self, name: str) -> WorkItem:
        return WorkItem(name, running(Touch(name)), Causation(name), consumer="notify")

    def headers(self) -> list[dict[str, str]]:
        return [entry["h"] for document in self.outbox for entry in document["events"]]


@pytest.fixture
async def desk(told: Told) -> AsyncIterator[Desk]:
    made = Desk(told.tracing)
    made.committer.start()
    yield made
    await made.committer.stop()


@pytest.fixture
async def served(told: Told) -> AsyncIterator[ApiHarness]:
    async with api_harness(
        "plans", plans.router, aggregates={}, clock=FixedClock(plans.NOW), tracing=told.tracing
    ) as stand:
        yield stand


async def test_an_event_carries_the_span_that_said_it(told: Told, desk: Desk) -> None:
    await desk.committer.submit(desk.work("a"))

    work, handle, commit = (told.one(name) for name in ("work", "handle", "commit"))
    assert (parent(work), parent(handle), parent(commit)) == (None, identity(work), identity(work))
    assert [headers[HEADER] for headers in desk.headers()] == [f"{named(handle.context)}-03"]


async def test_a_transaction_of_many_works_is_linked_to_each_of_their_traces(told: Told, desk: Desk) -> None:
    await asyncio.gather(*(desk.committer.submit(desk.work(name)) for name in "abc"))

    commit, works = told.one("commit"), told.named("work")
    first = next(each for each in works if identity(each) == parent(commit))
    others = [each for each in works if each is not first]
    assert len({each.context.trace_id for each in works if each.context}) == 3
    assert linked(commit) == {identity(each) for each in others}
    assert all(linked(each) == {identity(commit)} for each in others)
    assert sorted(filter(None, map(parent, told.named("handle")))) == sorted(map(identity, works))


async def test_without_tracing_nothing_is_carried_and_nothing_told() -> None:
    desk = Desk(NO_TRACING)
    desk.committer.start()
    await desk.committer.submit(desk.work("a"))
    await desk.committer.stop()

    assert [HEADER in headers for headers in desk.headers()] == [False]
    assert tracing_of("notify", None) is NO_TRACING
    assert NO_TRACING.command_listeners() == []


def test_a_collector_that_never_answers_keeps_no_process_from_ending_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        tracing = tracing_of("notify", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with tracing.work_span("notify"):
            pass
        began = monotonic()
        tracing.close()

    assert monotonic() - began < SENDING_SECONDS + 2


class WithoutWorks(Sampler):
    """Begins no trace with a work, and every other."""

    def should_sample(self, *_: object, name: str, **__: object) -> SamplingResult:
        return SamplingResult(Decision.DROP if name == "work" else Decision.RECORD_AND_SAMPLE)

    def get_description(self) -> str:
        return "without works"


async def test_what_the_sampler_leaves_out_is_left_out_from_the_commit_to_the_listener() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(WithoutWorks()))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    desk = Desk(Tracing(provider))
    desk.committer.start()
    await desk.committer.submit(desk.work("a"))
    await desk.committer.stop()

    assert exporter.get_finished_spans() == ()
    assert [int(headers[HEADER].rpartition("-")[2], 16) & 1 for headers in desk.headers()] == [0]


async def _refused(_unit: UnitOfWork, _now: datetime) -> HandlerResult:
    raise Refusal("quota-full", title="张三 has none left")


async def _broken(_unit: UnitOfWork, _now: datetime) -> HandlerResult:
    raise ValueError("张三 150102199003078888")


async def test_of_what_went_wrong_only_the_class_or_the_code_is_told(told: Told, desk: Desk) -> None:
    for number, run in enumerate((_refused, _broken)):
        with pytest.raises((Refusal, ValueError)):
            await desk.committer.submit(WorkItem(str(number), run, Causation("c"), consumer="notify"))

    refused, broken = told.named("handle")
    assert dict(refused.attributes or {}) == {"green.refusal": "quota-full"}
    assert dict(broken.attributes or {}) == {"error.type": "ValueError"}
    assert [span.status.status_code for span in (refused, broken)] == [StatusCode.UNSET, StatusCode.ERROR]
    assert "张三" not in "".join(span.to_json() for span in told.exporter.get_finished_spans())


async def test_a_request_is_named_by_its_route_and_goes_on_with_its_callers_trace(
    told: Told, served: ApiHarness
) -> None:
    plan = await filed(served.client_as(Role.APPLICANT, organisation=USCC, prefecture="150100"))
    told.exporter.clear()

    officer = served.client_as(Role.PREFECTURE_OFFICER, prefecture="150100")
    await officer.get(f"/v1/plans/{plan}", params={"name": "张三"}, headers={"traceparent": CALLER})

    request = told.one("GET /v1/plans/{plan}")
    assert CALLER.startswith(named(request.parent))
    assert dict(request.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/v1/plans/{plan}",
        "http.response.status_code": 200,
    }


async def test_a_command_is_one_trace_from_the_request_to_the_commit(told: Told, served: ApiHarness) -> None:
    await filed(served.client_as(Role.APPLICANT, organisation=USCC, prefecture="150100"))

    request, work, handle, commit = (told.one(name) for name in ("POST /v1/plans", "work", "handle", "commit"))
    assert parent(request) is None
    assert (parent(work), parent(handle), parent(commit)) == (identity(request), identity(work), identity(work))


@pytest.mark.parametrize("header", ["", "00-0-0-00", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
async def test_a_header_that_names_no_trace_begins_one(told: Told, served: ApiHarness, header: str) -> None:
    await served.anonymous().get("/v1/announced", headers={"traceparent": header})

    assert parent(told.one("GET /v1/announced")) is None


async def test_what_fails_is_told_as_failed_and_what_is_not_found_has_no_path(told: Told, served: ApiHarness) -> None:
    await served.anonymous().post("/v1/broken")
    await served.anonymous().get("/v1/persons/150102199003078888")

    broken = told.one("POST /v1/broken")
    assert broken.status.status_code is StatusCode.ERROR
    assert dict(told.one("GET").attributes or {}) == {"http.request.method": "GET", "http.response.status_code": 404}


async def test_what_machines_ask_every_few_seconds_is_not_traced(told: Told, served: ApiHarness) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        await served.client.get(path)

    assert told.names() == []


async def test_a_line_of_the_log_names_the_trace_it_belongs_to(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("notify")
    logs.logger("t").warning("outside")
    with told.tracing.work_span("notify"):
        logs.logger("t").warning("inside")
    logs.configure("chassis", "ERROR")

    outside, inside = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert "trace_id" not in outside
    assert inside["trace_id"] in named(told.one("work").context)
