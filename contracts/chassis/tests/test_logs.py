from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from chassis.observability import logs


@contextmanager
def configured_logs() -> Iterator[None]:
    """Configure logging as a service does, within one test because pytest has its own handlers for each phase."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure("review", "INFO")
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    line: dict[str, object] = json.loads(capsys.readouterr().err.splitlines()[-1])
    return line


def test_log_line_is_one_json_object_with_service_and_ids(capsys: pytest.CaptureFixture[str]) -> None:
    with configured_logs(), logs.bound(correlation_id="c-1", event_id="e-1"):
        logs.logger("test").info("case opened", cases=3)

    line = last_line(capsys)
    assert line["event"] == "case opened"
    assert (line["service"], line["correlation_id"], line["event_id"]) == ("review", "c-1", "e-1")
    assert (line["level"], line["cases"]) == ("info", 3)


def test_log_lines_of_libraries_have_the_same_format(capsys: pytest.CaptureFixture[str]) -> None:
    with configured_logs(), logs.bound(correlation_id="c-2"):
        logging.getLogger("uvicorn.error").info("started on %s", "amqp://review:secret@broker")

    line = last_line(capsys)
    assert line["correlation_id"] == "c-2"
    assert line["event"] == "started on amqp://***@broker"


@pytest.mark.parametrize(
    "personal",
    ["13800138000", "+86 13912345678", "wang.li@example.cn", "150102199003076415", "15010219900307641X"],
)
def test_personal_data_are_masked_at_any_depth(capsys: pytest.CaptureFixture[str], personal: str) -> None:
    with configured_logs():
        logs.logger("test").warning(f"reported by {personal}", contact={"of": [personal]})

    raw = capsys.readouterr().err
    assert personal not in raw
    assert "***" in raw


@dataclass
class Contact:
    number: str

    def __str__(self) -> str:
        return f"reach {self.number}"


@pytest.mark.parametrize(
    "held",
    [
        Contact("13800138000"),
        {"13800138000": 1},
        {1: {"13800138000"}},
        [13800138000],
        ValueError("13800138000"),
        "line\n13800138000",
        Path("13800138000"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_personal_data_in_objects_keys_and_numbers_are_masked(capsys: pytest.CaptureFixture[str], held: object) -> None:
    with configured_logs():
        logs.logger("test").warning("kept", held=held)

    raw = capsys.readouterr().err
    assert "13800138000" not in raw
    assert json.loads(raw)["event"] == "kept"


def test_personal_data_in_a_traceback_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    with configured_logs():
        logs.logger("test").error("failed", exc_info=ValueError("cannot send to wang.li@example.cn"))

    assert "wang.li" not in capsys.readouterr().err


@pytest.mark.parametrize("public", ["91150100MA0MXT5K3N", "911501001141237800", "150100", "2026-11-22"])
def test_codes_of_organisations_and_places_are_not_masked(capsys: pytest.CaptureFixture[str], public: str) -> None:
    with configured_logs():
        logs.logger("test").info("listed", unit=public)

    assert last_line(capsys)["unit"] == public


@pytest.mark.parametrize("value", ["\ud800", 2**70])
def test_value_that_json_cannot_hold_costs_no_line(capsys: pytest.CaptureFixture[str], value: object) -> None:
    with configured_logs():
        logs.logger("test").warning("parked", id=value, contact="wang.li@example.cn")

    line = last_line(capsys)
    assert (line["event"], line["contact"], line["service"]) == ("parked", "***", "review")
