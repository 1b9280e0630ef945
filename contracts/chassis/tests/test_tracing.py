from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from time import monotonic

import pytest
from chassis.handling import Document, HandlerResult, Refusal
from chassis.observability import logs
from chassis.observability.metrics import Metrics
from chassis.observability.tracing import EXPORT_SECONDS, HEADER, NO_TRACING, Tracing, tracing_of
from chassis.outbox.entries import Causation
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction
from chassis.transactions.work import WorkItem
from devkit import InMemoryStore, sample
from devkit.api_harness import ApiHarness, api_harness
from devkit.clock import FixedClock
from devkit.sample import Touch, touch_call
from messages.values import Role
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import StatusCode

from . import sample_api
from .recorded_spans import RecordedSpans, linked_ids, parent_id, span_id, traceparent_of
from .sample_api import USCC, post_plan

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class TracedCommitter:
    """A group committer whose outbox documents a test can read."""

    def __init__(self, tracing: Tracing) -> None:
        self.outbox: list[Document] = []
        self.committer = GroupCommitter(
            BatchTransaction(
                InMemoryStore(sample.INDEXES),
                sample.SERVICE,
                sample.AGGREGATES,
                clock=FixedClock(NOW),
                metrics=Metrics(),
                wake_relay=self.outbox.append,
                tracing=tracing,
            ),
            workers=1,
        )

    def work(self, name: str) -> WorkItem:
        return WorkItem(name, touch_call(Touch(name)), Causation(name), consumer="notify")

    def headers(self) -> list[dict[str, str]]:
        return [entry["headers"] for document in self.outbox for entry in document["events"]]


@pytest.fixture
async def committer(spans: RecordedSpans) -> AsyncIterator[TracedCommitter]:
    made = TracedCommitter(spans.tracing)
    made.committer.start()
    yield made
    await made.committer.stop()


@pytest.fixture
async def api(spans: RecordedSpans) -> AsyncIterator[ApiHarness]:
    async with api_harness(
        "plans",
        sample_api.router,
        sample_api.Store,
        aggregates={},
        clock=FixedClock(sample_api.NOW),
        tracing=spans.tracing,
    ) as harness:
        yield harness


async def test_event_carries_the_span_of_its_handler(spans: RecordedSpans, committer: TracedCommitter) -> None:
    await committer.committer.submit(committer.work("a"))

    work, handle, commit = (spans.find_one(name) for name in ("work", "handle", "commit"))
    assert (parent_id(work), parent_id(handle), parent_id(commit)) == (None, span_id(work), span_id(work))
    assert [headers[HEADER] for headers in committer.headers()] == [f"{traceparent_of(handle.context)}-03"]


async def test_commit_span_is_linked_to_every_trace_of_its_batch(
    spans: RecordedSpans, committer: TracedCommitter
) -> None:
    await asyncio.gather(*(committer.committer.submit(committer.work(name)) for name in "abc"))

    commit, works = spans.find_one("commit"), spans.find("work")
    first = next(each for each in works if span_id(each) == parent_id(commit))
    others = [each for each in works if each is not first]
    assert len({each.context.trace_id for each in works if each.context}) == 3
    assert linked_ids(commit) == {span_id(each) for each in others}
    assert all(linked_ids(each) == {span_id(commit)} for each in others)
    assert sorted(filter(None, map(parent_id, spans.find("handle")))) == sorted(map(span_id, works))


async def test_disabled_tracing_adds_no_header() -> None:
    committer = TracedCommitter(NO_TRACING)
    committer.committer.start()
    await committer.committer.submit(committer.work("a"))
    await committer.committer.stop()

    assert [HEADER in headers for headers in committer.headers()] == [False]
    assert tracing_of("notify", None) is NO_TRACING
    assert NO_TRACING.command_listeners() == []


