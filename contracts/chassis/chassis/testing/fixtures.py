"""Pytest fixtures: the session's broker and database, loaded with `pytest_plugins = ["chassis.testing.fixtures"]`."""

import os

import pytest

from chassis.testing.stack import Stand


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Give the one broker and database of this session, shared by all workers of xdist."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        # A worker's base lies in the session's, and its parent process is the session's.
        return Stand.join(base.parent / "stand", os.getppid())
    return Stand.join(base / "stand", os.getpid())


@pytest.fixture
async def vhost(stand: Stand) -> str:
    """Give an empty vhost of this test's own."""
    return await stand.vhost()
