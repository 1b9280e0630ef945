"""The history: each command that the client invoked and how it completed, written before and after the call."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Completion = Literal["ok", "fail", "info"]
"""ok: executed; fail: refused; info: no answer, so that it may or may not have been executed."""


@dataclass(frozen=True)
class Operation:
    command: str
    completion: Completion
    status: int


class History:
    """An append-only file, flushed to disk line by line, so that it survives every crash."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("a", encoding="utf-8")

    def invoke(self, command: str) -> None:
        self._write({"command": command, "event": "invoke"})

    def complete(self, command: str, completion: Completion, status: int = 0) -> None:
        self._write({"command": command, "event": completion, "status": status})

    def entries(self) -> dict[str, Operation]:
        """Command → its last completion; ``info`` where it was only invoked."""
        operations: dict[str, Operation] = {}
        for line in self._lines():
            name, event = line["command"], line["event"]
            operations[name] = Operation(name, "info" if event == "invoke" else event, line.get("status", 0))
        return operations

    def close(self) -> None:
        self._file.close()

    def _write(self, line: dict[str, object]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _lines(self) -> Iterator[dict[str, Any]]:
        with self._path.open(encoding="utf-8") as lines:
            yield from map(json.loads, lines)
