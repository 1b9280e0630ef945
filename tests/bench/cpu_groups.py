"""Groups of processes with a share of a core, by the kernel's control groups of either version."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

ROOT = Path("/sys/fs/cgroup")
PERIOD = 20_000
"""Microseconds. Short, so that a held process is a slow one and not one that stops for a tenth of a second."""


class NoCpuGroupsError(RuntimeError):
    """This machine lets its user create no CPU group; the message says why."""


@dataclass(frozen=True)
class CpuGroup:
    """One group; every process added shares its quota."""

    folder: Path

    def add(self, pid: int) -> None:
        (self.folder / "cgroup.procs").write_text(str(pid))

    def remove(self) -> None:
        """Remove the group; its processes have ended."""
        self.folder.rmdir()

    @classmethod
    def create(cls, cores: float) -> CpuGroup:
        """Create a group that may use ``cores``; raise NoCpuGroupsError without the right."""
        name, quota = f"green-bench-{uuid4().hex[:12]}", str(int(cores * PERIOD))
        second_version = (ROOT / "cgroup.controllers").exists()
        group = cls(ROOT / name if second_version else ROOT / "cpu" / name)
        try:
            if second_version and "cpu" not in (ROOT / "cgroup.subtree_control").read_text().split():
                (ROOT / "cgroup.subtree_control").write_text("+cpu")
            group.folder.mkdir()
            if second_version:
                (group.folder / "cpu.max").write_text(f"{quota} {PERIOD}")
            else:
                (group.folder / "cpu.cfs_period_us").write_text(str(PERIOD))
                (group.folder / "cpu.cfs_quota_us").write_text(quota)
        except OSError as problem:
            raise NoCpuGroupsError(f"{problem.strerror}: {problem.filename} (as user {os.getuid()})") from problem
        return group


@contextmanager
def cpu_group(cores: float) -> Iterator[CpuGroup]:
    """Create a group and remove it at the end, when its processes have ended."""
    group = CpuGroup.create(cores)
    try:
        yield group
    finally:
        group.remove()
