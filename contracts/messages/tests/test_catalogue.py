import re
from typing import get_args

import pytest
from messages.catalogue import EVENTS, OWNERS
from messages.duties import HOLDERS, Duty, DutyMetFacts, DutyOpenedFacts, DutyOverdueFacts
from messages.event import Event
from messages.review import STAGES_AFTER_ACCEPTANCE, Case, CaseForwarded, PanelAppointed, Stage, stage_of
from messages.schemas import schema_of

every_event = pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)


@every_event
def test_the_type_names_an_owner_we_know_and_the_subject_is_a_field(event: type[Event]) -> None:
    assert event.owner in OWNERS
    assert event.subject_field in event.model_fields


@every_event
def test_one_class_is_one_fact_in_its_owners_module(event: type[Event]) -> None:
    words = re.findall(r"[A-Z][a-z]+", event.__name__)

    assert event.__module__.split(".")[:2] == ["messages", event.owner.replace("-", "_")]
    assert words[-1].endswith(("ed", "Withdrawn", "Lost", "Met", "Overdue"))


def events_about_cases(family: type[Case] = Case) -> list[type[Case]]:
    below = [each for child in family.__subclasses__() for each in events_about_cases(child)]
    return [*([family] if issubclass(family, Event) else []), *below]


@pytest.mark.rule("Q5")
@pytest.mark.parametrize("event", events_about_cases())
def test_event_about_a_case_answers_for_itself_whether_it_proves_acceptance(event: type[Case]) -> None:
    assert isinstance(vars(event).get("proves_acceptance"), bool)
    assert issubclass(event, Event)
    assert (stage_of(event) in STAGES_AFTER_ACCEPTANCE) is event.proves_acceptance
    assert "proves_acceptance" not in schema_of(event)["properties"]


@pytest.mark.rule("Q5")
def test_base_of_the_events_about_cases_gives_no_answer_for_them() -> None:
    assert not hasattr(Case, "proves_acceptance")
    assert len(events_about_cases()) == len([each for each in EVENTS.values() if each.aggregate == "case"])


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


def test_stages_named_in_policies_are_those_that_their_events_begin() -> None:
    assert (stage_of(CaseForwarded), stage_of(PanelAppointed)) == (Stage.FORWARDED, Stage.PANEL_APPOINTED)
