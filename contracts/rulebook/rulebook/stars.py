"""Star grading of factories by shares, in whole units."""

from collections.abc import Mapping
from typing import Literal


def star_counts(n: int, shares: Mapping[int, int], ties_to: Literal["higher", "lower"] = "higher") -> dict[int, int]:
    """How many of n units get each star, by largest remainder in whole numbers."""
    if n < 0:
        raise ValueError(f"{n} units cannot be rated")
    whole = sum(shares.values())
    counts = {star: n * share // whole for star, share in shares.items()}
    toward = 1 if ties_to == "higher" else -1
    by_remainder = sorted(shares, key=lambda star: (n * shares[star] % whole, toward * star), reverse=True)
    for star in by_remainder[: n - sum(counts.values())]:
        counts[star] += 1
    return counts
