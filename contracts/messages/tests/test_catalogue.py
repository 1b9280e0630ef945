import re

import pytest
from messages.catalogue import EVENTS, OWNERS
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


def test_a_class_with_a_malformed_type_is_refused() -> None:
    with pytest.raises(TypeError, match="no event type"):
        type(Event)("Wrong", (Event,), {"__module__": __name__}, type="Wrong Type", subject="sequence")
