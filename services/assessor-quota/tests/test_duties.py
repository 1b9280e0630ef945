"""Nobody decides about the own assessor, nor about another one of its legal representative (P3)."""

from __future__ import annotations

from typing import Any

import pytest
from chassis.http.idempotency import COMMAND_METHODS
from chassis.security import NobodyApart
from devkit.api_harness import ApiHarness
from httpx2 import Response
from messages.values import Role

from .api_calls import registration
from .builders import NORTH, NUMBER, OTHER, SOUTH, STEEL
from .test_access import BODIES
from .test_api_bulk import send, workbook

OF_ONE = [
    ("PATCH", "/v1/assessors/{uscc}"),
    ("POST", "/v1/assessors/{uscc}/representative"),
    ("POST", "/v1/assessors/{uscc}/deregistration"),
    ("POST", "/v1/assessors/{uscc}/deregistration/reversal"),
    ("POST", "/v1/assessors/{uscc}/sanctions"),
    ("POST", "/v1/assessors/{uscc}/sanctions/revocation"),
]
OF_MANY = {("POST", "/v1/assessors"), ("POST", "/v1/assessors/imports")}
BY_ITSELF = ("POST", "/v1/assessors/{uscc}/statements")
OWN_WORD = {
    ("POST", "/v1/assessors/{uscc}/namings/confirmations"),
    ("POST", "/v1/assessors/{uscc}/namings/denials"),
}


def refused_for(answer: Response) -> list[tuple[str, str]]:
    return [(each["rule"], each["code"]) for each in answer.json().get("reasons", ())]


def test_every_command_that_decides_about_an_assessor_is_tried(api: ApiHarness[Any]) -> None:
    deciding = {
        route
        for route, policy in api.policies.items()
        if route[0] in COMMAND_METHODS and not isinstance(policy.duties, NobodyApart)
    }

    assert deciding == {*OF_ONE, *OF_MANY, BY_ITSELF, *OWN_WORD}


@pytest.mark.rule("P3")
@pytest.mark.parametrize("route", OF_ONE, ids=" ".join)
@pytest.mark.parametrize("dry_run", [False, True])
async def test_no_officer_decides_about_an_assessor_of_the_own_house(
    api_with_assessors: ApiHarness[Any], route: tuple[str, str], *, dry_run: bool
) -> None:
    async def answer_to(organisation: str) -> Response:
        officer = api_with_assessors.client_as(Role.REGIONAL_OFFICER, organisation=organisation, subject="zhao")
        headers = {"If-Match": "*"} if route[0] == "PATCH" else {}
        params = {"dry_run": True} if dry_run and route[1].endswith("sanctions") else {}
        path = route[1].format(uscc=NORTH)
        return await officer.request(route[0], path, json=BODIES[route], headers=headers, params=params)

    own, sister, stranger = [await answer_to(each) for each in (NORTH.lower(), SOUTH, OTHER)]

    assert [(each.status_code, refused_for(each)) for each in (own, sister)] == [(403, [("P3", "own-matter")])] * 2
    assert stranger.status_code != 403


@pytest.mark.rule("P3")
async def test_no_officer_registers_the_own_organisation_nor_its_sister(api_with_assessors: ApiHarness[Any]) -> None:
    answers = [
        await api_with_assessors.client_as(Role.REGIONAL_OFFICER, organisation=organisation, subject="zhao").post(
            "/v1/assessors", json=registration(STEEL, NUMBER)
        )
        for organisation in (STEEL, NORTH, OTHER)
    ]

    assert [each.status_code for each in answers] == [403, 403, 201]
    assert refused_for(answers[1]) == [("P3", "own-matter")]


@pytest.mark.rule("P3")
@pytest.mark.parametrize("dry_run", [False, True])
async def test_no_officer_imports_a_register_with_the_own_organisation(api: ApiHarness[Any], *, dry_run: bool) -> None:
    content = workbook()
    usccs = [uscc async for uscc in imported(api, content)]

    answers = [
        await send(
            api.client_as(Role.REGIONAL_OFFICER, organisation=organisation, subject="zhao"), content, dry_run=dry_run
        )
        for organisation in (usccs[0], OTHER)
    ]

    assert answers[0].status_code == 403
    assert refused_for(answers[0]) == [("P3", "own-matter")]
    assert answers[1].status_code == (200 if dry_run else 201)


async def imported(api: ApiHarness[Any], content: bytes) -> Any:  # noqa: ANN401 - codes, one by one
    tried = await send(api.client_as(Role.REGIONAL_OFFICER), content, dry_run=True)
    for each in tried.json()["entered"]:
        yield each["uscc"]


@pytest.mark.rule("P3")
async def test_a_statement_is_the_assessors_own_and_no_officer_of_it_files_on_its_behalf(
    api_with_assessors: ApiHarness[Any],
) -> None:
    officer = api_with_assessors.client_as(Role.REGIONAL_OFFICER, organisation=NORTH, subject="zhao")

    answer = await officer.post(BY_ITSELF[1].format(uscc=NORTH), json=BODIES[BY_ITSELF])

    assert (answer.status_code, refused_for(answer)) == (403, [("P3", "own-matter")])
