"""Texts of one line: names, numbers of documents, all that appears in a sentence or in the subject of a mail."""

from __future__ import annotations

import unicodedata

BREAKING = frozenset({"Cc", "Zl", "Zp"})
"""Unicode's control characters, line and paragraph separators."""
NOT_ONE_LINE = "不得含有换行或其他控制字符"


def is_one_line(text: str) -> bool:
    return all(unicodedata.category(each) not in BREAKING for each in text)
