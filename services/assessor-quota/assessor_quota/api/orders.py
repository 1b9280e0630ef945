"""Orders of lists that may be asked for with or without a year."""

from __future__ import annotations

from chassis.handling import Sort


def by_year(year: int | None) -> Sort:
    """Return the order of a list: by year and id, by id alone within the one year asked for.

    The index has states (or prefectures and unit types) before the year. A list names all of them where none is asked
    for: the database then merges a stretch for each of them, in this order, and sorts nothing.
    """
    return (("year", 1),) if year is None else ()
