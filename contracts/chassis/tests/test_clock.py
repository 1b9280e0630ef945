from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from chassis.clock import ClockError, SimulatedClock, SystemClock, clock_of, set_simulated
from chassis.settings import Mode, Settings
from devkit.clock import FixedClock

REAL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NEW_YEAR = datetime(2026, 1, 1, 0, 0, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "clock" / "clock.json"


def settings(mode: Mode, clock_file: Path | None) -> Settings:
    return Settings.model_construct(mode=mode, clock_file=clock_file)


@pytest.mark.rule("T1")
def test_system_clock_returns_aware_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_simulated_clock_runs_on_from_its_setting(file: Path) -> None:
    real = FixedClock(REAL)
    set_simulated(file, NEW_YEAR, real=real)
    clock = SimulatedClock(file, real)

    real.advance(timedelta(minutes=5))

    assert clock.now() == NEW_YEAR + timedelta(minutes=5)


def test_every_reader_follows_a_replaced_setting(file: Path) -> None:
    real = FixedClock(REAL)
    set_simulated(file, NEW_YEAR, real=real)
    readers = [SimulatedClock(file, real) for _ in range(2)]
    assert [reader.now() for reader in readers] == [NEW_YEAR] * 2

    set_simulated(file, NEW_YEAR + timedelta(days=150), real=real)

    assert [reader.now() for reader in readers] == [NEW_YEAR + timedelta(days=150)] * 2


def test_simulated_clock_runs_backwards_only_when_allowed(file: Path) -> None:
    real = FixedClock(REAL)
    set_simulated(file, NEW_YEAR, real=real)

    with pytest.raises(ClockError, match="before the simulated present"):
        set_simulated(file, NEW_YEAR - timedelta(seconds=1), real=real)

    set_simulated(file, NEW_YEAR - timedelta(days=1), real=real, allow_backwards=True)
    assert SimulatedClock(file, real).now() == NEW_YEAR - timedelta(days=1)


def test_instants_of_other_time_zones_are_converted_to_utc(file: Path) -> None:
    real = FixedClock(REAL)
    set_simulated(file, datetime.fromisoformat("2026-01-01T08:00:00+08:00"), real=real)

    assert SimulatedClock(file, real).now() == NEW_YEAR


def test_instant_without_time_zone_is_refused(file: Path) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        set_simulated(file, datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test


def test_missing_or_broken_setting_is_named_in_the_error(file: Path) -> None:
    with pytest.raises(ClockError, match="is missing"):
        SimulatedClock(file).now()

    file.parent.mkdir()
    file.write_text('{"simulated": "yesterday"}', encoding="utf-8")
    with pytest.raises(ClockError, match="does not describe a simulated clock"):
        SimulatedClock(file).now()


def test_settings_choose_the_clock_and_production_refuses_a_simulated_one(file: Path) -> None:
    assert isinstance(clock_of(settings(Mode.PRODUCTION, None)), SystemClock)
    assert isinstance(clock_of(settings(Mode.LOCAL, file)), SimulatedClock)
    with pytest.raises(ClockError, match="refused in production"):
        clock_of(settings(Mode.PRODUCTION, file))
