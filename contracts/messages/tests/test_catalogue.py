import re
from typing import get_args

import pytest
from messages.catalogue import EVENTS, OWNERS
from messages.duties import HOLDERS, Duty, DutyMetFacts, DutyOpenedFacts, DutyOverdueFacts
from messages.event import Event

every_event = pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)


@every_event
def test_the_type_names_an_owner_we_know_and_the_subject_is_a_field(event: type[Event]) -> None:
    assert event.owner in OWNERS
    assert event.subject_field in event.model_fields


@every_event
def test_one_class_is_one_fact_in_its_owners_module(event: type[Event]) -> None:
    words = re.findall(r"[A-Z][a-z]+", event.__name__)

    assert event.__module__ == f"messages.{event.owner.replace('-', '_')}"
    assert words[-1].endswith(("ed", "Withdrawn", "Lost", "Met", "Overdue"))


@pytest.mark.rule("N3")
def test_whoever_opens_a_duty_says_also_that_it_is_met_and_overdue_and_of_known_kinds_only() -> None:
    said = [event for event in EVENTS.values() if issubclass(event, Duty)]

    for owner in {event.owner for event in said}:
        own = [event for event in said if event.owner == owner]
        assert {
            next(form for form in (DutyOpenedFacts, DutyMetFacts, DutyOverdueFacts) if issubclass(each, form))
            for each in own
        } == {
            DutyOpenedFacts,
            DutyMetFacts,
            DutyOverdueFacts,
        }
        (kinds,) = {get_args(each.model_fields["kind"].annotation) for each in own}
        assert set(kinds) <= set(HOLDERS)
        assert kinds


def test_a_class_with_a_malformed_type_is_refused() -> None:
    with pytest.raises(TypeError, match="no event type"):
        type(Event)("Wrong", (Event,), {"__module__": __name__}, type="Wrong Type", subject="sequence")
