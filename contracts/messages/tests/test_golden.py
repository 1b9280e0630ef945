"""Every released sample is still understood, and saying it again loses nothing of it."""

import json
from pathlib import Path

import pytest
from messages.catalogue import EVENTS
from messages.envelope import decode, encode

SAMPLES = Path(__file__).parents[1] / "samples"


def test_every_event_has_a_golden_sample_and_no_sample_is_orphaned() -> None:
    assert {each.stem for each in SAMPLES.glob("*.json")} == set(EVENTS)


def holds(whole: object, part: object) -> bool:
    """A field added since then may stand beside what was there, at any depth."""
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(name in whole and holds(whole[name], value) for name, value in part.items())
    if isinstance(whole, list) and isinstance(part, list):
        return len(whole) == len(part) and all(map(holds, whole, part))
    return whole == part


@pytest.mark.parametrize("name", EVENTS)
def test_the_golden_sample_is_heard_and_said_again_with_nothing_lost(name: str) -> None:
    sample = json.loads((SAMPLES / f"{name}.json").read_text())

    heard = decode(sample["headers"], json.dumps(sample["body"]).encode())
    again = encode(heard.event, event_id=heard.id, time=heard.time, correlation_id=heard.correlation_id)

    assert heard.type == name
    assert holds(json.loads(again.body), sample["body"])
    assert again.headers == sample["headers"]
