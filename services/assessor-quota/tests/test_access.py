"""Every route of the service by role and by owner: who gets in, who is refused, and what is recorded (P1, P2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from devkit.comparing import comparable
from httpx2 import Response
from messages.values import Prefecture, Role

from .api_calls import CHANGE, DECISION, registration
from .builders import NEW_YEAR, NORTH, OTHER, STEEL, WANG, succeeding
from .harness import deliver_to_api, run_api_job

CALLERS = ("own", "other", "there", "elsewhere", "operator", "stranger", "nobody", "region")
"""The assessor itself and another; the department where it works and one where it does not; an operator; every role
that has no part here; nobody, without a token; and the region, last, since what it commands takes effect."""
STRANGERS = (Role.APPLICANT, Role.CONSULTED_DEPARTMENT, Role.EXPERT, Role.REVIEW_ORGANISATION, Role.AGENCY)

STATEMENT = {
    "year": 2026,
    "projects_evaluated": 1,
    "staff": 2,
    "staff_trained": 1,
    "trainings_given": 1,
    "complaints": 0,
    "summary": "完成评价一项。",
}
REGION_ONLY = "403 403 403 403 403 403 401"
EVERYONE = "200 200 200 200 200 200 200"
OF_THE_ASSESSOR = "200 404 200 404 403 403 401"

TABLE: dict[tuple[str, str], str] = {
    ("POST", "/v1/assessors"): f"{REGION_ONLY} 201",
    ("PATCH", "/v1/assessors/{uscc}"): f"{REGION_ONLY} 200",
    ("POST", "/v1/assessors/{uscc}/representative"): f"{REGION_ONLY} 200",
    ("POST", "/v1/assessors/{uscc}/deregistration"): f"{REGION_ONLY} 200",
    ("POST", "/v1/assessors/{uscc}/deregistration/reversal"): f"{REGION_ONLY} 409",
    ("POST", "/v1/assessors/{uscc}/sanctions"): f"{REGION_ONLY} 201",
    ("POST", "/v1/assessors/{uscc}/sanctions/revocation"): f"{REGION_ONLY} 409",
    ("POST", "/v1/assessors/imports"): f"{REGION_ONLY} 415",
    ("GET", "/v1/assessors/imports/template"): f"{REGION_ONLY} 200",
    ("GET", "/v1/assessors/export"): "200 200 200 200 403 403 401 200",
    ("GET", "/v1/assessors"): f"{EVERYONE} 200",
    ("GET", "/v1/sanctions"): f"{EVERYONE} 200",
    ("GET", "/v1/assessors/{uscc}/sanctions"): f"{EVERYONE} 200",
    ("GET", "/v1/assessors/{uscc}"): f"{OF_THE_ASSESSOR} 200",
    ("GET", "/v1/assessors/{uscc}/history"): f"{OF_THE_ASSESSOR} 200",
    ("GET", "/v1/assessors/{uscc}/items"): f"{OF_THE_ASSESSOR} 200",
    ("GET", "/v1/representatives/{digest}/items"): f"{OF_THE_ASSESSOR} 200",
    ("GET", "/v1/prefectures/{prefecture}/assessors"): "200=1 200=0 200=1 200=0 403 403 401 200=1",
    ("GET", "/v1/items"): "200=1 200=0 200=1 200=0 403 403 401 200=1",
    ("GET", "/v1/items/{application_id}"): f"{OF_THE_ASSESSOR} 200",
    ("POST", "/v1/assessors/{uscc}/namings/confirmations"): "200 403 403 403 403 403 401 403",
    ("POST", "/v1/assessors/{uscc}/namings/denials"): "409 403 403 403 403 403 401 403",
    ("GET", "/v1/assessors/{uscc}/namings"): "200=1 404 403 403 403 403 401 200=1",
    ("POST", "/v1/assessors/{uscc}/statements"): "201 403 403 403 403 403 401 201",
    ("GET", "/v1/assessors/{uscc}/statements/{year}"): f"{OF_THE_ASSESSOR} 200",
    ("GET", "/v1/statements"): "200=1 200=1 200=1 200=0 403 403 401 200=3",
    ("GET", "/v1/success-rates"): "200=1 200=0 200=1 200=0 403 403 401 200=1",
    ("GET", "/v1/success-rates/export"): "200 200 200 200 403 403 401 200",
    ("GET", "/v1/reconciliation"): "403 403 403 403 200 403 401 200",
    ("POST", "/v1/reconciliation/repairs"): f"{REGION_ONLY} 409",
    ("GET", "/v1/audit-log"): "403 403 403 403 200 403 401 403",
}
"""Status that each of ``CALLERS`` gets about North; of a list, ``=`` is followed by the number of its entries."""

BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/assessors"): registration(STEEL),
    ("PATCH", "/v1/assessors/{uscc}"): {"name": "新名称"},
    ("POST", "/v1/assessors/{uscc}/representative"): CHANGE,
    ("POST", "/v1/assessors/{uscc}/deregistration"): {"document_number": "终止一号"},
    ("POST", "/v1/assessors/{uscc}/deregistration/reversal"): {"document_number": "恢复一号"},
    ("POST", "/v1/assessors/{uscc}/sanctions"): DECISION,
    ("POST", "/v1/assessors/{uscc}/sanctions/revocation"): {"document_number": "撤一号"},
    ("POST", "/v1/assessors/{uscc}/namings/confirmations"): {
        "namings": [{"application_id": "app-9", "unit_uscc": STEEL}]
    },
    ("POST", "/v1/assessors/{uscc}/namings/denials"): {"application_id": "app-1", "reason": "未签订评价合同。"},
    ("POST", "/v1/assessors/{uscc}/statements"): STATEMENT,
    ("POST", "/v1/reconciliation/repairs"): {"ledger": f"{WANG.digest}:2026", "why": "对账不一致"},
}
NAMED = {
    "uscc": NORTH,
    "digest": WANG.digest,
    "prefecture": Prefecture.CHIFENG.value,
    "application_id": "app-1",
    "year": "2026",
}


@pytest.fixture
async def api_after_year(api_with_assessors: ApiHarness[Any]) -> ApiHarness[Any]:
    """North has carried out an item in Chifeng, a year has passed, and all owe a statement; North has filed."""
    await deliver_to_api(api_with_assessors, succeeding("app-1", NORTH))
    for job in ("count-applications", "open-duties"):
        await run_api_job(api_with_assessors, job, NEW_YEAR)
    filed = await api_with_assessors.client_as(Role.ASSESSOR, organisation=NORTH).post(
        f"/v1/assessors/{NORTH}/statements", json=STATEMENT
    )
    assert filed.status_code == 201
    return api_with_assessors


def callers(api_after_year: ApiHarness[Any]) -> Iterator[tuple[str, ApiClient]]:
    officers = {"there": Prefecture.CHIFENG, "elsewhere": Prefecture.WUHAI}
    assessors = {"own": NORTH, "other": OTHER}
    for who in CALLERS:
        if who in officers:
            yield who, api_after_year.client_as(Role.PREFECTURE_OFFICER, prefecture=officers[who])
        elif who in assessors:
            yield who, api_after_year.client_as(Role.ASSESSOR, organisation=assessors[who])
        elif who == "stranger":
            yield from (
                (who, api_after_year.client_as(role, organisation=NORTH, prefecture=Prefecture.CHIFENG))
                for role in STRANGERS
            )
        elif who == "nobody":
            yield who, api_after_year.anonymous()
        else:
            yield who, api_after_year.client_as(Role.REGIONAL_OFFICER if who == "region" else Role.OPERATOR)


def shown(answer: Response, expected: str) -> str:
    if "=" not in expected:
        return str(answer.status_code)
    return f"{answer.status_code}={len(answer.json().get('items', ()))}"


@pytest.mark.rule("P1")
@pytest.mark.rule("P2")
def test_every_route_has_its_row(api: ApiHarness[Any]) -> None:
    assert set(api.policies) == set(TABLE)


@pytest.mark.rule("P1")
@pytest.mark.rule("P2")
@pytest.mark.parametrize("route", TABLE, ids=" ".join)
async def test_each_caller_gets_what_its_part_is_and_nothing_else(
    api_after_year: ApiHarness[Any], route: tuple[str, str]
) -> None:
    method, path = route[0], route[1].format(**NAMED)
    expected = dict(zip(CALLERS, TABLE[route].split(), strict=True))
    headers = {"If-Match": "*"} if method == "PATCH" else {}
    for who, caller in callers(api_after_year):
        answer = await caller.request(method, path, json=BODIES.get(route), headers=headers)
        assert shown(answer, expected[who]) == expected[who], (who, answer.text)


@pytest.mark.rule("P2")
@pytest.mark.parametrize("route", [each for each in TABLE if each[0] == "GET"], ids=" ".join)
async def test_a_read_of_what_is_not_public_and_a_refusal_leave_a_record(
    api_after_year: ApiHarness[Any], route: tuple[str, str]
) -> None:
    policy, path = api_after_year.policies[route], route[1].format(**NAMED)
    before = {kind: len(api_after_year.memory.collections.get(kind, {})) for kind in ("audit_reads", "audit_denials")}
    reading = api_after_year.client_as(
        Role.OPERATOR if "operator" in {rule.role for rule in policy.rules} else Role.REGIONAL_OFFICER
    )
    await reading.get(path)
    await api_after_year.client_as(Role.EXPERT).get(path)
    after = {kind: len(api_after_year.memory.collections.get(kind, {})) for kind in before}
    public, operational = policy.open, policy.name in {"reconciliation.read", "assessor.register"}
    assert after["audit_reads"] - before["audit_reads"] == (0 if public or operational else 1)
    assert after["audit_denials"] - before["audit_denials"] == (0 if public else 1)


ABSENT = NAMED | {"uscc": STEEL, "digest": "0" * 64, "application_id": "app-0"}
OF_ONE = [each for each in TABLE if any(f"{{{name}}}" in each[1] for name in ("uscc", "digest", "application_id"))]
"""Routes about one assessor, representative or item."""


@pytest.mark.rule("P2")
@pytest.mark.parametrize("route", OF_ONE, ids=" ".join)
async def test_whoever_may_not_see_it_cannot_tell_it_from_what_does_not_exist(
    api_after_year: ApiHarness[Any], route: tuple[str, str]
) -> None:
    headers = {"If-Match": "*"} if route[0] == "PATCH" else {}
    for who, caller in callers(api_after_year):
        foreign, absent = [
            await caller.request(route[0], route[1].format(**names), json=BODIES.get(route), headers=headers)
            for names in (NAMED, ABSENT)
        ]
        if foreign.status_code in {403, 404}:
            assert comparable(foreign, NORTH, WANG.digest) == comparable(absent, STEEL, "0" * 64), who
