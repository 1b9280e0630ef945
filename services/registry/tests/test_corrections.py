from __future__ import annotations

import pytest
from chassis.handling import Refusal
from messages.values import Level
from registry.handlers.correcting import CorrectList, correct_list

from services.registry.tests.kit import CLOSING, DAIRY, Office, at, cleared, unit

pytestmark = pytest.mark.rule("L4")


@pytest.fixture
async def office() -> Office:
    office = Office()
    await office.clear(cleared("app-1"))
    await office.close()
    await office.announce()
    return office


async def correct(office: Office, number: int, source: str) -> None:
    command = CorrectList(Level.REGION, number, {source: "更正后的名称"}, "名称有误")
    await office.handle(correct_list, command, at(CLOSING))


async def test_only_an_announced_list_can_be_corrected(office: Office) -> None:
    with pytest.raises(Refusal) as refused:
        await correct(office, 2, "app-1")

    assert refused.value.status == 404


async def test_a_line_that_the_list_does_not_have_is_named(office: Office) -> None:
    with pytest.raises(Refusal) as refused:
        await correct(office, 1, "app-9")

    assert [(reason.code, reason.pointer) for reason in refused.value.reasons] == [("line-unknown", "/names/app-9")]


async def test_a_list_that_waits_for_its_announcement_comes_first(office: Office) -> None:
    await office.clear(cleared("app-2", unit(DAIRY)))
    await office.close()

    with pytest.raises(Refusal) as refused:
        await correct(office, 1, "app-1")

    assert refused.value.code == "list-awaits-announcement"
