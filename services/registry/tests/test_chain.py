from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest
from messages.values import Level
from registry.domain.chain import ChainHead, announce, chain_head_of, verify
from registry.domain.lines import addition
from registry.domain.lists import AnnualList, YearLists, announced_event, close, draft_of

from services.registry.tests.builders import DAIRY, SOLAR, STEEL, unit


def chain(*usccs: str) -> list[AnnualList]:
    head, lists = ChainHead(Level.REGION), []
    for year, uscc in enumerate(usccs, start=2026):
        draft = draft_of(
            YearLists(Level.REGION, year, ()).next_ref, [addition(f"app-{year}", unit(uscc))], date(year, 9, 10)
        )
        lists.append(announce(close(draft), head, f"{year}年1号", date(year, 9, 15)))
        head = chain_head_of(lists[-1])
    return lists


@pytest.mark.rule("L5")
def test_an_untouched_chain_verifies_to_its_last_digest() -> None:
    lists = chain(STEEL, DAIRY, SOLAR)

    verified = verify(lists)

    assert (verified.intact, verified.lists) == (True, 3)
    assert lists[-1].announcement is not None
    assert verified.head == lists[-1].announcement.digest


@pytest.mark.rule("L5")
def test_no_lists_are_an_intact_chain() -> None:
    assert verify([]).intact


@pytest.mark.rule("L4", "L5")
@pytest.mark.parametrize(
    "change", [{"year": 2031}, {"lines": ()}, {"why": "另有说明"}, {"corrects": 1}, {"rule_set": "2099-01-01"}]
)
def test_a_changed_list_shows_by_its_number(change: dict[str, object]) -> None:
    first, second, third = chain(STEEL, DAIRY, SOLAR)

    verified = verify([first, replace(second, **change), third])  # type: ignore[arg-type]

    assert (verified.intact, verified.broken_at, verified.lists) == (False, 2, 1)
    assert verified.fault == "list 2 was changed after its announcement"


@pytest.mark.rule("L5")
def test_a_missing_list_shows() -> None:
    first, _, third = chain(STEEL, DAIRY, SOLAR)

    assert verify([first, third]).fault == "list 2 is missing"


@pytest.mark.rule("L5")
def test_a_list_exchanged_for_another_sealed_one_shows_at_the_next() -> None:
    first, _, third = chain(STEEL, DAIRY, SOLAR)
    _, other = chain(STEEL, SOLAR)

    verified = verify([first, other, third])

    assert verified.fault == "list 3 does not hold the digest of the one before"


@pytest.mark.rule("L5")
def test_anyone_computes_the_digest_again_from_what_was_said() -> None:
    announced = announced_event(chain(STEEL)[0]).model_dump(mode="json")

    content = {name: value for name, value in announced.items() if name not in {"sequence", "list_id", "digest"}}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    assert sha256(text.encode()).hexdigest() == announced["digest"]
