"""The lots of a batch: by a seed that nobody knows before, fixed by its commitment, checked again afterwards (V7)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from messages.digests import canonical_digest
from messages.event import Event
from messages.review import DrawCommitted, DrawRevealed, SiteVerificationOrdered
from review.domain import panel, site
from review.domain.draw import commitment_of
from review.domain.record import RecordEntry

from .api_calls import Participants
from .builders import COPPER, DAIRY, EXPERTS, RULES, STEEL, accepted, organisations, unit
from .harness import ReviewHarness
from .test_notice import NOTICE_DAY


async def seed_of(handlers: ReviewHarness) -> str:
    return (await handlers.store().batches.require("region-2026")).seed


async def entries_of(handlers: ReviewHarness, case_id: str) -> Sequence[RecordEntry]:
    return await handlers.store().records.find({"case_id": case_id}, sort=[("number", 1)])


def commitments(handlers: ReviewHarness) -> list[tuple[int, str]]:
    return [(each.number, each.commitment) for each in handlers.published if isinstance(each, DrawCommitted)]


def revealed_in(handlers: ReviewHarness) -> DrawRevealed:
    (revealed,) = [each for each in handlers.published if isinstance(each, DrawRevealed)]
    return revealed


@pytest.mark.rule("V7")
async def test_the_same_history_gives_another_seed_each_time() -> None:
    """Whatever is public before the first case is forwarded is the same each time: it does not determine the seed."""
    seeds, readable = set[str](), set[str]()
    for _ in range(5):
        handlers = ReviewHarness()
        case_id = await handlers.open()
        await handlers.agree(case_id)
        await handlers.accept(case_id)
        await handlers.issue(case_id)
        head = (await handlers.case(case_id)).head.digest
        readable.add(canonical_digest([each.model_dump(mode="json") for each in handlers.published]))
        await handlers.forward_issued(case_id)
        seed = await seed_of(handlers)
        assert seed != canonical_digest(["region-2026", case_id, head])
        seeds.add(seed)

    assert len(readable) == 1
    assert len(seeds) == 5
    assert {len(seed) for seed in seeds} == {64}


@pytest.mark.rule("V7")
async def test_the_commitment_is_published_with_the_first_forwarding_and_the_seed_hidden_until_the_notice(
    handlers: ReviewHarness,
) -> None:
    await handlers.register()
    one = await handlers.score(accepted("app-1", unit(STEEL)), "0.95", visit=True)
    other = await handlers.score(accepted("app-2", unit(COPPER)), "0.9")
    seed = await seed_of(handlers)
    await handlers.visit()
    await handlers.rank()

    told = [each.model_dump_json() for each in handlers.published]
    recorded = [str(each) for case_id in (one, other) for each in await entries_of(handlers, case_id)]
    assert commitments(handlers) == [(1, commitment_of(seed))]
    assert not any(seed in text for text in (*told, *recorded))

    handlers.today = NOTICE_DAY
    await handlers.publish()

    revealed = revealed_in(handlers)
    assert (revealed.seed, revealed.commitment, revealed.number) == (seed, commitment_of(seed), 1)


@pytest.mark.rule("V7", "V5")
async def test_every_lot_comes_out_again_from_what_is_revealed(handlers: ReviewHarness) -> None:
    await handlers.register()
    cases = [await handlers.score(accepted(f"app-{number}", of), "0.95") for number, of in enumerate(organisations(12))]
    await handlers.visit()
    await handlers.rank()
    handlers.today = NOTICE_DAY
    await handlers.publish()
    revealed = revealed_in(handlers)

    drawn = {each.case_id for each in handlers.published if _by_lot(each)}
    again = {each for each in cases if site.lot(revealed.seed, each) < RULES.selection.site_visit_draw_rate}
    assert drawn == again
    first = (await handlers.case(cases[0])).panel
    assert first is not None
    assert list(first.experts) == sorted(EXPERTS, key=lambda name: panel.lot(revealed.seed, cases[0], name))[:3]
    for case_id in cases:
        evidence = {each.action: each.evidence for each in await entries_of(handlers, case_id)}
        assert evidence["panel appointed"]["draw"] == revealed.commitment
        if case_id in drawn:
            assert evidence["site verification ordered"]["lot"] == format(site.lot(revealed.seed, case_id), ".6f")


def _by_lot(event: Event) -> bool:
    return isinstance(event, SiteVerificationOrdered) and event.ground == "random_draw"


@pytest.mark.rule("V7")
async def test_a_case_that_comes_after_the_reveal_is_drawn_by_a_seed_that_nobody_knows(
    handlers: ReviewHarness,
) -> None:
    await handlers.register()
    await handlers.score(accepted("app-1", unit(STEEL)), "0.95")
    first = await seed_of(handlers)
    await handlers.visit()
    await handlers.rank()
    handlers.today = NOTICE_DAY
    await handlers.publish()

    second = await seed_of(handlers)

    assert second != first
    assert commitments(handlers) == [(1, commitment_of(first)), (2, commitment_of(second))]
    assert second not in str(handlers.published)


@pytest.mark.rule("V7", "N4")
async def test_everybody_reads_the_commitment_before_and_the_seed_after(participants: Participants) -> None:
    await participants.open()
    await participants.open("app-2", DAIRY)
    assert (await participants.public.get("/v1/batches/2026/draws")).status_code == 404
    await participants.forward()
    await participants.forward("app-2")
    (before,) = (await participants.public.get("/v1/batches/2026/draws")).json()
    await participants.review()
    await participants.publish()

    shown, following = (await participants.public.get("/v1/batches/2026/draws")).json()

    assert (before["seed"], before["revealed_on"]) == (None, None)
    assert shown["commitment"] == before["commitment"] == commitment_of(shown["seed"])
    assert (following["number"], following["seed"]) == (2, None)
