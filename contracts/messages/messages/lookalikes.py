"""Names that look alike though they are written with other characters (UTS 39): shown to people, refused to nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from confusable_homoglyphs.confusables import confusables_data

from messages.spelling import normalized_name


@lru_cache(maxsize=16_384)
def skeleton(name: str) -> str:
    """The same text for all names that look alike, Cyrillic АВС as Latin ABC."""
    shapes = _shapes()
    return normalized_name("".join(shapes.get(each, each) for each in name))


def visually_alike(one: str, other: str) -> bool:
    """Whether two different names look the same."""
    return skeleton(one) == skeleton(other) and normalized_name(one) != normalized_name(other)


@cache
def _shapes() -> Mapping[str, str]:
    """Return each confusable character with the one that stands for all of its shape, the first by code point."""
    chosen: dict[str, str] = {}
    for shape in _classes():
        first = min(shape)
        chosen |= dict.fromkeys(shape, first)
    return chosen


def _classes() -> Iterator[set[str]]:
    left = {sign for sign in confusables_data if len(sign) == 1}
    while left:
        reached, waiting = set[str](), {left.pop()}
        while waiting:
            sign = waiting.pop()
            reached.add(sign)
            alike = {each["c"] for each in confusables_data.get(sign, ()) if len(each["c"]) == 1}
            waiting |= alike - reached
        left -= reached
        yield reached
