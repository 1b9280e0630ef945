"""Every route of the service by role and by owner: who gets in, who is refused, and what is recorded (P1, P2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from devkit.comparing import comparable
from httpx2 import Response
from messages.values import Prefecture, Role, UnitType
from registry.handlers import assessors, cases
from registry.jobs import JOBS

from services.registry.tests.api_calls import REMOVAL, announce_list
from services.registry.tests.builders import (
    ASSESSOR,
    CLOSING,
    COPPER,
    DAIRY,
    DOCUMENT,
    STEEL,
    case_cleared,
    sanction,
    unit,
)

CALLERS = ("own", "other", "officer", "elsewhere", "operator", "outsider", "nobody", "region")
"""The unit itself and another; the officer of its prefecture and one of another; an operator; outsiders, which are all
roles that have no part here; nobody, without a token; and the region, last, since what it commands takes effect."""
OUTSIDERS = (Role.ASSESSOR, Role.CONSULTED_DEPARTMENT, Role.EXPERT, Role.REVIEW_ORGANISATION, Role.AGENCY)

REGION_ONLY = "403 403 403 403 403 403 401 {0}"
EVERYONE = "200 200 200 200 200 200 200 200"
FLAGGED = ("GET", "/v1/units?flagged=true")
"""The same route as without the filter, with a policy of its own."""

TABLE: dict[tuple[str, str], str] = {
    ("GET", "/v1/lists"): " ".join(["200=1"] * len(CALLERS)),
    ("GET", "/v1/lists/feed"): " ".join(["200=1"] * len(CALLERS)),
    ("GET", "/v1/lists/chain"): EVERYONE,
    ("GET", "/v1/lists/{number}"): EVERYONE,
    ("GET", "/v1/lists/{number}/lines"): " ".join(["200=3"] * len(CALLERS)),
    ("GET", "/v1/lists/{number}/export"): EVERYONE,
    ("GET", "/v1/lists/{year}/draft"): REGION_ONLY.format(200),
    ("GET", "/v1/lists/{year}/closed"): REGION_ONLY.format(404),
    ("GET", "/v1/lists/{year}/closed/lines"): REGION_ONLY.format(404),
    ("GET", "/v1/lists/{year}/acts"): REGION_ONLY.format("200=2"),
    ("GET", "/v1/lists/acts/{act_id}"): REGION_ONLY.format(200),
    ("GET", "/v1/lists/acts/{act_id}/held-back"): REGION_ONLY.format("200=0"),
    ("POST", "/v1/lists/{year}/close"): REGION_ONLY.format(202),
    ("POST", "/v1/lists/{year}/announce"): REGION_ONLY.format(200),
    ("POST", "/v1/lists/{number}/corrections"): REGION_ONLY.format(201),
    ("GET", "/v1/units"): " ".join(["200=3"] * len(CALLERS)),
    FLAGGED: "200=1 200=0 200=1 200=0 403 403 403 200=1",
    ("GET", "/v1/units/{key}"): EVERYONE,
    ("POST", "/v1/removals"): REGION_ONLY.format(201),
    ("GET", "/v1/removals"): REGION_ONLY.format("200=1"),
    ("GET", "/v1/removals/{removal_id}"): REGION_ONLY.format(200),
    ("GET", "/v1/bans"): EVERYONE,
    ("GET", "/v1/reconciliation"): "403 403 403 403 200 403 401 200",
    ("GET", "/v1/audit-log"): "403 403 403 403 200 403 401 403",
}
"""The answer to each of ``CALLERS`` about Steel, or of Steel's; of a list ``=`` is followed by how many it shows."""

BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/lists/{year}/announce"): {"document_number": DOCUMENT},
    ("POST", "/v1/lists/{number}/corrections"): {"names": {"app-1": "示例钢铁股份有限公司"}, "why": "名称有误"},
    ("POST", "/v1/removals"): REMOVAL | {"document_number": "内工信字〔2024〕8号"},
}
QUERIES = {("GET", "/v1/bans"): {"uscc": STEEL}}


