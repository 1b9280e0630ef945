import json
from datetime import UTC, date, datetime

import pytest
from cloudevents.core.bindings import rabbitmq
from messages.envelope import OutgoingMessage, UndecodableMessageError, decode, encode
from messages.review import CaseForwarded
from pydantic import ValidationError

FACT = {
    "case_id": "app-2026-1",
    "unit": {"uscc": "911501000000000191", "name": "甲", "unit_type": "factory", "prefecture": "150100"},
    "level": "region",
    "batch_year": 2026,
    "rule_set": "2024-01-19",
    "forwarded_on": date(2026, 5, 30),
    "sequence": 4,
}
AT = datetime(2026, 5, 30, 8, tzinfo=UTC)


def sample() -> OutgoingMessage:
    return encode(CaseForwarded.model_validate(FACT), event_id="e-1", time=AT, correlation_id="c-1")


def test_attributes_travel_as_headers_and_the_fact_as_body() -> None:
    assert sample().headers["ce-type"] == "review.case.forwarded.v1"
    assert sample().headers["ce-subject"] == "app-2026-1"
    assert sample().headers["ce-sequence"] == "4"
    assert json.loads(sample().body)["forwarded_on"] == "2026-05-30"


def test_what_was_said_is_heard() -> None:
    heard = decode(sample().headers, sample().body)

    assert (heard.id, heard.time, heard.correlation_id) == ("e-1", AT, "c-1")
    assert heard.event == CaseForwarded.model_validate(FACT)


def test_structured_mode_is_heard_too() -> None:
    body = {
        "specversion": "1.0", "id": "e-1", "source": "/green/review", "type": "review.case.forwarded.v1",
        "time": "2026-05-30T08:00:00Z", "datacontenttype": "application/json", "data": json.loads(sample().body),
    }  # fmt: skip

    heard = decode({}, json.dumps(body).encode(), "application/cloudevents+json")

    assert heard.event == CaseForwarded.model_validate(FACT)


def test_the_library_reads_the_same_attributes_as_we_do() -> None:
    event = rabbitmq.from_binary_event(rabbitmq.RabbitMQMessage(sample().headers, "application/json", sample().body))

    heard = decode(sample().headers, sample().body)

    assert (event.get_id(), event.get_source(), event.get_type()) == (heard.id, heard.source, heard.type)
    assert (event.get_time(), event.get_attributes()["correlationid"]) == (heard.time, heard.correlation_id)


def test_unknown_fields_are_ignored_when_heard_and_refused_when_encoded() -> None:
    body = json.loads(sample().body)
    body["remark"] = 1
    body["unit"]["alias"] = "乙"

    assert decode(sample().headers, json.dumps(body).encode()).event.subject == "app-2026-1"
    with pytest.raises(ValidationError, match="remark"):
        CaseForwarded.model_validate({**FACT, "remark": 1})


def test_a_body_that_does_not_validate_names_every_field() -> None:
    body = json.loads(sample().body)
    del body["case_id"]
    body["batch_year"] = "soon"

    with pytest.raises(UndecodableMessageError, match=r"batch_year.*case_id|case_id.*batch_year"):
        decode(sample().headers, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"ce-type": "review.case.invented.v1"}, "unknown event type"),
        ({"ce-source": "/green/notify"}, "is said by 'review'"),
        ({"ce-time": "yesterday"}, "no CloudEvent"),
        ({"ce-time": "2026-05-30T08:00:00"}, "names no zone"),
        ({"ce-specversion": "9"}, "no CloudEvent"),
        ({"ce-id": ""}, "id missing"),
    ],
)
def test_a_message_nobody_can_understand_says_why(change: dict[str, str], complaint: str) -> None:
    with pytest.raises(UndecodableMessageError, match=complaint):
        decode(sample().headers | change, sample().body)


def test_a_message_without_attributes_is_no_event() -> None:
    with pytest.raises(UndecodableMessageError, match="no CloudEvent"):
        decode({}, b"{}")
