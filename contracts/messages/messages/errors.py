"""Errors that both the rulebook and the chassis raise."""

from __future__ import annotations

from collections.abc import Iterable


class InvalidFileError(Exception):
    """A file that must not be used; `problems` names everything wrong in it at once, one line each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
