"""The page shows known measurements as expected."""

from __future__ import annotations

import pytest

from tests.bench import report, report_hop, report_reservations
from tests.bench.hop_competitors import BASELINE, COMPETITORS, GROUP, HARDER_FLOOR, SINGLE, TUNED
from tests.bench.hop_rounds import Hops
from tests.bench.measure import (
    ALL_PROCESSES,
    PROCESSES,
    Latencies,
    Run,
    cpu_cells,
    cpu_ratio,
    latency_cells,
    percentile,
    rate,
    rate_range,
    rate_ratio,
)
from tests.bench.reservation_rounds import SCENARIOS, Reservations
from tests.bench.results_page import HEADING, replace_sections
from tests.bench.steady_state import ALONE, BASELINE_ALONE, BESIDE_OTHERS, BESIDE_THE_ONE
from tests.bench.submit_rounds import GROUPED, SINGLE_COMMIT, Submits

MILLISECONDS = Latencies(tuple(each / 1000 for each in range(1, 101)), 40.0)


def runs(*rates: float) -> list[Run]:
    return [Run(1_000, 1_000 / each, dict.fromkeys(PROCESSES, 0.5)) for each in rates]


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 3), (0.99, 5), (1.0, 5)])
def test_percentile_is_the_value_below_which_that_share_lies(share: float, value: int) -> None:
    assert percentile([5, 3, 1, 2, 4], share) == value


def test_runs_are_summarised_by_median_range_and_cpu_time() -> None:
    three = runs(900, 1_200, 1_000)

    assert rate(three) == pytest.approx(1_000)
    assert rate_range(three) == "900 to 1,200"
    assert cpu_cells(three) == "500 / 500 / 500"
    assert latency_cells([MILLISECONDS]) == "51 / 100"


def test_new_measurement_replaces_its_own_section_only() -> None:
    page = replace_sections("", {"One hop": ["old"], "HTTP submit": ["kept"]}, "on Monday")

    again = replace_sections(page, {"One hop": ["new"]}, "on Tuesday")

    assert again == f"{HEADING}\n## One hop\n\non Tuesday\n\nnew\n\n## HTTP submit\n\non Monday\n\nkept\n"


def test_report_of_the_hop_shows_targets_and_fewer_messages_of_the_slow_competitor() -> None:
    rates = dict.fromkeys(COMPETITORS, 1000.0) | {SINGLE: 100.0, BASELINE: 1_250.0, HARDER_FLOOR: 2_000.0}
    lines = report_hop.lines(Hops({name: runs(each, each) for name, each in rates.items()}, {GROUP: MILLISECONDS}))

    assert f"| {SINGLE} | 100 (100 to 100) | 0.08 | 0.05 | 500 / 500 / 500 |" in lines
    assert f"- “{GROUP}” reaches **0.80 (0.80 to 0.80)** of" in lines
    assert f"- “{TUNED}” reaches **0.50 (0.50 to 0.50)** of" in lines
    assert f"| {GROUP} | 51 / 100 |" in lines
    assert any("**10.00 (10.00 to 10.00) times** a transaction for each message" in line for line in lines)
    assert any("of 400 by “transaction per message”" in line for line in lines)
    assert any("2 commits in flight" in line for line in lines)


def test_ratio_compares_within_each_round_by_rate_and_by_cpu_time() -> None:
    slow = [Run(100, 1.0, {"service": 0.2, "mongod": 0.1}), Run(100, 2.0, {"service": 0.4, "mongod": 0.1})]
    fast = [Run(100, 0.5, {"service": 0.1, "mongod": 0.1}), Run(100, 0.5, {"service": 0.1, "mongod": 0.1})]

    assert str(rate_ratio(slow, fast)) == "0.38 (0.25 to 0.50)"
    assert cpu_ratio(slow, fast, "service").rounds == pytest.approx((0.5, 0.25))
    assert cpu_ratio(slow, fast, ALL_PROCESSES).rounds == pytest.approx((2 / 3, 0.4))


def test_report_of_submits_shows_their_ratio() -> None:
    submits = Submits()
    for batch, each in ((GROUPED, 400.0), (SINGLE_COMMIT, 100.0)):
        submits.add(batch, runs(each)[0], MILLISECONDS, MILLISECONDS)
    lines = report.submit(submits)

    assert "- Group commit takes **4.00 (4.00 to 4.00) times** the submits of a transaction for each" in " ".join(lines)
    assert "| batches of up to 100 | 400 (400 to 400) | 51 / 100 | 40 | 51 / 100 | 500 / 500 / 500 |" in lines


def test_report_of_reservations_compares_with_their_baselines() -> None:
    latencies = {name: [MILLISECONDS] for name in (ALONE, BESIDE_OTHERS, BESIDE_THE_ONE, BASELINE_ALONE)}
    runs_by_name = {each.name: runs(1_000.0 if each.name == each.baseline else 500.0) for each in SCENARIOS}
    lines = report_reservations.lines(Reservations(runs_by_name, 125.0, latencies))

    assert "- Of the rate of a bare conditional update: ten thousand representatives **0.50 (0.50 to 0.50)**," in lines
    assert f"| {SCENARIOS[0].name} | 0.50 (0.50 to 0.50) | 500 (500 to 500) | 500 / 500 / 500 |" in lines
    assert f"| {ALONE} | 51 / 100 | 1.00 (1.00 to 1.00) | 40 |" in lines
