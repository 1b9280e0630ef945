"""What measurements come to on the page, for a handful of known ones."""

from __future__ import annotations

import pytest

from tests.bench import report, report_reservations
from tests.bench.hop import CONTESTANTS, FLOOR, GROUP, SINGLE
from tests.bench.measure import PROCESSES, Latencies, Run, costs, percentile, rate, spread, waits
from tests.bench.reservations import CONTESTS, Reservations
from tests.bench.results_page import HEADING, replaced
from tests.bench.rounds import Hops
from tests.bench.steady_state import ALONE, BARE, BESIDE_OTHERS, BESIDE_THE_ONE
from tests.bench.submit import GATHERED, SINGLY, Submits

MILLISECONDS = Latencies(tuple(each / 1000 for each in range(1, 101)), 40.0)


def runs(*rates: float) -> list[Run]:
    return [Run(1_000, 1_000 / each, dict.fromkeys(PROCESSES, 0.5)) for each in rates]


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 3), (0.99, 5), (1.0, 5)])
def test_a_percentile_is_the_value_below_which_that_share_lies(share: float, value: int) -> None:
    assert percentile([5, 3, 1, 2, 4], share) == value


def test_runs_come_to_a_median_with_its_spread_and_its_costs() -> None:
    three = runs(900, 1_200, 1_000)

    assert rate(three) == pytest.approx(1_000)
    assert spread(three) == "900 to 1,200"
    assert costs(three) == "500 / 500 / 500"
    assert waits([MILLISECONDS]) == "51 / 100"


def test_a_section_measured_again_replaces_its_own_and_leaves_the_others() -> None:
    page = replaced("", {"One hop": ["old"], "HTTP submit": ["kept"]}, "on Monday")

    again = replaced(page, {"One hop": ["new"]}, "on Tuesday")

    assert again == f"{HEADING}\n## One hop\n\non Tuesday\n\nnew\n\n## HTTP submit\n\non Monday\n\nkept\n"


def test_the_hop_is_told_with_its_targets_its_clock_and_how_few_the_slow_one_drained() -> None:
    rates = dict.fromkeys(CONTESTANTS, 1000.0) | {SINGLE: 100.0, FLOOR: 1_250.0}
    told = report.hop(Hops({name: runs(each) for name, each in rates.items()}, {GROUP: MILLISECONDS}))

    assert "- Group commit runs at **10.0 times** a transaction for each message (aim: at least 5)." in told
    assert "- It reaches **80%** of the floor written by hand on aio-pika (aim: at least 80 %)." in told
    assert f"| {SINGLE} | 100 (100 to 100) | 1.0 | 500 / 500 / 500 |" in told
    assert f"| {GROUP} | 51 / 100 |" in told
    assert any("of 400 by “transaction per message”" in line for line in told)
    assert any("2 commits in flight" in line for line in told)


def test_submits_are_told_with_their_ratio() -> None:
    submits = Submits()
    for batch, each in ((GATHERED, 400.0), (SINGLY, 100.0)):
        submits.add(batch, runs(each)[0], MILLISECONDS, MILLISECONDS)
    told = report.submit(submits)

    assert told[-1] == "- Group commit takes **4.0 times** the submits of a transaction for each."
    assert "| batches of up to 100 | 400 (400 to 400) | 51 / 100 | 40 | 51 / 100 | 500 / 500 / 500 |" in told


def test_reservations_are_told_beside_their_floors() -> None:
    latencies = {name: [MILLISECONDS] for name in (ALONE, BESIDE_OTHERS, BESIDE_THE_ONE, BARE)}
    every = {each.name: runs(1_000.0 if each.name == each.floor else 500.0) for each in CONTESTS}
    told = report_reservations.lines(Reservations(every, 125.0, latencies))

    assert "- Of the rate of a bare conditional update: ten thousand representatives **0.50**," in told
    assert f"| {CONTESTS[0].name} | 0.50 | 500 (500 to 500) | 500 / 500 / 500 |" in told
    assert f"| {ALONE} | 51 / 100 | 1.00 | 40 |" in told
