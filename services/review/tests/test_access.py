"""Every route by every role, of this prefecture and another: who is let in, who is refused (P1, P2)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from devkit.comparing import comparable
from messages.values import Prefecture, Role
from review.api import router
from review.handlers.applications import open_case
from review.handlers.panel import AppointPanel, appoint_panel
from review.store import AGGREGATES, INDEXES, Store

from .builders import ASSESSOR, COPPER, DEPARTMENTS, OPENED, ORGANISATION, SCAN, STEEL, accepted, at, unit
from .harness import ReviewHarness

HERE, ELSEWHERE = Prefecture.BAOTOU, Prefecture.WUHAI
ECOLOGY = DEPARTMENTS[0]


@dataclass(frozen=True)
class Somebody:
    role: str
    organisation: str | None = None
    prefecture: str | None = None
    subject: str | None = None
    person_verified: bool = False


ACTORS = {
    "region": Somebody(Role.REGIONAL_OFFICER),
    "reviewers": Somebody(Role.REVIEW_ORGANISATION),
    "officer here": Somebody(Role.PREFECTURE_OFFICER, prefecture=HERE),
    "officer elsewhere": Somebody(Role.PREFECTURE_OFFICER, prefecture=ELSEWHERE),
    "ecology here": Somebody(Role.CONSULTED_DEPARTMENT, ECOLOGY, HERE),
    "ecology elsewhere": Somebody(Role.CONSULTED_DEPARTMENT, ECOLOGY, ELSEWHERE),
    "market here": Somebody(Role.CONSULTED_DEPARTMENT, DEPARTMENTS[2], HERE),
    "expert seated": Somebody(Role.EXPERT, subject="expert-1"),
    "expert in the chair": Somebody(Role.EXPERT, subject="expert-2"),
    "expert elsewhere": Somebody(Role.EXPERT, subject="expert-9"),
    "the unit": Somebody(Role.APPLICANT, STEEL),
    "another unit": Somebody(Role.APPLICANT, COPPER),
    "the assessor": Somebody(Role.ASSESSOR, ASSESSOR.uscc),
    "another assessor": Somebody(Role.ASSESSOR, COPPER),
    "agency": Somebody(Role.AGENCY, "agency-1"),
    "operator": Somebody(Role.OPERATOR),
    "citizen": Somebody(Role.PUBLIC, subject="citizen", person_verified=True),
}
EVERYBODY = frozenset(ACTORS)
READERS = {
    "region",
    "reviewers",
    "officer here",
    "ecology here",
    "market here",
    "expert seated",
    "expert in the chair",
    "the unit",
    "the assessor",
}
ROLES_WITH_LISTS = READERS | {
    "officer elsewhere",
    "ecology elsewhere",
    "expert elsewhere",
    "another unit",
    "another assessor",
}
REGION, REVIEWERS, OFFICER = {"region"}, {"reviewers"}, {"officer here"}
EXPERTS = {"expert seated", "expert in the chair", "expert elsewhere"}

OPINION = {"department": ECOLOGY.value, "opinion": "agree"}
DOCUMENT = {"number": "包工信〔2026〕1号", "conclusion": "recommended", "attachments": [SCAN.model_dump()]}
SHEET: dict[str, object] = {"values": {}, "mandatory_items": {}}
OBJECTION = {"case_id": "app-1", "facts": "排放异味", "name": "王某", "contact": "0472-0000000"}

Wanted = tuple[str, object, set[str] | frozenset[str]]
ROUTES: dict[str, Wanted] = {
    "GET /v1/audit-log": ("/v1/audit-log", None, {"operator"}),
    "GET /v1/cases": ("/v1/cases", None, ROLES_WITH_LISTS),
    "GET /v1/cases/{case_id}": ("/v1/cases/app-1", None, READERS),
    "GET /v1/cases/{case_id}/record": ("/v1/cases/app-1/record", None, REGION | REVIEWERS | OFFICER),
    "POST /v1/cases/{case_id}/opinions": ("/v1/cases/app-1/opinions", OPINION, {"ecology here"}),
    "POST /v1/cases/{case_id}/initial-review": ("/v1/cases/app-1/initial-review", {"decision": "accept"}, OFFICER),
    "POST /v1/cases/{case_id}/opinion-document": ("/v1/cases/app-1/opinion-document", DOCUMENT, OFFICER),
    "POST /v1/cases/{case_id}/forward": ("/v1/cases/app-1/forward", None, OFFICER),
    "POST /v1/experts": ("/v1/experts", {"expert_id": "expert-5", "employer": "某大学"}, REVIEWERS),
    "GET /v1/experts": ("/v1/experts", None, REGION | REVIEWERS | EXPERTS),
    "GET /v1/experts/{expert_id}": ("/v1/experts/expert-1", None, REGION | REVIEWERS | {"expert seated"}),
    "POST /v1/experts/{expert_id}/conflicts": (
        "/v1/experts/expert-1/conflicts",
        {"uscc": COPPER, "text": "曾任顾问"},
        {"expert seated"},
    ),
    "POST /v1/cases/{case_id}/panel": ("/v1/cases/app-1/panel", None, REVIEWERS),
    "POST /v1/batches/{year}/panels": ("/v1/batches/2026/panels", None, REVIEWERS),
    "PUT /v1/cases/{case_id}/score-sheets/{expert}": (
        "/v1/cases/app-1/score-sheets/expert-1",
        SHEET,
        {"expert seated"},
    ),
    "GET /v1/cases/{case_id}/score-sheets/{expert}": (
        "/v1/cases/app-1/score-sheets/expert-1",
        None,
        REGION | REVIEWERS | {"expert seated"},
    ),
    "POST /v1/cases/{case_id}/deviation-decision": (
        "/v1/cases/app-1/deviation-decision",
        {"decision": "confirm", "text": "属实"},
        {"expert seated", "expert in the chair", "region"},
    ),
    "POST /v1/cases/{case_id}/site-verification": (
        "/v1/cases/app-1/site-verification",
        {"findings": "属实"},
        REGION | REVIEWERS,
    ),
    "POST /v1/batches/{year}/ranking": ("/v1/batches/2026/ranking", None, REGION),
    "GET /v1/batches/{year}/ranking": ("/v1/batches/2026/ranking", None, REGION | REVIEWERS),
    "GET /v1/batches/{year}/ranking/{number}/lines": ("/v1/batches/2026/ranking/1/lines", None, REGION | REVIEWERS),
    "GET /v1/batches/{year}/ranking/{number}/check": ("/v1/batches/2026/ranking/1/check", None, REGION | REVIEWERS),
    "GET /v1/batches/{year}/draws": ("/v1/batches/2026/draws", None, EVERYBODY),
    "GET /v1/acts": ("/v1/acts", None, REGION | REVIEWERS),
    "GET /v1/acts/{act_id}": ("/v1/acts/act-1", None, REGION | REVIEWERS),
    "POST /v1/acts/{act_id}/continuation": ("/v1/acts/act-1/continuation", None, REGION),
    "GET /v1/notices/{notice_id}/lines": ("/v1/notices/notice-region-2026-1/lines", None, EVERYBODY),
    "POST /v1/batches/{year}/notice": ("/v1/batches/2026/notice", None, REGION),
    "GET /v1/notices": ("/v1/notices", None, EVERYBODY),
    "GET /v1/notices/{notice_id}": ("/v1/notices/notice-region-2026-1", None, EVERYBODY),
    "POST /v1/notices/{notice_id}/conclude": ("/v1/notices/notice-region-2026-1/conclude", None, REGION),
    "POST /v1/notices/{notice_id}/objections": ("/v1/notices/notice-region-2026-1/objections", OBJECTION, {"citizen"}),
    "GET /v1/notices/{notice_id}/objections": ("/v1/notices/notice-region-2026-1/objections", None, REGION),
    "GET /v1/notices/{notice_id}/objections/{objection_id}": (
        "/v1/notices/notice-region-2026-1/objections/obj-1",
        None,
        REGION | {"citizen"},
    ),
    "POST /v1/notices/{notice_id}/objections/{objection_id}/receipt": (
        "/v1/notices/notice-region-2026-1/objections/obj-1/receipt",
        {"received": True},
        REGION,
    ),
    "POST /v1/notices/{notice_id}/objections/{objection_id}/resolution": (
        "/v1/notices/notice-region-2026-1/objections/obj-1/resolution",
        {"upheld": False, "text": "经核实"},
        REGION,
    ),
}
STATUSES = {
    "POST /v1/cases/{case_id}/opinions": 409,
    "POST /v1/cases/{case_id}/initial-review": 409,
    "POST /v1/cases/{case_id}/opinion-document": 409,
    "POST /v1/cases/{case_id}/forward": 409,
    "POST /v1/experts": 201,
    "POST /v1/cases/{case_id}/panel": 409,
    "GET /v1/cases/{case_id}/score-sheets/{expert}": 404,
    "POST /v1/cases/{case_id}/deviation-decision": 409,
    "POST /v1/cases/{case_id}/site-verification": 409,
    "POST /v1/batches/{year}/ranking": 409,
    "GET /v1/batches/{year}/ranking": 404,
    "GET /v1/batches/{year}/ranking/{number}/lines": 404,
    "GET /v1/batches/{year}/ranking/{number}/check": 404,
    "GET /v1/acts/{act_id}": 404,
    "POST /v1/acts/{act_id}/continuation": 404,
    "GET /v1/notices/{notice_id}/lines": 404,
    "POST /v1/batches/{year}/notice": 409,
    "GET /v1/notices/{notice_id}": 404,
    "POST /v1/notices/{notice_id}/conclude": 404,
    "POST /v1/notices/{notice_id}/objections": 404,
    "GET /v1/notices/{notice_id}/objections/{objection_id}": 404,
    "POST /v1/notices/{notice_id}/objections/{objection_id}/receipt": 404,
    "POST /v1/notices/{notice_id}/objections/{objection_id}/resolution": 404,
}
"""The answer to those whom a route lets in, where it is not 200: the case of the table stands at another stage."""
PUBLIC_ROUTES = {name for name, (_, _, allowed) in ROUTES.items() if allowed is EVERYBODY}


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[ApiHarness[Any]]:
    """A case of Baotou with its panel, expert-2 in the chair, and one of Wuhai that is not forwarded yet."""
    handlers = ReviewHarness()
    case_id = await handlers.forward(accepted(by=ASSESSOR))
    await handlers.register("expert-1", "expert-2", "expert-3", "expert-9")
    await handlers.do(appoint_panel, AppointPanel(case_id, ("expert-2", "expert-1", "expert-3"), ORGANISATION))
    await handlers.do(open_case, accepted("app-2", unit(COPPER, prefecture=ELSEWHERE)))
    async with api_harness(
        "review", router, Store, aggregates=AGGREGATES, clock=FixedClock(at(OPENED)), indexes=INDEXES
    ) as api:
        api.memory.collections.update(handlers.memory.collections)
        yield api


@pytest.fixture
def api(served: ApiHarness[Any]) -> Iterator[ApiHarness[Any]]:
    """The same beginning for every test: a commit makes new dictionaries and leaves these as they were."""
    beginning = served.memory.collections
    yield served
    served.memory.collections = beginning


def caller(api: ApiHarness[Any], name: str) -> ApiClient:
    who = ACTORS[name]
    return api.client_as(
        who.role,
        organisation=who.organisation,
        prefecture=who.prefecture,
        subject=who.subject,
        person_verified=who.person_verified,
    )


@pytest.mark.rule("P1", "P2", "V1")
@pytest.mark.parametrize("name", ROUTES)
async def test_a_route_lets_in_whom_its_policy_names_and_nobody_else(api: ApiHarness[Any], name: str) -> None:
    path, body, allowed = ROUTES[name]
    method = name.split(maxsplit=1)[0]

    beginning, statuses = api.memory.collections, {}
    for actor in ACTORS:
        api.memory.collections = beginning
        response = await caller(api, actor).request(method, path, json=body)
        statuses[actor] = response.status_code

    roles = {rule.role for rule in api.policies[method, name.split(maxsplit=1)[1]].rules}
    refused = {actor: 404 if who.role in roles else 403 for actor, who in ACTORS.items()}
    assert statuses == {actor: STATUSES.get(name, 200) if actor in allowed else refused[actor] for actor in ACTORS}


@pytest.mark.rule("P2")
@pytest.mark.parametrize("name", ROUTES)
async def test_without_a_token_only_what_is_public_is_open(api: ApiHarness[Any], name: str) -> None:
    path, body, _ = ROUTES[name]

    answer = await api.anonymous().request(name.split(maxsplit=1)[0], path, json=body)

    assert (answer.status_code != 401) is (name in PUBLIC_ROUTES)


@pytest.mark.rule("P2")
async def test_a_refused_attempt_is_recorded(api: ApiHarness[Any]) -> None:
    await caller(api, "officer elsewhere").post("/v1/cases/app-1/forward")

    (attempt,) = api.memory.collections["audit_denials"].values()
    assert (attempt["policy"], attempt["path"]) == ("case.decide", "/v1/cases/app-1/forward")


@pytest.mark.rule("P2")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("region", ["app-1", "app-2"]),
        ("reviewers", ["app-1"]),
        ("officer here", ["app-1"]),
        ("officer elsewhere", ["app-2"]),
        ("ecology elsewhere", ["app-2"]),
        ("expert seated", ["app-1"]),
        ("expert elsewhere", []),
        ("the unit", ["app-1"]),
        ("another unit", ["app-2"]),
        ("the assessor", ["app-1"]),
        ("another assessor", []),
    ],
)
async def test_a_list_shows_exactly_what_may_be_read_one_by_one(
    api: ApiHarness[Any], name: str, shown: list[str]
) -> None:
    somebody = caller(api, name)

    listed = [each["case_id"] for each in (await somebody.get("/v1/cases")).json()["items"]]
    readable = [each for each in ("app-1", "app-2") if (await somebody.get(f"/v1/cases/{each}")).status_code == 200]

    assert listed == readable == shown


@pytest.mark.rule("P2", "V4")
@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/record"), ("POST", "/panel")])
async def test_a_review_organisation_learns_nothing_of_a_case_before_it_is_forwarded(
    api: ApiHarness[Any], method: str, path: str
) -> None:
    answer = await caller(api, "reviewers").request(method, f"/v1/cases/app-2{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert "consulting" not in answer.text


@pytest.mark.rule("P2")
async def test_a_filter_never_widens_what_somebody_may_see(api: ApiHarness[Any]) -> None:
    asked = await caller(api, "officer here").get("/v1/cases", params={"prefecture": ELSEWHERE.value})

    assert asked.json()["items"] == []


async def test_every_route_of_the_service_is_in_the_table(api: ApiHarness[Any]) -> None:
    paths = api.app.openapi()["paths"]

    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}

    assert {each for each in routes if "/v1/" in each} == set(ROUTES)


FOREIGN = {"app-1": "app-0", "expert-1": "expert-0"}
"""Names that are there, each with one that is not."""


@pytest.mark.rule("P2")
@pytest.mark.parametrize("name", [each for each in ROUTES if "{case_id}" in each or "{expert_id}" in each])
async def test_whoever_may_not_see_it_cannot_tell_it_from_what_does_not_exist(api: ApiHarness[Any], name: str) -> None:
    path, body, allowed = ROUTES[name]
    method, elsewhere = name.split(maxsplit=1)[0], path
    for there, absent in FOREIGN.items():
        elsewhere = elsewhere.replace(there, absent)
    for actor in ACTORS.keys() - allowed:
        somebody = caller(api, actor)
        foreign, none = [await somebody.request(method, each, json=body) for each in (path, elsewhere)]
        assert comparable(foreign, *FOREIGN) == comparable(none, *FOREIGN.values()), actor
