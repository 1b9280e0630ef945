"""Every released sample is still understood, and saying it again gives the same body."""

import json
from pathlib import Path

import pytest
from messages.catalogue import EVENTS
from messages.envelope import hear, say

SAMPLES = Path(__file__).parents[1] / "samples"


def test_every_event_has_a_golden_sample_and_no_sample_is_orphaned() -> None:
    assert {each.stem for each in SAMPLES.glob("*.json")} == set(EVENTS)


@pytest.mark.parametrize("name", EVENTS)
def test_the_golden_sample_is_heard_and_said_again_unchanged(name: str) -> None:
    sample = json.loads((SAMPLES / f"{name}.json").read_text())

    heard = hear(sample["headers"], json.dumps(sample["body"]).encode())
    again = say(heard.event, event_id=heard.id, time=heard.time, correlation_id=heard.correlation_id)

    assert heard.type == name
    assert json.loads(again.body) == sample["body"]
    assert again.headers == sample["headers"]
