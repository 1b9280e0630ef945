"""Pytest fixtures: the session's broker and database, loaded with `pytest_plugins = ["devkit.fixtures"]`."""

import os

import pytest

from devkit.private_servers import PrivateServers


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> PrivateServers:
    """Give the one broker and database of this session, shared by all workers of xdist."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        # A worker's base lies in the session's, and its parent process is the session's.
        return PrivateServers.join(base.parent / "stand", os.getppid())
    return PrivateServers.join(base / "stand", os.getpid())


@pytest.fixture
async def vhost(servers: PrivateServers) -> str:
    """Give an empty vhost of this test's own."""
    return await servers.vhost()
