"""Pytest fixtures: the session's broker and database, loaded with `pytest_plugins = ["devkit.fixtures"]`."""

import os

import pytest

from devkit.private_servers import TestServers


@pytest.fixture(scope="session")
def test_servers(tmp_path_factory: pytest.TempPathFactory) -> TestServers:
    """Give the one broker and database of this session, shared by all workers of xdist."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        # A worker's base lies in the session's, and its parent process is the session's.
        return TestServers.join(base.parent / "stand", os.getppid())
    return TestServers.join(base / "stand", os.getpid())


@pytest.fixture
async def vhost(stand: TestServers) -> str:
    """Give an empty vhost of this test's own."""
    return await stand.vhost()
