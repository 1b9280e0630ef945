"""Pytest fixtures: the session's broker and database, loaded with `pytest_plugins = ["devkit.fixtures"]`."""

import os

import pytest

from devkit import query_log
from devkit.private_servers import PrivateServers


def pytest_configure() -> None:
    # Tests and the processes that they start run on this machine with invented data: local mode must be asked for.
    os.environ.setdefault("GREEN_MODE", "local")
    query_log.install()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> PrivateServers:
    """Return the broker and the database of this session, shared by all xdist workers."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        # A worker's folder is inside the session's, and its parent process is the session's.
        return PrivateServers.join(base.parent / "servers", os.getppid())
    return PrivateServers.join(base / "servers", os.getpid())


@pytest.fixture
async def vhost(servers: PrivateServers) -> str:
    """Return a new, empty vhost."""
    return await servers.vhost()
