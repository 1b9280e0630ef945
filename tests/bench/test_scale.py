"""The scale-out is computed and shown as measured; the drain's checks find what is lost or done twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from devkit.private_servers import PrivateServers
from messages.review import CaseOpened, ConsultationOpened

from tests.bench import report_scale
from tests.bench.measure import Run
from tests.bench.review_drain import PublishedEvent, ReviewDrain
from tests.bench.scale_changes import ChangedWorkers
from tests.bench.scale_curve import Costs, curve, useful_workers
from tests.bench.scale_rounds import Scale, ScaleRun
from tests.bench.season import ASSESSORS, season

pytest_plugins = ["devkit.fixtures"]


def scale_run(rate: float, conflicts: int = 1) -> ScaleRun:
    """One with 1,000 µs of service and 100 each of mongod and broker for a case."""
    return ScaleRun(Run(1_000, 1_000 / rate, {"service": 1.0, "mongod": 0.1, "broker": 0.1}), 2.0, conflicts, 100)


def test_season_rests_on_repeating_assessors_and_carries_every_indicator() -> None:
    events = list(season(2_000))
    assessors = Counter(each.evaluation.assessor.uscc for each in events if each.evaluation.assessor)

    assert len({each.application_id for each in events}) == 2_000
    assert 0.75 < assessors.total() / 2_000 < 0.85
    assert len(assessors) < assessors.total()
    assert len(assessors) <= ASSESSORS
    assert events == list(season(2_000))


def test_two_workers_are_compared_with_what_the_cores_allow_at_the_measured_cpu() -> None:
    assert scale_run(1_500).share_of_allowed == pytest.approx(1_500 * 0.0012 / 2)
    assert scale_run(1_500, conflicts=3).conflict_share == pytest.approx(0.03)


def test_curve_grows_with_the_workers_until_the_queue_or_the_database_limits_it() -> None:
    points = curve(Costs(service=0.001, mongod=0.0001, broker=0.0002, kept_at_doubling=0.95))

    assert [round(each.rate) for each in points] == [1000, 1900, 3610, 5000, 5000, 5000]
    assert [each.limit for each in points] == ["workers"] * 3 + ["queue"] * 3
    assert useful_workers(points) == 8
    assert points[0].seconds(25_000) == pytest.approx(25)


def test_curve_of_workers_that_hinder_each_other_recommends_one() -> None:
    assert useful_workers(curve(Costs(0.001, 0.0001, 0.0001, kept_at_doubling=0.4))) == 1


def test_report_shows_the_aims_and_says_when_workers_could_not_be_held() -> None:
    free = {1: [scale_run(800)], 2: [scale_run(1_500)], 4: [scale_run(1_440)]}
    held = {1: [scale_run(200)], 2: [scale_run(380)], 4: [scale_run(722)]}
    lines = report_scale.lines(Scale(4_000, free, 1_200, held))

    text = " ".join(each.strip() for each in lines)

    assert "- Two workers reach **0.90 (0.90 to 0.90)** of what the cores allow at 1,200 µs a case" in text
    assert "and **1.88 (1.88 to 1.88)** of one; four reach **0.96 (0.96 to 0.96)** of two" in text
    assert "- Held to 0.2 core each, two workers reach **1.90 (1.90 to 1.90)** of one" in text
    assert "| 2 workers | 1,500 (1,500 to 1,500) | 1.88 | 0.90 of 2.00 | 1 / 100 | 1,000 / 100 / 100 |" in lines
    assert "| 1 | 1,000 | workers | 25 s | 100 s |" in lines

    skipped = report_scale.lines(Scale(4_000, free, 1_200, {}, "Permission denied"))
    assert "no CPU group (Permission denied)" in " ".join(each.strip() for each in skipped)


def test_report_of_changing_workers_names_what_was_violated() -> None:
    good, bad = ChangedWorkers(100, 2, 1, 2, [10, 40, 70]), ChangedWorkers(9, violations=["1 cases not opened: a"])

    assert " ".join(report_scale.changes(good)) == (
        "- 100 cases while 2 workers were added, 1 drained and 2 killed (at 10%, 40%, 70%): "
        "**none lost, none opened twice**."
    )
    assert report_scale.changes(bad)[-1].endswith("**1 cases not opened: a**.")


async def test_checks_of_a_drain_find_what_is_lost_written_twice_and_announced_twice(
    servers: PrivateServers, tmp_path: Path
) -> None:
    drain = await ReviewDrain.build(servers, tmp_path, 3)
    names = [f"season-{number:06}" for number in (1, 2, 3)]
    events = [
        PublishedEvent(kind.type, name, f"{kind.type}/{name}")
        for kind in (CaseOpened, ConsultationOpened)
        for name in names
    ]
    tables = drain.client[drain.database.name]
    tables["cases"].insert_many([{"_id": name, "_version": 1} for name in names])
    tables["records"].insert_many([{"_id": f"{name}:1", "case_id": name} for name in names])
    tables["inbox"].insert_many([{"_id": name} for name in names])
    assert drain.compare(Counter(events)) == []
    assert drain.compare(Counter([*events, events[0]])) == []  # published again under its own id

    tables["cases"].delete_one({"_id": names[0]})
    tables["cases"].update_one({"_id": names[1]}, {"$set": {"_version": 2}})
    tables["records"].insert_one({"_id": "again", "case_id": names[2]})
    tables["inbox"].delete_one({"_id": names[0]})
    found = drain.compare(Counter([*events[1:], events[4]._replace(id="another")]))

    assert found == [
        "1 cases not opened: season-000001",
        "1 cases written twice: season-000002",
        "1 records without exactly one entry: season-000003",
        "1 openings not under exactly one event id: season-000001",
        "1 consultations not under exactly one event id: season-000002",
        "2 rows in the inbox for 3 messages",
    ]
    await drain.remove()
