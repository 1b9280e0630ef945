"""The desk most tests of the registry sit at; a test file may furnish its own."""

from __future__ import annotations

import pytest

from services.registry.tests.kit import Office


@pytest.fixture
def office() -> Office:
    return Office()
