"""Digests of a list as anybody computes them from what is published (L5), and what a clearance and a move rest on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import pytest
from messages.applications import UnitMoved
from messages.registry import ListAnnounced
from messages.values import Level, Prefecture
from registry.domain.chain import GENESIS, digest_lines, seal
from registry.domain.lines import to_event_line
from registry.domain.locations import FormerPrefecture, Location, Residence
from registry.domain.notices import Showing, conclusion_of, supports
from registry.domain.reconciliation import (
    DifferenceKind,
    Reconciliation,
    ReconciliationReport,
    Summary,
    Sweep,
    case_differences,
    notice_difference,
)

from services.registry.tests.builders import CLOSING, DAIRY, STEEL, at, case_cleared, notice_concluded, unit
from services.registry.tests.harness import RegistryHandlers

HOUR = timedelta(hours=1)
NOW = at(CLOSING)


def published_digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


@pytest.mark.rule("L5", "L3")
async def test_a_lists_digest_covers_all_that_its_announcement_publishes(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1"), case_cleared("app-2", unit(DAIRY)))
    await handlers.close()
    announced = await handlers.announce()

    (said,) = [each for each in handlers.published if isinstance(each, ListAnnounced)]
    published = said.model_dump(mode="json", exclude={"list_id", "digest", "sequence"})
    assert published["previous_digest"] == "0" * 64 == GENESIS
    assert said.digest == published_digest(published)
    assert announced.announcement is not None
    changed: list[dict[str, Any]] = [{"year": 2025}, {"level": Level.NATION}, {"lines_digest": "a" * 64}]
    changed += [{"corrects": 1}, {"why": "更正"}, {"rule_set": "2030-01-01"}, {"counts": {"addition": 3}}]
    for each in changed:
        assert seal(replace(announced, **each), announced.announcement) != said.digest, each
    for other in ({"number": 2}, {"document_number": "x"}, {"announced_on": CLOSING}, {"previous_digest": "1" * 64}):
        assert seal(announced, replace(announced.announcement, **other)) != said.digest, other  # type: ignore[arg-type]


@pytest.mark.rule("L5")
async def test_the_digest_of_lines_links_each_line_to_the_one_before(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1"), case_cleared("app-2", unit(DAIRY)))
    closed = await handlers.close()
    lines = await handlers.lines()

    link = "0" * 64
    for line in lines:
        link = sha256((link + published_digest(to_event_line(line).model_dump(mode="json"))).encode()).hexdigest()
    assert closed.lines_digest == digest_lines(lines) == link
    assert digest_lines(lines[1:], digest_lines(lines[:1])) == link
    assert digest_lines(reversed(lines)) != link
    assert digest_lines([]) == GENESIS


@pytest.mark.rule("V10")
def test_a_clearance_rests_on_the_conclusion_of_its_own_notice_level_and_year() -> None:
    cleared = case_cleared()
    showing, notice = Showing(cleared.case_id, cleared.notice_id), conclusion_of(notice_concluded(cleared), NOW)

    assert supports(showing, notice, cleared)
    assert not supports(None, notice, cleared)
    assert not supports(showing, None, cleared)
    assert not supports(replace(showing, notice_id="notice-other"), notice, cleared)
    assert not supports(showing, replace(notice, level=Level.NATION), cleared)
    assert not supports(showing, replace(notice, batch_year=2025), cleared)


async def test_a_case_that_counts_and_that_no_concluded_notice_names_is_a_difference(
    handlers: RegistryHandlers,
) -> None:
    cleared = case_cleared()
    await handlers.clear(cleared)
    (case,) = await handlers.store().clearances.find()
    showings = {case.case_id: Showing(case.case_id, cleared.notice_id)}
    notices = {cleared.notice_id: conclusion_of(notice_concluded(cleared), NOW)}
    elsewhere = {case.case_id: Showing(case.case_id, "notice-other")}

    def found(*given: Any) -> list[tuple[DifferenceKind, str | None]]:  # noqa: ANN401 - showings and notices
        return [(each.kind, each.case_id) for each in case_differences([case], *given)]

    difference = [(DifferenceKind.CLEARED_WITHOUT_NOTICE, case.case_id)]
    assert found(showings, notices) == []
    assert found({}, notices) == found(showings, {}) == found(elsewhere, notices) == difference


def test_the_clearances_of_a_notice_are_counted_an_hour_after_it_and_lie_between_reviews_counts() -> None:
    notice = conclusion_of(notice_concluded(case_cleared(), cleared=2, waiting=1), NOW)

    assert notice_difference(notice, 0, NOW + HOUR - timedelta(seconds=1)) is None
    kinds = [
        difference and (difference.kind, difference.here, difference.review)
        for here in range(5)
        for difference in [notice_difference(notice, here, NOW + HOUR)]
    ]
    assert kinds == [
        (DifferenceKind.FEWER_THAN_REVIEW, 0, 2),
        (DifferenceKind.FEWER_THAN_REVIEW, 1, 2),
        None,
        None,
        (DifferenceKind.MORE_THAN_REVIEW, 4, 3),
    ]


def test_a_sweep_goes_on_where_it_was_and_rests_nine_times_as_long_as_it_took_but_half_an_hour_at_most() -> None:
    rest, minute = timedelta(minutes=5), timedelta(minutes=1)

    def rests(took: timedelta) -> timedelta:
        known = Reconciliation(ReconciliationReport(NOW - took, NOW, Summary()))
        return next(minute * n for n in range(100) if known.next_step(NOW + minute * n, rest) is not None)

    under_way = Sweep(NOW, after="app-7")
    assert Reconciliation(sweep=under_way).next_step(NOW + HOUR, rest) == under_way
    assert Reconciliation().next_step(NOW, rest) == Sweep(NOW)
    assert [rests(minute * each) for each in (0, 1, 4)] == [rest, minute * 9, minute * 30]


def moved(former: Prefecture, to: Prefecture, day: date, sequence: int) -> UnitMoved:
    return UnitMoved(
        uscc=STEEL, former=former, prefecture=to, moved_on=day, document_number="内工信函〔2026〕7号", sequence=sequence
    )


@pytest.mark.rule("R36")
def test_moves_in_any_order_lead_to_one_residence_that_past_days_remember() -> None:
    first = moved(Prefecture.HOHHOT, Prefecture.BAOTOU, date(2026, 3, 1), 1)
    second = moved(Prefecture.BAOTOU, Prefecture.WUHAI, date(2027, 3, 1), 2)
    forth = Location(STEEL).with_move(first).with_move(second)

    assert forth == Location(STEEL).with_move(second).with_move(first).with_move(second)
    there = Residence(Prefecture.HOHHOT).after(forth.moves)
    assert there == Residence(
        Prefecture.WUHAI,
        (
            FormerPrefecture(Prefecture.HOHHOT, date(2026, 3, 1)),
            FormerPrefecture(Prefecture.BAOTOU, date(2027, 3, 1)),
        ),
    )
    assert there.after(forth.moves) == there
    days = (date(2026, 2, 28), date(2026, 3, 1), date(2027, 2, 28), date(2027, 3, 1))
    assert [there.on(day) for day in days] == [
        Prefecture.HOHHOT,
        Prefecture.BAOTOU,
        Prefecture.BAOTOU,
        Prefecture.WUHAI,
    ]
    assert Residence(Prefecture.ALXA).after(forth.moves) == Residence(Prefecture.ALXA)
