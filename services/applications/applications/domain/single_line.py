"""Texts of one line: names, numbers of documents, all that appears in a sentence or in the subject of a mail."""

from __future__ import annotations

from messages.spelling import character_problem

NOT_ONE_LINE = "不得含有换行、控制字符或不可见的字符"


def is_one_line(text: str) -> bool:
    return character_problem(text) is None
