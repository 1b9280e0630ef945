"""What the checker must notice: a small town, whole, and then with one thing wrong in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import pytest
from applications.domain.application import Application, State
from chassis.clock import FixedClock
from chassis.outbox.entries import Causation, entry
from devkit.in_memory_system import InMemorySystem, ServiceUnderTest
from messages.applications import ApplicationAccepted, ApplicationSubmitted
from messages.event import Event
from messages.values import Evaluation, Level, UnitRef

from deploy.services import SERVICES, Service
from tests.architecture.sources import ROOT
from tests.faults.checker import Checker
from tests.faults.final_state import OF_ALL, OF_ONE, Documents
from tests.faults.history import Ending, Entry
from tests.support.fault_injection import EFFECTS, with_effect_counter
from tests.support.load_data import YEAR, Applicant

APPLICATION, UNSENT = "app-1", "app-2"
NOW = datetime(2026, 4, 20, 2, tzinfo=UTC)
OPENED = f"review.case.opened.v1:{APPLICATION}:1"

Left = dict[str, dict[str, Documents]]


@pytest.fixture
async def left() -> Left:
    """One unit that evaluates itself was accepted; another's client heard nothing, and it is a draft still."""
    world = InMemorySystem(*map(_member, SERVICES), clock=FixedClock(NOW))
    filed = _application(APPLICATION, State.ACCEPTED), _application(UNSENT, State.DRAFT)
    for application in filed:
        await world.perform("applications", _keep, application)
    for event in (_sample(ApplicationSubmitted, 1), _sample(ApplicationAccepted, 2)):
        await world.publish(event)
    return {
        name: _held(member, [each for each in world.said if each.owner == name])
        for name, member in world.members.items()
    }


def _application(name: str, state: State) -> Application:
    unit = UnitRef.model_validate(Applicant(1, None).unit)
    return Application(name, unit, Level.REGION, YEAR, Evaluation(way="self"), state)


async def _keep(application: Application, store: Any, _now: datetime) -> list[Event]:  # noqa: ANN401 - the service's own
    store.applications.save(application.application_id, application)
    return []


def _member(service: Service) -> ServiceUnderTest:
    store = import_module(f"{service.package}.store")
    return ServiceUnderTest(
        service.name, [with_effect_counter(each) for each in service.subscriptions()], store.Store, store.AGGREGATES
    )


def _held(member: ServiceUnderTest, said: list[Event]) -> dict[str, Documents]:
    held = {name: list(documents.values()) for name, documents in member.memory.collections.items()}
    outbox = [{"sent": True, "events": [entry(each, Causation(each.subject), NOW)]} for each in said]
    empty: dict[str, Documents] = {name: [] for name in (*OF_ALL, *OF_ONE.get(member.name, ()))}
    return empty | held | {"outbox": outbox}


def _sample(event: type[Event], sequence: int) -> Event:
    file = ROOT / "contracts" / "messages" / "samples" / f"{event.type}.json"
    body = json.loads(file.read_text(encoding="utf-8"))["body"]
    return event.model_validate(
        {**body, "application_id": APPLICATION, "sequence": sequence, "evaluation": {"way": "self"}}
    )


def violations(left: Left, *, of_unsent: Ending = "unknown") -> list[str]:
    told = {APPLICATION: Entry(APPLICATION, "ok", 200), UNSENT: Entry(UNSENT, of_unsent, 0)}
    applicants = {APPLICATION: Applicant(1, None), UNSENT: Applicant(2, None)}
    return Checker(left, told, applicants).check().violations


def test_a_town_where_all_is_well_has_no_violation(left: Left) -> None:
    assert violations(left) == []


def _without(name: str) -> Callable[[Left], None]:
    def change(left: Left) -> None:
        documents = left["notify"][name]
        documents[:] = [each for each in documents if "review" not in each["_id"]]

    return change


def _handled_twice(left: Left) -> None:
    next(each for each in left["notify"][EFFECTS] if each["_id"] == OPENED)["times"] = 2


def _put_aside(left: Left) -> None:
    """A parked message of any state is none that was heard."""
    _without("inbox")(left)
    _without(EFFECTS)(left)
    event_id = f"review:case:{APPLICATION}:1:opened"
    left["notify"]["parked"].append({"event_id": event_id, "state": "replay", "reason": "not yet"})


def _record_changed(left: Left) -> None:
    left["review"]["records"][0]["why"] = "为他人所改"


def _record_cut(left: Left) -> None:
    left["review"]["records"].pop()


def _filed_by_half(left: Left) -> None:
    left["applications"]["applications"][1]["state"] = "submitted"


def _decided_twice(left: Left) -> None:
    outbox = left["applications"]["outbox"]
    outbox.append(outbox[-1])


def _decided_silently(left: Left) -> None:
    left["applications"]["applications"][1]["state"] = "refused"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_without(EFFECTS), "said and without its effect in notify"),
        (_without("inbox"), "said and not heard by notify"),
        (_put_aside, "said and not heard by notify"),
        (_handled_twice, "effects of notify more than once"),
        (_record_changed, "records that are not what was written"),
        (_record_cut, "records that are not what was written"),
        (_filed_by_half, "told nothing and filed by half"),
        (_decided_twice, "outcomes not said exactly once"),
        (_decided_silently, "outcomes not said exactly once"),
    ],
)
def test_the_checker_notices(left: Left, change: Callable[[Left], None], told: str) -> None:
    change(left)

    assert [each for each in violations(left) if each.startswith(told)]


def test_a_client_that_was_told_yes_may_not_find_a_draft(left: Left) -> None:
    (violation,) = violations(left, of_unsent="ok")

    assert violation == f"told ok and lost: 1, for example {UNSENT}"
