"""Peers of the hop: one that does not run is said, and the others are measured all the same."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench import peer_rounds, report_peers
from tests.bench.hop_competitors import GROUP
from tests.bench.measure import PROCESSES, Run
from tests.bench.peer_rounds import PEERS, PeerError, PeerRuns, _fill


def runs(*rates: float) -> list[Run]:
    return [Run(1_000, 1_000 / each, dict.fromkeys(PROCESSES, 100 / each)) for each in rates]


def test_report_shows_how_many_times_a_peer_the_product_is_and_who_does_not_run() -> None:
    lines = report_peers.lines(
        PeerRuns({GROUP: runs(2_000, 1_000), "other": runs(500, 500)}, {"third": "no such loop"})
    )

    assert "| other | 500 (500 to 500) | 3.00 (2.00 to 4.00) | 3.00 | 200 / 200 / 200 |" in lines
    assert lines[-1] == "- third does not run here: no such loop"


def test_every_peer_has_its_module() -> None:
    folder = Path(peer_rounds.__file__).parent / "peers"

    assert {each.module for each in PEERS} == {f"tests.bench.peers.{each.stem}" for each in folder.glob("*_hop.py")}


async def test_peer_that_ends_early_is_said_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_rounds, "ENVIRONMENT", Path(sys.executable).parent)

    with pytest.raises(PeerError, match="No module named"):
        await _fill(peer_rounds.Peer("absent", "tests.bench.peers.absent", ()), {})