def test_silent_collector_delays_the_end_of_a_process_only_briefly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        tracing = tracing_of("notify", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with tracing.work_span("notify"):
            pass
        began = monotonic()
        tracing.close()

    assert monotonic() - began < EXPORT_SECONDS + 2


class DropWorkSpans(Sampler):
    """Drops every trace that begins with a work item."""

    def should_sample(self, *_: object, name: str, **__: object) -> SamplingResult:
        return SamplingResult(Decision.DROP if name == "work" else Decision.RECORD_AND_SAMPLE)

    def get_description(self) -> str:
        return "drop work spans"


async def test_unsampled_trace_stays_unsampled_through_commit_and_event() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(DropWorkSpans()))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    committer = TracedCommitter(Tracing(provider))
    committer.committer.start()
    await committer.committer.submit(committer.work("a"))
    await committer.committer.stop()

    assert exporter.get_finished_spans() == ()
    assert [int(headers[HEADER].rpartition("-")[2], 16) & 1 for headers in committer.headers()] == [0]


async def _refuse(_unit: UnitOfWork, _now: datetime) -> HandlerResult:
    raise Refusal("quota-full", title="张三 has none left")


async def _fail(_unit: UnitOfWork, _now: datetime) -> HandlerResult:
    raise ValueError("张三 150102199003078888")


async def test_failed_span_carries_only_the_error_class_or_refusal_code(
    spans: RecordedSpans, committer: TracedCommitter
) -> None:
    for number, run in enumerate((_refuse, _fail)):
        with pytest.raises((Refusal, ValueError), match=r"张三|quota-full"):
            await committer.committer.submit(WorkItem(str(number), run, Causation("c"), consumer="notify"))

    refused, broken = spans.find("handle")
    assert dict(refused.attributes or {}) == {"green.refusal": "quota-full"}
    assert dict(broken.attributes or {}) == {"error.type": "ValueError"}
    assert [span.status.status_code for span in (refused, broken)] == [StatusCode.UNSET, StatusCode.ERROR]
    assert "张三" not in "".join(span.to_json() for span in spans.exporter.get_finished_spans())


async def test_request_span_is_named_by_its_route_and_continues_the_trace_of_the_caller(
    spans: RecordedSpans, api: ApiHarness
) -> None:
    plan = await post_plan(api.client_as(Role.APPLICANT, organisation=USCC, prefecture="150100"))
    spans.exporter.clear()

    officer = api.client_as(Role.PREFECTURE_OFFICER, prefecture="150100")
    await officer.get(f"/v1/plans/{plan}", headers={"traceparent": CALLER})

    request = spans.find_one("GET /v1/plans/{plan}")
    assert CALLER.startswith(traceparent_of(request.parent))
    assert dict(request.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/v1/plans/{plan}",
        "http.response.status_code": 200,
    }


async def test_command_is_one_trace_from_the_request_to_the_commit(spans: RecordedSpans, api: ApiHarness) -> None:
    await post_plan(api.client_as(Role.APPLICANT, organisation=USCC, prefecture="150100"))

    request, work, handle, commit = (spans.find_one(name) for name in ("POST /v1/plans", "work", "handle", "commit"))
    assert parent_id(request) is None
    assert (parent_id(work), parent_id(handle), parent_id(commit)) == (span_id(request), span_id(work), span_id(work))


@pytest.mark.parametrize("header", ["", "00-0-0-00", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
async def test_invalid_traceparent_starts_a_new_trace(spans: RecordedSpans, api: ApiHarness, header: str) -> None:
    await api.anonymous().get("/v1/announced", headers={"traceparent": header})

    assert parent_id(spans.find_one("GET /v1/announced")) is None


async def test_failed_request_is_marked_and_an_unknown_path_is_not_recorded(
    spans: RecordedSpans, api: ApiHarness
) -> None:
    await api.anonymous().post("/v1/broken")
    await api.anonymous().get("/v1/persons/150102199003078888")

    broken = spans.find_one("POST /v1/broken")
    assert broken.status.status_code is StatusCode.ERROR
    assert dict(spans.find_one("GET").attributes or {}) == {
        "http.request.method": "GET",
        "http.response.status_code": 404,
    }


async def test_log_line_names_its_trace(spans: RecordedSpans, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("notify")
    logs.logger("t").warning("outside")
    with spans.tracing.work_span("notify"):
        logs.logger("t").warning("inside")
    logs.configure("chassis", "ERROR")

    outside, inside = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert "trace_id" not in outside
    assert inside["trace_id"] in traceparent_of(spans.find_one("work").context)
