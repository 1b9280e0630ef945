"""The data dictionary: which entry a field finds, and what it says."""

from __future__ import annotations

import pytest
from messages.dictionary import COMMON, PARTS, Dictionary, Entry, dictionary_of, entries_in

PART_NAMES = [each.name.removesuffix(".toml") for each in PARTS.iterdir() if each.name.endswith(".toml")]


@pytest.mark.parametrize(
    ("own", "common", "found"),
    [
        ({"View.day": 1, "day": 2}, {"View.day": 3, "day": 4}, 1),
        ({"day": 2}, {"View.day": 3, "day": 4}, 3),
        ({"day": 2}, {"day": 4}, 2),
        ({"Other.day": 2}, {"day": 4}, 4),
        ({}, {"Other.day": 4}, None),
    ],
)
def test_the_closest_entry_is_found(own: dict[str, int], common: dict[str, int], found: int | None) -> None:
    def entries(of: dict[str, int]) -> dict[str, Entry]:
        return {key: Entry("", example=number) for key, number in of.items()}

    entry = Dictionary(entries(own), entries(common)).find("View", "day")

    assert (entry and entry.example) == found


def test_a_description_ends_in_the_chinese_term() -> None:
    assert Entry("Day of the decision.", "决定日期").description == "Day of the decision (决定日期)"
    assert Entry("Stable code").description == "Stable code"
    assert Entry("", "决定日期").described_by("Day of it.") == "Day of it (决定日期)"


@pytest.mark.parametrize("part", PART_NAMES)
def test_every_entry_says_something(part: str) -> None:
    entries = entries_in(part)

    assert entries
    assert [key for key, each in entries.items() if each == Entry("")] == []
    assert [key for key, each in entries.items() if each.english and not each.english[0].isupper()] == []


def test_a_service_without_words_of_its_own_uses_those_of_all() -> None:
    dictionary = dictionary_of("plans")

    assert (dictionary.own, dictionary.find("AnyView", "uscc")) == ({}, entries_in(COMMON)["uscc"])
