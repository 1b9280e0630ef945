"""No officer makes or corrects a list that decides about the own organisation, nor removes it (P3)."""

from __future__ import annotations

from typing import Any

import pytest
from chassis.http.idempotency import COMMAND_METHODS
from chassis.security import NobodyApart
from devkit.api_harness import ApiClient, ApiHarness
from httpx2 import Response
from messages.values import Role

from .api_calls import REMOVAL, announce_list, close_list
from .builders import COPPER, DAIRY, DOCUMENT, SOLAR, STEEL

CLOSE = ("POST", "/v1/lists/{year}/close")
ANNOUNCE = ("POST", "/v1/lists/{year}/announce")
CORRECT = ("POST", "/v1/lists/{number}/corrections")
REMOVE = ("POST", "/v1/removals")


def officer_of(api: ApiHarness[Any], organisation: str) -> ApiClient:
    return api.client_as(Role.REGIONAL_OFFICER, organisation=organisation, subject="zhao")


def is_own_matter(answer: Response) -> bool:
    reasons = [(each["rule"], each["code"]) for each in answer.json().get("reasons", ())]
    return (answer.status_code, reasons) == (403, [("P3", "own-matter")])


def test_every_command_that_decides_about_units_is_tried(api: ApiHarness[Any]) -> None:
    deciding = {
        route
        for route, policy in api.policies.items()
        if route[0] in COMMAND_METHODS and not isinstance(policy.duties, NobodyApart)
    }

    assert deciding == {CLOSE, ANNOUNCE, CORRECT, REMOVE}


@pytest.mark.rule("P3")
async def test_no_officer_closes_the_list_of_the_own_organisation(api: ApiHarness[Any]) -> None:
    answers = {
        each: await officer_of(api, each).post("/v1/lists/2026/close", headers={"Prefer": "wait=0"})
        for each in (STEEL, DAIRY.lower(), COPPER)
    }

    assert {each: is_own_matter(answer) for each, answer in answers.items()} == {
        STEEL: True,
        DAIRY.lower(): True,
        COPPER: False,
    }
    assert answers[COPPER].status_code == 202


@pytest.mark.rule("P3")
async def test_no_officer_announces_the_list_of_the_own_organisation(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    assert (await close_list(api, regional_officer)).status_code == 200

    own, other = [
        await officer_of(api, each).post(
            "/v1/lists/2026/announce", json={"document_number": DOCUMENT}, headers={"Prefer": "wait=0"}
        )
        for each in (STEEL, COPPER)
    ]

    assert is_own_matter(own)
    assert other.status_code == 202


@pytest.mark.rule("P3")
async def test_no_officer_corrects_the_list_of_the_own_organisation(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    await announce_list(api, regional_officer)
    body = {"names": {"app-1": "示例钢铁股份有限公司"}, "why": "名称有误"}

    own, other = [await officer_of(api, each).post("/v1/lists/1/corrections", json=body) for each in (DAIRY, COPPER)]

    assert is_own_matter(own)
    assert other.status_code == 201


@pytest.mark.rule("P3")
async def test_no_officer_removes_the_own_organisation_nor_makes_the_list_that_removes_it(
    api: ApiHarness[Any], regional_officer: ApiClient
) -> None:
    own, named, other = [
        await officer_of(api, each).post("/v1/removals", json=REMOVAL)
        for each in (SOLAR, str(REMOVAL["unit"]["name"]), COPPER)
    ]
    later = REMOVAL | {"ground": "D4", "decided_on": "2026-06-01", "document_number": "内工信字〔2026〕7号"}
    recorded = await regional_officer.post("/v1/removals", json=later)

    closing = await officer_of(api, SOLAR).post("/v1/lists/2026/close", headers={"Prefer": "wait=0"})

    assert [is_own_matter(each) for each in (own, named, other)] == [True, True, False]
    assert (other.status_code, recorded.status_code) == (201, 201)
    assert is_own_matter(closing)
