"""A list composed page by page is what it would be in one piece (L2)."""

from __future__ import annotations

import pytest
from registry.handlers import closing, list_acts

from services.registry.tests.builders import case_cleared
from services.registry.tests.harness import RegistryHandlers


@pytest.fixture(autouse=True)
def _two_lines_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (list_acts, closing):
        monkeypatch.setattr(module, "LINES_PER_STEP", 2)


@pytest.mark.rule("E13", "L2")
async def test_of_the_doubles_of_one_unit_one_is_listed_though_they_stand_on_several_pages(
    handlers: RegistryHandlers,
) -> None:
    await handlers.clear(*(case_cleared(f"app-{number}") for number in range(1, 6)))
    await handlers.close()

    assert [line.source for line in await handlers.lines()] == ["app-1"]
    held = await handlers.held_back()
    assert sorted(each.source for each in held) == [f"app-{number}" for number in range(2, 6)]
    assert {why.code for each in held for why in each.reasons} == {"already-listed"}
