import pytest
from hypothesis import given
from hypothesis import strategies as st
from rulebook import star_counts

SHARES = {1: 5, 2: 60, 3: 35}


@pytest.mark.rule("R23")
@pytest.mark.parametrize(
    ("n", "one", "two", "three"),
    [
        (0, 0, 0, 0),
        (1, 0, 1, 0),
        (2, 0, 1, 1),
        (3, 0, 2, 1),
        (5, 0, 3, 2),
        (20, 1, 12, 7),
        (23, 1, 14, 8),
        (52, 3, 31, 18),
        (100, 5, 60, 35),
    ],
)
def test_shares_become_whole_units_by_largest_remainder(n: int, one: int, two: int, three: int) -> None:
    assert star_counts(n, SHARES) == {1: one, 2: two, 3: three}


@pytest.mark.rule("R23")
@pytest.mark.parametrize(
    ("n", "higher", "lower"), [(4, (0, 2, 2), (0, 3, 1)), (10, (0, 6, 4), (1, 6, 3)), (16, (1, 9, 6), (1, 10, 5))]
)
def test_equal_remainders_go_to_the_higher_star_unless_set_otherwise(
    n: int, higher: tuple[int, ...], lower: tuple[int, ...]
) -> None:
    assert tuple(star_counts(n, SHARES)[star] for star in (1, 2, 3)) == higher
    assert tuple(star_counts(n, SHARES, "lower")[star] for star in (1, 2, 3)) == lower


@pytest.mark.rule("R23")
@given(st.integers(0, 30_000))
def test_every_unit_gets_a_star_and_each_count_is_within_one_of_its_share(n: int) -> None:
    counts = star_counts(n, SHARES)
    assert sum(counts.values()) == n
    assert all(abs(counts[star] * 100 - n * share) < 100 for star, share in SHARES.items())


def test_a_negative_number_of_units_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 units"):
        star_counts(-1, SHARES)