@pytest.fixture
async def names(api: ApiHarness[Any], regional_officer: ApiClient) -> dict[str, str]:
    """Parts of the paths: Steel has two titles, one of them flagged, Dairy one; a case and a removal wait."""
    await api.perform(cases.add_line, case_cleared("app-4", unit(STEEL, kind=UnitType.SUPPLY_CHAIN), assessor=ASSESSOR))
    await announce_list(api, regional_officer)
    await api.perform(assessors.record_sanction, sanction(CLOSING))
    await api.run_jobs(JOBS)
    await api.perform(cases.add_line, case_cleared("app-3", unit(COPPER)))
    removal = (await regional_officer.post("/v1/removals", json=REMOVAL)).json()
    return {"number": "1", "year": "2026", "key": STEEL, "removal_id": removal["removal_id"], "act_id": "act-region-1"}


def callers(api: ApiHarness[Any]) -> Iterator[tuple[str, ApiClient]]:
    """Yield the callers in the order of ``CALLERS``."""
    yield "own", api.client_as(Role.APPLICANT, organisation=STEEL)
    yield "other", api.client_as(Role.APPLICANT, organisation=DAIRY)
    yield "officer", api.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.HOHHOT)
    yield "elsewhere", api.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.BAOTOU)
    yield "operator", api.client_as(Role.OPERATOR)
    for role in OUTSIDERS:
        yield "outsider", api.client_as(role, organisation=STEEL, prefecture=Prefecture.HOHHOT)
    yield "nobody", api.anonymous()
    yield "region", api.client_as(Role.REGIONAL_OFFICER)


async def request(caller: ApiClient, route: tuple[str, str], names: dict[str, str]) -> Response:
    method, path = route[0], route[1].format(**names)
    if route in QUERIES:
        return await caller.request(method, path, params=QUERIES[route])
    return await caller.request(method, path, json=BODIES.get(route), headers={"Prefer": "wait=0"})


def answer_of(response: Response, expected: str) -> str:
    if "=" not in expected:
        return str(response.status_code)
    return f"{response.status_code}={len(response.json().get('items', ()))}"


@pytest.mark.rule("P1")
@pytest.mark.rule("P2")
def test_every_route_has_its_row(api: ApiHarness[Any]) -> None:
    assert set(api.policies) == set(TABLE) - {FLAGGED}


@pytest.mark.rule("P1")
@pytest.mark.rule("P2")
@pytest.mark.parametrize("route", TABLE, ids=" ".join)
async def test_each_caller_gets_what_its_part_is_and_nothing_else(
    api: ApiHarness[Any], names: dict[str, str], route: tuple[str, str]
) -> None:
    expected = dict(zip(CALLERS, TABLE[route].split(), strict=True))
    found = [(who, answer_of(await request(caller, route, names), expected[who])) for who, caller in callers(api)]
    assert found == [(who, expected[who]) for who, _ in found]


@pytest.mark.rule("P2")
@pytest.mark.parametrize("route", [each for each in TABLE if "403" in TABLE[each]], ids=" ".join)
async def test_a_read_of_what_is_not_public_and_a_refusal_leave_a_record(
    api: ApiHarness[Any], names: dict[str, str], route: tuple[str, str]
) -> None:
    before = {kind: len(api.memory.collections.get(kind, {})) for kind in ("audit_reads", "audit_denials")}
    role = Role.OPERATOR if route == ("GET", "/v1/audit-log") else Role.REGIONAL_OFFICER
    await request(api.client_as(role), route, names)
    refused = await request(api.client_as(Role.EXPERT), route, names)
    after = {kind: len(api.memory.collections.get(kind, {})) for kind in before}
    protected = route != FLAGGED and api.policies[route].protected
    assert refused.status_code == 403
    assert after["audit_denials"] - before["audit_denials"] == 1
    assert after["audit_reads"] - before["audit_reads"] == (1 if protected else 0)


ABSENT = {"number": "9", "year": "2031", "key": COPPER, "removal_id": "removal-0", "act_id": "act-region-9"}


@pytest.mark.rule("P2")
@pytest.mark.parametrize("route", [each for each in TABLE if "{" in each[1]], ids=" ".join)
async def test_whoever_may_not_see_it_cannot_tell_it_from_what_does_not_exist(
    api: ApiHarness[Any], names: dict[str, str], route: tuple[str, str]
) -> None:
    for who, caller in callers(api):
        foreign = await request(caller, route, names)
        if who != "region" and foreign.status_code in {403, 404}:
            absent = await request(caller, route, ABSENT)
            assert comparable(foreign, *names.values()) == comparable(absent, *ABSENT.values()), who
