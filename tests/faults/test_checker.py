"""The checker accepts a correct final state and finds each single violation in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from applications.domain.application import Application, State
from chassis.outbox.entries import Causation, entry
from devkit.clock import FixedClock
from devkit.in_memory_system import InMemorySystem, ServiceUnderTest
from messages.applications import ApplicationAccepted, ApplicationSubmitted
from messages.event import Event
from messages.values import Evaluation, Level, UnitRef

from deploy.services import SERVICES, Service
from tests.architecture.sources import ROOT
from tests.faults.checker import Checker
from tests.faults.final_state import IN_EVERY_SERVICE, IN_ONE_SERVICE, Documents
from tests.faults.history import Completion, Operation
from tests.support.fault_injection import EFFECTS, with_effect_counter
from tests.support.load_data import YEAR, Applicant

APPLICATION, UNANSWERED = "app-1", "app-2"
NOW = datetime(2026, 4, 20, 2, tzinfo=UTC)
OPENED = f"review.case.opened.v1:{APPLICATION}:1"

MutableState = dict[str, dict[str, Documents]]


@pytest.fixture
async def final_state() -> MutableState:
    """One unit that evaluates itself is accepted; the submission of another got no answer and is still a draft."""
    system = InMemorySystem(*map(_service_under_test, SERVICES), clock=FixedClock(NOW))
    applications = _application(APPLICATION, State.ACCEPTED), _application(UNANSWERED, State.DRAFT)
    for application in applications:
        await system.perform("applications", _save, application)
    for event in (_sample(ApplicationSubmitted, 1), _sample(ApplicationAccepted, 2)):
        await system.publish(event)
    return {
        name: _collections(service, [each for each in system.published if each.owner == name])
        for name, service in system.members.items()
    }


def _application(name: str, state: State) -> Application:
    unit = UnitRef.model_validate(Applicant(1, None).unit)
    return Application(name, unit, Level.REGION, YEAR, Evaluation(way="self"), state)


async def _save(application: Application, store: Any, _now: datetime) -> list[Event]:  # noqa: ANN401 - the service's own
    store.applications.save(application.application_id, application)
    return []


def _service_under_test(service: Service) -> ServiceUnderTest:
    store = import_module(f"{service.package}.store")
    return ServiceUnderTest(
        service.name, [with_effect_counter(each) for each in service.subscriptions()], store.Store, store.AGGREGATES
    )


def _collections(service: ServiceUnderTest, events: list[Event]) -> dict[str, Documents]:
    documents = {name: list(documents.values()) for name, documents in service.memory.collections.items()}
    outbox = [{"sent": True, "events": [entry(each, Causation(each.subject), NOW)]} for each in events]
    empty: dict[str, Documents] = {name: [] for name in (*IN_EVERY_SERVICE, *IN_ONE_SERVICE.get(service.name, ()))}
    return empty | documents | {"outbox": outbox}


def _sample(event: type[Event], sequence: int) -> Event:
    file = ROOT / "contracts" / "messages" / "samples" / f"{event.type}.json"
    body = json.loads(file.read_text(encoding="utf-8"))["body"]
    return event.model_validate(
        {**body, "application_id": APPLICATION, "sequence": sequence, "evaluation": {"way": "self"}}
    )


def violations(final_state: MutableState, *, unanswered: Completion = "info") -> list[str]:
    history = {APPLICATION: Operation(APPLICATION, "ok", 200), UNANSWERED: Operation(UNANSWERED, unanswered, 0)}
    applicants = {APPLICATION: Applicant(1, None), UNANSWERED: Applicant(2, None)}
    return Checker(final_state, history, applicants).check().violations


def test_checker_accepts_a_correct_history(final_state: MutableState) -> None:
    assert violations(final_state) == []


def _without(name: str) -> Callable[[MutableState], None]:
    def change(final_state: MutableState) -> None:
        documents = final_state["notify"][name]
        documents[:] = [each for each in documents if "review" not in each["_id"]]

    return change


def _repeat_effect(final_state: MutableState) -> None:
    next(each for each in final_state["notify"][EFFECTS] if each["_id"] == OPENED)["times"] = 2


def _defer(final_state: MutableState) -> None:
    """Park the message: in any state it is not consumed."""
    _without("inbox")(final_state)
    _without(EFFECTS)(final_state)
    event_id = f"review:case:{APPLICATION}:1:opened"
    final_state["notify"]["parked"].append({"event_id": event_id, "state": "deferred", "reason": "not yet"})


def _alter_record(final_state: MutableState) -> None:
    final_state["review"]["records"][0]["reason"] = "为他人所改"


def _cut_record(final_state: MutableState) -> None:
    final_state["review"]["records"].pop()


def _half_file(final_state: MutableState) -> None:
    final_state["applications"]["applications"][1]["state"] = "submitted"


def _repeat_outcome(final_state: MutableState) -> None:
    outbox = final_state["applications"]["outbox"]
    outbox.append(outbox[-1])


def _decide_without_event(final_state: MutableState) -> None:
    final_state["applications"]["applications"][1]["state"] = "refused"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_without(EFFECTS), "published without effect in notify"),
        (_without("inbox"), "published and not consumed by notify"),
        (_defer, "published and not consumed by notify"),
        (_repeat_effect, "effects of notify more than once"),
        (_alter_record, "altered records"),
        (_cut_record, "altered records"),
        (_half_file, "unanswered and half filed"),
        (_repeat_outcome, "outcomes not published exactly once"),
        (_decide_without_event, "outcomes not published exactly once"),
    ],
)
def test_checker_finds_each_violation(
    final_state: MutableState, change: Callable[[MutableState], None], expected: str
) -> None:
    change(final_state)

    assert [each for each in violations(final_state) if each.startswith(expected)]


def test_acknowledged_submission_that_is_still_a_draft_is_lost(final_state: MutableState) -> None:
    (violation,) = violations(final_state, unanswered="ok")

    assert violation == f"acknowledged and lost: 1, for example {UNANSWERED}"
