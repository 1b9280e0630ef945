"""Every released sample is still understood, and saying it again loses nothing of it."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from messages.catalogue import EVENTS
from messages.envelope import decode, encode

SHANGHAI = timezone(timedelta(hours=8))
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


@pytest.mark.parametrize("name", EVENTS)
def test_golden_sample_tells_a_case_that_the_services_would_not_refuse(name: str) -> None:
    sample = json.loads((SAMPLES / f"{name}.json").read_text())["body"]

    evaluations = {each["uscc"] for key, each in values(sample) if key == "assessor" and each}
    units = {each["uscc"] for key, each in values(sample) if key == "unit" and isinstance(each, dict)}
    assert not units & evaluations, "a unit is not its own assessor"

    levels = [each for key, each in values(sample) if key == "level"]
    assert set(levels) <= {"region"}, "review and the registry take in the region's units only (V11, V12)"

    for key, each in values(sample):
        if isinstance(each, dict) and {"submitted_at", "submitted_on"} <= each.keys():
            submitted = datetime.fromisoformat(each["submitted_at"]).astimezone(SHANGHAI)
            assert each["submitted_on"] == submitted.date().isoformat()
        if key == "ban" and each:
            assert each["last_day"] > each["first_day"]
    assert sample.get("minimum_end", "z") > sample.get("opened_on", "")


def values(node: object, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a sample with the field it stands in, the sample itself included."""
    yield key, node
    if isinstance(node, dict):
        for name, value in node.items():
            yield from values(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from values(value, key)
