"""The program of the process that reads one workbook: limits first, then the file from its input, then one answer.

Whatever the file does to it ends this process and nothing else.
"""

from __future__ import annotations

import json
import resource
import signal
import sys

from .archive import UnreadableError
from .document import read


def main(memory_bytes: int, cpu_seconds: int, wall_seconds: int) -> None:
    _limit(memory_bytes, cpu_seconds, wall_seconds)
    content = sys.stdin.buffer.read()
    try:
        answer = read(content)
    except UnreadableError as refused:
        answer = {"refused": {"code": refused.code, "text": refused.text}}
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())
    sys.stdout.buffer.flush()


def _limit(memory_bytes: int, cpu_seconds: int, wall_seconds: int) -> None:
    """Take the limits before a byte of the file is read; the alarm ends a child whose parent was killed."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.alarm(wall_seconds)
