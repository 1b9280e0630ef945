from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest
from messages.values import Level
from registry.domain.chain import GENESIS, ChainCheck, ChainHead, announce, digest_lines
from registry.domain.lines import RegisterChange, addition, to_event_line
from registry.domain.lists import AnnualList, ListState, announced_event, announcement_of, count_lines

from services.registry.tests.builders import DAIRY, SOLAR, STEEL, unit


def line_of(announced: AnnualList, uscc: str) -> RegisterChange:
    return addition(f"app-{announced.year}", unit(uscc))


def chain(*usccs: str) -> list[AnnualList]:
    head, lists = ChainHead(Level.REGION), []
    for year, uscc in enumerate(usccs, start=2026):
        line = addition(f"app-{year}", unit(uscc))
        closed = AnnualList(
            list_id=f"list-region-{year}-1",
            level=Level.REGION,
            year=year,
            state=ListState.CLOSED,
            composed_on=date(year, 9, 10),
            rule_set="2024-01-19",
            edition=f"act-region-{year}",
            counts=count_lines([line]),
            lines_digest=digest_lines([line]),
        )
        lists.append(announce(closed, head, f"{year}年1号", date(year, 9, 15)))
        link = announcement_of(lists[-1])
        head = replace(head, last_number=link.number, last_digest=link.digest)
    return lists


def check(*lists: AnnualList) -> ChainCheck:
    """Walk lists whose lines are as they were announced."""
    walked = ChainCheck()
    for each in lists:
        if walked.intact:
            walked = walked.after(each, each.lines_digest)
    return walked


@pytest.mark.rule("L5")
def test_an_untouched_chain_verifies_to_its_last_digest() -> None:
    lists = chain(STEEL, DAIRY, SOLAR)

    verified = check(*lists)

    assert (verified.intact, verified.lists) == (True, 3)
    assert verified.head == announcement_of(lists[-1]).digest


@pytest.mark.rule("L5")
def test_no_lists_are_an_intact_chain() -> None:
    assert check().intact


@pytest.mark.rule("L4", "L5")
@pytest.mark.parametrize(
    "change",
    [
        {"year": 2031},
        {"counts": {"addition": 2}},
        {"lines_digest": GENESIS},
        {"why": "另有说明"},
        {"corrects": 1},
        {"rule_set": "2099-01-01"},
    ],
)
def test_a_changed_list_shows_by_its_number(change: dict[str, object]) -> None:
    first, second, third = chain(STEEL, DAIRY, SOLAR)

    verified = check(first, replace(second, **change), third)  # type: ignore[arg-type]

    assert (verified.intact, verified.broken_at, verified.lists) == (False, 2, 1)
    assert verified.fault == "list 2 was changed after its announcement"


@pytest.mark.rule("L4", "L5")
def test_a_line_changed_in_its_row_shows() -> None:
    (first,) = chain(STEEL)

    verified = ChainCheck().after(first, digest_lines([line_of(first, DAIRY)]))

    assert (verified.broken_at, verified.fault) == (1, "list 1 was changed after its announcement")


@pytest.mark.rule("L5")
def test_a_missing_list_shows() -> None:
    first, _, third = chain(STEEL, DAIRY, SOLAR)

    assert check(first, third).fault == "list 2 is missing"


@pytest.mark.rule("L5")
def test_a_list_exchanged_for_another_sealed_one_shows_at_the_next() -> None:
    first, _, third = chain(STEEL, DAIRY, SOLAR)
    _, other = chain(STEEL, SOLAR)

    assert check(first, other, third).fault == "list 3 does not hold the digest of the one before"


@pytest.mark.rule("L5")
def test_the_digest_of_lines_goes_on_from_any_line() -> None:
    lines = [addition(f"app-{each}", unit(uscc)) for each, uscc in enumerate((STEEL, DAIRY, SOLAR))]

    assert digest_lines(lines[1:], digest_lines(lines[:1])) == digest_lines(lines)
    assert digest_lines(reversed(lines)) != digest_lines(lines)


@pytest.mark.rule("L5")
def test_anyone_computes_the_digests_again_from_what_was_said() -> None:
    (announced,) = chain(STEEL)
    said = announced_event(announced).model_dump(mode="json")

    content = {name: value for name, value in said.items() if name not in {"sequence", "list_id", "digest"}}
    line = to_event_line(line_of(announced, STEEL)).model_dump(mode="json")

    assert sha256(canonical(content)).hexdigest() == said["digest"]
    link = sha256(("0" * 64 + sha256(canonical(line)).hexdigest()).encode()).hexdigest()
    assert link == said["lines_digest"]


def canonical(content: object) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
