from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook import Entry, NotComparableError, Ranking, rank

MARK = Decimal(70)
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
A, B = "911501000000000191", "911502000000000271"


def entry(case_id: str, score: str, **facts: object) -> Entry:
    return Entry.model_validate(
        {
            "case_id": case_id,
            "unit_type": "factory",
            "scheme": "factory-gbt36132@2025",
            "score": Decimal(score),
            "energy_carbon": Decimal(20),
            "submitted_at": NOON,
            "uscc": A,
            **facts,
        }
    )


def order(ranking: Ranking) -> list[tuple[str, int | None, str]]:
    return [(line.entry.case_id, line.rank, line.outcome) for line in ranking.lines]


@pytest.mark.rule("V8")
def test_those_at_or_over_the_pass_mark_are_candidates_best_first() -> None:
    ranking = rank([entry("low", "69.99"), entry("at", "70"), entry("best", "90")], pass_mark=MARK)
    assert order(ranking) == [
        ("best", 1, "selected"),
        ("at", 2, "selected"),
        ("low", None, "below_pass_mark"),
    ]
    assert [chosen.case_id for chosen in ranking.selected] == ["best", "at"]


@pytest.mark.rule("V8")
def test_the_cap_ends_the_selection_and_the_rest_keep_their_places() -> None:
    ranking = rank([entry("a", "90"), entry("b", "80"), entry("c", "75")], pass_mark=MARK, cap=2)
    assert order(ranking) == [("a", 1, "selected"), ("b", 2, "selected"), ("c", 3, "beyond_cap")]


@pytest.mark.rule("V8")
def test_ties_go_to_the_higher_energy_and_carbon_score() -> None:
    behind, ahead = entry("a", "80"), entry("b", "80", energy_carbon=Decimal("20.01"), submitted_at=NOON + timedelta(1))
    assert [e.case_id for e in rank([behind, ahead], pass_mark=MARK).selected] == ["b", "a"]


@pytest.mark.rule("V8")
def test_then_to_the_earlier_submission() -> None:
    late, early = entry("a", "80", submitted_at=NOON + timedelta(seconds=1)), entry("b", "80", uscc=B)
    assert [e.case_id for e in rank([late, early], pass_mark=MARK).selected] == ["b", "a"]


@pytest.mark.rule("V8")
def test_then_by_uscc_and_at_last_by_case() -> None:
    entries = [entry("a", "80", uscc=B), entry("c", "80"), entry("b", "80")]
    assert [e.case_id for e in rank(entries, pass_mark=MARK).selected] == ["b", "c", "a"]


@pytest.mark.rule("V6")
def test_a_failed_mandatory_item_fails_the_case_whatever_the_score() -> None:
    failed = entry("best", "99", failed_mandatory_items=("permitted_emissions",))
    ranking = rank([failed, entry("good", "71")], pass_mark=MARK, cap=1)
    assert order(ranking) == [("good", 1, "selected"), ("best", None, "mandatory_item_failed")]


@pytest.mark.rule("V8")
@pytest.mark.parametrize("other", [{"unit_type": "park"}, {"scheme": "factory-gbt36132@2018"}])
def test_unit_types_and_scheme_versions_are_never_ranked_together(other: dict[str, str]) -> None:
    with pytest.raises(NotComparableError, match="never ranked together"):
        rank([entry("a", "80"), entry("b", "80", **other)], pass_mark=MARK)


@pytest.mark.rule("V8")
@given(
    st.lists(
        st.tuples(st.integers(60, 80), st.integers(0, 2), st.integers(0, 2), st.sampled_from([A, B])), max_size=12
    ),
    st.randoms(use_true_random=False),
    st.none() | st.integers(1, 5),
)
def test_the_ranking_is_made_again_from_its_inputs_in_any_order(
    drawn: list[tuple[int, int, int, str]], chance: Random, cap: int | None
) -> None:
    entries = [
        entry(f"c{n}", str(s), energy_carbon=Decimal(e), submitted_at=NOON + timedelta(hours=h), uscc=u)
        for n, (s, e, h, u) in enumerate(drawn)
    ]
    ranking = rank(entries, pass_mark=MARK, cap=cap)
    stored = Ranking.model_validate_json(ranking.model_dump_json())
    again = [line.entry for line in stored.lines]
    chance.shuffle(again)
    assert rank(again, pass_mark=stored.pass_mark, cap=stored.cap) == ranking


@pytest.mark.rule("V8")
def test_an_empty_batch_has_an_empty_ranking() -> None:
    assert rank([], pass_mark=MARK).lines == ()
