"""What the client knows: each command it invoked and how it ended, written down before and after."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Ending = Literal["ok", "fail", "unknown"]
"""ok: answered as done; fail: answered as refused; unknown: no answer, it may or may not have happened."""


@dataclass(frozen=True)
class Entry:
    command: str
    ending: Ending
    status: int


class History:
    """An append-only file, flushed to disk line by line, so that it outlives whatever is killed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("a", encoding="utf-8")

    def invoke(self, command: str) -> None:
        self._write({"command": command, "event": "invoke"})

    def complete(self, command: str, ending: Ending, status: int = 0) -> None:
        self._write({"command": command, "event": ending, "status": status})

    def entries(self) -> dict[str, Entry]:
        """Command → its last known ending; invoked without an ending counts as unknown."""
        known: dict[str, Entry] = {}
        for line in self._lines():
            name, event = line["command"], line["event"]
            known[name] = Entry(name, "unknown" if event == "invoke" else event, line.get("status", 0))
        return known

    def close(self) -> None:
        self._file.close()

    def _write(self, line: dict[str, object]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _lines(self) -> Iterator[dict[str, Any]]:
        with self._path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
