"""The peak drains once and whole while workers are added, drained and killed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from devkit.private_servers import PrivateServers

from tests.bench.scale_changes import drain_while_workers_change

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
CASES = int(os.environ.get("FAULTS_SUBMISSIONS", "3000"))


async def test_cases_open_once_while_workers_are_added_drained_and_killed(
    servers: PrivateServers, tmp_path: Path
) -> None:
    changed = await drain_while_workers_change(servers, tmp_path, CASES)

    assert changed.violations == []
    assert (changed.added, changed.drained, changed.killed) == (2, 1, 2)
    assert changed.outlasted
