"""The data dictionary: what each field of the interfaces means, in English and in the regulation's Chinese.

A field that stands in many bodies and views has one entry. ``dictionary_entries/common.toml`` holds the words of all
services, ``<service>.toml`` beside it those of one. A key is a field, or ``Schema.field`` or ``operation.parameter``
where the same word means another thing. Its value is the English text (empty where the field's docstring says it), the
Chinese term (empty where only programs read it), an example where the schema does not imply one, and the pattern of a
text or the greatest value of a number where the schema, which an event has as well, does not say it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

PARTS = files(__package__) / "dictionary_entries"
COMMON = "common"


@dataclass(frozen=True)
class Entry:
    """The meaning of one field."""

    english: str
    chinese: str = ""
    example: Any = None
    pattern: str = ""
    maximum: int | None = None

    @property
    def description(self) -> str:
        return self.described_by(self.english)

    def described_by(self, text: str) -> str:
        """Return another text in place of the English one, with the Chinese term."""
        return f"{text.rstrip('.')} ({self.chinese})" if self.chinese and text else text


@dataclass(frozen=True)
class Dictionary:
    """The entries that one service's document uses: its own before those of all."""

    own: Mapping[str, Entry]
    common: Mapping[str, Entry]

    def find(self, owner: str, field: str) -> Entry | None:
        """Return the entry of a field of a schema, or of a parameter of an operation."""
        keys = ((self.own, f"{owner}.{field}"), (self.common, f"{owner}.{field}"), (self.own, field))
        return next((entries[key] for entries, key in keys if key in entries), self.common.get(field))

    def pattern_of(self, owner: str, field: str) -> str:
        """Return the pattern of a text: its entry's, or that of the field wherever it stands."""
        entries = (self.find(owner, field), self.own.get(field), self.common.get(field))
        return next((each.pattern for each in entries if each is not None and each.pattern), "")


def entries_in(part: str) -> dict[str, Entry]:
    """Return the entries of one file; none for a service that has no words of its own."""
    file = PARTS / f"{part}.toml"
    written = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return {key: Entry(*values) for key, values in written.items()}


def dictionary_of(service: str) -> Dictionary:
    return Dictionary(entries_in(service), entries_in(COMMON))
