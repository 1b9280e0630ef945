"""The cap of a batch for a unit type, whatever schemes, rule sets and rankings its cases come under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from review.domain import group
from review.domain.case import Case
from review.domain.group import RankingGroup, recompute_caps
from review.domain.ranking import RankedBatch
from rulebook import RuleSet

from .builders import RULES, ranked, reproducible, scored_case, sealed


def under(caps: Mapping[str, int | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule sets by their version, each with its cap for factories."""

    def rules_of(version: str) -> RuleSet:
        cap = {**RULES.selection.cap, "factory": caps[version]}
        return RULES.model_copy(update={"selection": RULES.selection.model_copy(update={"cap": cap})})

    monkeypatch.setattr(group, "rules_of", rules_of)


def of_2018(case_id: str, total: str) -> Case:
    case = scored_case(case_id, total)
    older = case.dossier.scheme.model_copy(update={"version": "2018"})
    return replace(case, dossier=replace(case.dossier, scheme=older))


def selected(made: RankedBatch) -> set[str]:
    return {line.case_id for line in made.lines if line.outcome == "selected"}


@pytest.mark.rule("V8")
def test_two_schemes_of_one_unit_type_are_ranked_apart_under_one_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    under({RULES.version: 3}, monkeypatch)
    new = [scored_case(f"new-{n}", str(90 - n)) for n in range(4)]
    old = [of_2018(f"old-{n}", str(99 - n)) for n in range(2)]

    made = ranked(*new, *old)

    assert selected(made) == {"new-0", "new-1", "old-0"}
    assert [(each.scheme[-4:], each.cap) for each in made.ranking.groups] == [("2018", 1), ("2025", 2)]
    assert [line.rank for line in made.lines] == [1, 2, 1, 2, 3, 4]
    assert reproducible(made)


@pytest.mark.rule("V8")
def test_a_tie_of_the_shares_goes_to_the_newest_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    under({RULES.version: 1}, monkeypatch)

    assert selected(ranked(of_2018("old", "99"), scored_case("new", "80"))) == {"new"}


@pytest.mark.rule("V8")
def test_who_is_no_candidate_takes_no_share(monkeypatch: pytest.MonkeyPatch) -> None:
    under({RULES.version: 2}, monkeypatch)

    made = ranked(of_2018("weak", "10"), of_2018("weaker", "9"), scored_case("a", "80"), scored_case("b", "81"))

    assert selected(made) == {"a", "b"}


@pytest.mark.rule("V8")
def test_a_later_ranking_has_what_all_schemes_have_left_of_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    under({RULES.version: 2}, monkeypatch)
    first = ranked(of_2018("old", "90"), scored_case("new", "90"))

    second = ranked(scored_case("later", "99"), after=(first.ranking,))

    assert selected(first) == {"old", "new"}
    assert [(line.case_id, line.outcome) for line in second.lines] == [("later", "beyond_cap")]


@pytest.mark.rule("V8", "G2")
def test_of_the_caps_of_several_rule_sets_the_lowest_holds_for_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    under({RULES.version: 5, "next": 2, "open": None}, monkeypatch)
    cases = [scored_case(f"{version}-{n}", "90") for version in ("now", "next", "open") for n in range(3)]
    kept = {"now": RULES.version, "next": "next", "open": "open"}

    made = ranked(*(replace(each, rule_set=kept[each.case_id.split("-")[0]]) for each in cases))

    assert len(made.ranking.groups) == 3
    assert len(selected(made)) == 2


@pytest.mark.rule("V8")
def test_without_a_cap_every_candidate_is_selected() -> None:
    made = ranked(of_2018("old", "90"), scored_case("new", "90"))

    assert selected(made) == {"old", "new"}
    assert [each.cap for each in made.ranking.groups] == [None, None]


@pytest.mark.rule("V8")
def test_a_share_that_was_moved_from_one_scheme_to_the_other_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    under({RULES.version: 2}, monkeypatch)
    made = ranked(*(of_2018(f"old-{n}", "90") for n in range(2)), *(scored_case(f"new-{n}", "90") for n in range(2)))
    old, new = made.ranking.groups
    outcomes = ("selected", "selected", "beyond_cap", "beyond_cap")
    moved = RankedBatch(
        replace(made.ranking, groups=(replace(old, cap=2), replace(new, cap=0))),
        [replace(line, outcome=outcome) for line, outcome in zip(made.lines, outcomes, strict=True)],
    )

    assert [line.outcome for line in made.lines] == ["selected", "beyond_cap"] * 2
    assert not reproducible(sealed(moved))


def _group(scheme: str, candidates: int, cap: int) -> RankingGroup:
    case = scored_case("any", "80")
    mark = RULES.selection.pass_mark["factory"]
    return RankingGroup(case.unit.unit_type, scheme, RULES.version, mark, cap, candidates, candidates)


@pytest.mark.rule("V8")
@given(candidates=st.lists(st.integers(0, 12), min_size=1, max_size=4), places=st.integers(0, 40))
def test_shares_fill_the_cap_and_never_pass_it(candidates: list[int], places: int) -> None:
    groups = [_group(f"scheme@{n}", each, places if n == 0 else 0) for n, each in enumerate(candidates)]

    shared = recompute_caps(groups)

    assert sum(each.selected for each in shared) == min(places, sum(candidates))
    assert sum(each.cap or 0 for each in shared) == places
    assert recompute_caps(shared) == shared
