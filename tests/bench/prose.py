"""Sentences of a report as lines of a page."""

from __future__ import annotations

import textwrap

WIDTH = 118


def paragraph(*sentences: str) -> list[str]:
    """Join and wrap sentences."""
    return textwrap.wrap(" ".join(sentences), WIDTH, break_long_words=False, break_on_hyphens=False)


def point(*sentences: str) -> list[str]:
    """Join and wrap sentences as one point of a list."""
    text = " ".join(sentences)
    return textwrap.wrap(
        text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def head(*cells: str) -> list[str]:
    """The first two lines of a table."""
    return [row(*cells), row(*("---" for _ in cells))]
