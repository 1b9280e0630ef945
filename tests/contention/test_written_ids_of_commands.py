"""Commands about different applications write different documents, as messages about them do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from chassis.http.idempotency import COMMAND_METHODS
from chassis.persistence.unit_of_work import ChangeSet, Key
from devkit.api_harness import ApiHarness
from devkit.clock import FixedClock

from deploy.generate.documents.apis import serve_api
from deploy.services import SERVICES
from tests.contention.command_scripts import NOW_OF, SCRIPTS, Participant
from tests.contention.season_messages import ApplicationMessages

OF_AN_OFFICE: Mapping[tuple[str, str], str] = {
    ("applications", "POST /v1/codes"): "an act of the region about one code",
    ("applications", "POST /v1/facts"): "an officer's own record of a unit",
    ("applications", "POST /v1/facts/{fact_id}/end"): "an officer's own record of a unit",
    ("applications", "POST /v1/prefecture-lists"): "one act a year of each prefecture",
    ("applications", "POST /v1/units/{uscc}/moves"): "an act of the region about one unit",
    ("review", "POST /v1/experts"): "the register of experts",
    ("review", "POST /v1/experts/{expert_id}/conflicts"): "an expert's own declaration",
    ("review", "POST /v1/batches/{year}/panels"): "one act on a whole batch",
    ("review", "POST /v1/batches/{year}/ranking"): "one act on a whole batch",
    ("review", "POST /v1/batches/{year}/notice"): "one act on a whole batch",
    ("review", "POST /v1/notices/{notice_id}/conclude"): "one act on a whole batch",
    ("review", "POST /v1/acts/{act_id}/continuation"): "one act on a whole batch",
}
"""(service, route) of the commands of the two services that no application asks for, with the reason."""

SHARED: Mapping[tuple[str, str], str] = {
    ("review", "experts"): "to be mended",
}
"""(service, collection) that commands about different applications may both write, with the reason."""


@pytest.mark.parametrize("name", SCRIPTS)
async def test_commands_about_two_applications_write_no_document_in_common(name: str) -> None:
    service = next(each for each in SERVICES if each.name == name)
    async with serve_api(service, FixedClock(NOW_OF[name])) as api:
        written = note_writes(api)
        both = [Participant(api, ApplicationMessages(number)) for number in (1, 2)]
        for each in both:
            await SCRIPTS[name].prepare(each)
        for route, step in SCRIPTS[name].steps:
            if route in SCRIPTS[name].between:
                await SCRIPTS[name].between[route](api)
            first, second = [await keys_of(step(each), written, route) for each in both]
            shared = {key for key in first & second if (name, key[0]) not in SHARED}
            assert not shared, f"{route} of both writes {sorted(shared)}"


async def keys_of(command: Any, written: set[Key], route: str) -> set[Key]:  # noqa: ANN401 - awaitable
    written.clear()
    answer = await command
    assert answer.is_success, f"{route}: {answer.text}"
    assert written, f"{route} writes nothing"
    return set(written)


def note_writes(api: ApiHarness[Any]) -> set[Key]:
    """Return a set to which every commit adds the keys it writes."""
    written: set[Key] = set()
    commit = api.memory.commit

    async def noting(changes: ChangeSet) -> None:
        await commit(changes)
        written.update((each.collection, each.key) for each in changes.writes)

    api.memory.commit = noting  # type: ignore[method-assign]
    return written


@pytest.mark.parametrize("name", SCRIPTS)
async def test_every_command_is_in_the_script_or_no_applications(name: str) -> None:
    service = next(each for each in SERVICES if each.name == name)
    async with serve_api(service) as api:
        paths = api.app.openapi()["paths"]
    commands = {
        f"{way.upper()} {path}" for path, each in paths.items() for way in each if way.upper() in COMMAND_METHODS
    }
    scripted = {route for route, _ in SCRIPTS[name].steps}
    assert commands == scripted | {route for service, route in OF_AN_OFFICE if service == name}
