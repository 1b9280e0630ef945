from __future__ import annotations

import pytest
from chassis.handling import Refusal
from messages.values import Level
from registry.handlers.correcting import CorrectList, correct_list

from services.registry.tests.builders import CLOSING, DAIRY, at, case_cleared, unit
from services.registry.tests.harness import RegistryHandlers

pytestmark = pytest.mark.rule("L4")


@pytest.fixture
async def handlers() -> RegistryHandlers:
    handlers = RegistryHandlers()
    await handlers.clear(case_cleared("app-1"))
    await handlers.close()
    await handlers.announce()
    return handlers


async def correct(handlers: RegistryHandlers, number: int, source: str) -> None:
    command = CorrectList(Level.REGION, number, {source: "更正后的名称"}, "名称有误")
    await handlers.handle(correct_list, command, at(CLOSING))


async def test_only_an_announced_list_can_be_corrected(handlers: RegistryHandlers) -> None:
    with pytest.raises(Refusal) as refused:
        await correct(handlers, 2, "app-1")

    assert refused.value.status == 404


async def test_a_line_that_the_list_does_not_have_is_named(handlers: RegistryHandlers) -> None:
    with pytest.raises(Refusal) as refused:
        await correct(handlers, 1, "app-9")

    assert [(reason.code, reason.pointer) for reason in refused.value.reasons] == [("line-unknown", "/names/app-9")]


async def test_a_list_that_waits_for_its_announcement_comes_first(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-2", unit(DAIRY)))
    await handlers.close()

    with pytest.raises(Refusal) as refused:
        await correct(handlers, 1, "app-1")

    assert refused.value.code == "list-awaits-announcement"
