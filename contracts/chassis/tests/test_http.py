import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Annotated

import pytest
from chassis.access import Policy, Rule, both, everything, own_organisation, own_prefecture, public
from chassis.clock import FixedClock
from chassis.handling import Done, Refusal, Transient
from chassis.http import Call, Gate, Page, etag, refuses
from chassis.problems import MEDIA_TYPE
from chassis.store import Documents
from chassis.testing.http import ApiStand, Caller, api_stand
from chassis.unit import Unit
from fastapi import APIRouter, Depends, Response, UploadFile
from messages.values import Prefecture, Reason, Role
from pydantic import BaseModel, ConfigDict
from structlog.testing import capture_logs

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
USCC = "91150100MA0MXT5K3N"


@dataclass(frozen=True)
class Plan:
    """A cultivation plan: enough of a thing to own, change and list."""

    organisation: str
    prefecture: Prefecture
    title: str
    submitted: date | None = None


class Draft(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str
    measures: list[int] = []


@dataclass(frozen=True)
class File:
    plan_id: str
    organisation: str
    prefecture: Prefecture
    title: str


@dataclass(frozen=True)
class Retitle:
    plan_id: str
    title: str
    seen: int | None


class Store:
    def __init__(self, unit: Unit) -> None:
        self.plans: Documents[Plan] = Documents(unit, "plans", Plan)


NAUGHTY = Reason(rule="C2", article="第八条", code="title-improper", text="标题不规范", pointer="/title")


async def file_plan(command: File, store: Store, _now: datetime) -> Done:
    if command.title == "improper":
        raise Refusal("plan-refused", NAUGHTY)
    plan = Plan(command.organisation, command.prefecture, command.title)
    store.plans.save(command.plan_id, plan)
    if command.title == "ineligible":
        return Done(refusal=Refusal("plan-ineligible", NAUGHTY))
    return Done(value={"plan": command.plan_id, "number": len(await store.plans.find())})


async def retitle(command: Retitle, store: Store, _now: datetime) -> Done:
    plan = await store.plans.require(command.plan_id)
    if command.seen is not None and command.seen != store.plans.version(command.plan_id):
        raise Refusal("version-stale", status=412)
    store.plans.save(command.plan_id, replace(plan, title=command.title))
    return Done()


@dataclass(frozen=True)
class Known:
    """Somebody by a keyed digest."""

    person: str


async def know(command: Known, _store: Store, _now: datetime) -> Done:
    return Done(value={"person": command.person})


async def overtake(_command: str, _store: Store, _now: datetime) -> Done:
    raise Transient("the other event is not here yet")


class Filed(BaseModel):
    plan: str
    number: int


FILE = Policy("file-plan", (Rule(Role.APPLICANT, everything),))
READ = Policy(
    "read-plan",
    (
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),
        Rule(Role.APPLICANT, own_organisation("organisation")),
    ),
)
READ_HIDDEN = replace(READ, name="read-plan-hidden", hidden=True)
ANNOUNCED = Policy("read-announced", (Rule(Role.PUBLIC, public),))


def router(gate: Gate) -> APIRouter:  # noqa: C901 - a router is the sum of its routes
    routes = APIRouter(prefix="/v1")
    gate.accepts("/v1/plans/{plan}/files", 3000)

    @routes.post("/plans", status_code=201, responses=refuses("plan-refused", "plan-ineligible"))
    async def file(draft: Draft, call: Annotated[Call, Depends(gate.call(FILE))]) -> Filed:
        place = Prefecture(call.actor.prefecture or "")
        command = File(call.new_id("plan-"), call.actor.organisation or "", place, draft.title)
        return await call.perform(file_plan, command, Store, reply=Filed)

    @routes.post("/persons")
    async def identify(body: dict[str, str], call: Annotated[Call, Depends(gate.call(FILE))]) -> dict[str, str]:
        person = hmac.new(b"key", body["number"].encode(), sha256).hexdigest()
        return await call.perform(know, Known(person), Store, private=True, reply=dict[str, str])

    @routes.put("/plans/{plan}")
    async def change(plan: str, draft: Draft, call: Annotated[Call, Depends(gate.call(READ))]) -> None:
        known = await call.reads(Store).plans.require(plan)
        command = Retitle(plan, draft.title, call.if_match(required=True))
        await call.perform(retitle, command, Store, resource=known)

    async def one(plan: str, call: Call, response: Response) -> Plan:
        store = call.reads(Store)
        found = await store.plans.require(plan)
        await call.allow(found)
        response.headers["ETag"] = etag(store.plans.version(plan))
        return found

    @routes.get("/plans/{plan}")
    async def read(plan: str, response: Response, call: Annotated[Call, Depends(gate.call(READ))]) -> Plan:
        return await one(plan, call, response)

    @routes.get("/hidden/{plan}")
    async def read_hidden(
        plan: str, response: Response, call: Annotated[Call, Depends(gate.call(READ_HIDDEN))]
    ) -> Plan:
        return await one(plan, call, response)

    @routes.get("/plans")
    async def listed(
        call: Annotated[Call, Depends(gate.call(READ))],
        prefecture: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[Plan]:
        where = both(call.filter(), {"prefecture": prefecture} if prefecture else {})
        return await call.page(call.reads(Store).plans, where, (("title", -1),), limit, after)

    @routes.post("/plans/{plan}/files")
    async def attach(plan: str, file: UploadFile, call: Annotated[Call, Depends(gate.call(FILE))]) -> dict[str, object]:
        size = len(await file.read())
        command = File(plan, "", Prefecture.WUHAI, f"{file.filename} {size}")
        return {"made": await call.perform(file_plan, command, Store)}

    @routes.get("/announced")
    async def announced(call: Annotated[Call, Depends(gate.call(ANNOUNCED))]) -> str:
        return call.actor.subject

    @routes.post("/broken")
    async def broken(call: Annotated[Call, Depends(gate.call(ANNOUNCED))]) -> None:
        raise RuntimeError(f"secret detail of {call.actor.subject}")

    @routes.post("/early")
    async def early(call: Annotated[Call, Depends(gate.call(ANNOUNCED))]) -> None:
        await call.perform(overtake, "", Store)

    return routes


@pytest.fixture
async def api() -> AsyncIterator[ApiStand]:
    async with api_stand("plans", router, aggregates={}, clock=FixedClock(NOW), body_max=2000) as stand:
        yield stand


@pytest.fixture
def applicant(api: ApiStand) -> Caller:
    return api.as_(Role.APPLICANT, organisation=USCC, prefecture="150100")


@pytest.fixture
def officer(api: ApiStand) -> Caller:
    return api.as_(Role.PREFECTURE_OFFICER, prefecture="150100")


async def filed(caller: Caller, title: str = "Less coal") -> str:
    answer = await caller.post("/v1/plans", json={"title": title})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["plan"])


async def test_a_command_is_performed_and_answered_after_its_commit(api: ApiStand, applicant: Caller) -> None:
    plan = await filed(applicant)

    assert (await api.look(Store).plans.require(plan)).title == "Less coal"


async def test_the_same_key_with_the_same_request_is_done_once_and_answered_alike(
    api: ApiStand, applicant: Caller
) -> None:
    first = await applicant.post("/v1/plans", json={"title": "Less coal"}, key="k-1")
    second = await applicant.post("/v1/plans", json={"title": "Less coal"}, key="k-1")

    assert first.json() == second.json()
    assert len(await api.look(Store).plans.find()) == 1


async def test_the_same_key_with_another_request_is_refused(api: ApiStand, applicant: Caller) -> None:
    await applicant.post("/v1/plans", json={"title": "Less coal"}, key="k-1")

    answer = await applicant.post("/v1/plans", json={"title": "More wind"}, key="k-1")

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency-key-reused")
    assert len(await api.look(Store).plans.find()) == 1


async def test_what_may_not_be_kept_is_kept_in_no_digest_either(api: ApiStand, applicant: Caller) -> None:
    first = await applicant.post("/v1/persons", json={"number": "150101198001010011"}, key="k-3")
    again = await applicant.post("/v1/persons", json={"number": "150101198001010011"}, key="k-3")
    other = await applicant.post("/v1/persons", json={"number": "15010119800101002X"}, key="k-3")

    (row,) = api.memory.collections["inbox"].values()
    body = b'{"number":"150101198001010011"}'
    words = b"\0".join([b"POST", b"/v1/persons", b"", b""]) + b"\0"
    assert row["digest"] != sha256(words + body).hexdigest()
    assert (first.status_code, again.json(), other.status_code) == (200, first.json(), 409)


async def test_two_callers_may_choose_the_same_key(api: ApiStand, applicant: Caller) -> None:
    other = api.as_(Role.APPLICANT, organisation="91150200MA0000002B", prefecture="150200")
    for caller in (applicant, other):
        assert (await caller.post("/v1/plans", json={"title": "Less coal"}, key="k-1")).status_code == 201

    assert len(await api.look(Store).plans.find()) == 2


@pytest.mark.parametrize("key", ["", "two words", "x" * 129])
async def test_a_command_without_a_usable_key_is_refused(applicant: Caller, key: str) -> None:
    answer = await applicant.post("/v1/plans", json={"title": "x"}, headers={"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")


async def test_an_upload_repeated_with_a_new_boundary_is_the_same_request(applicant: Caller) -> None:
    sent = [
        await applicant.post("/v1/plans/p/files", files={"file": ("plan.xlsx", content)}, key="k-2")
        for content in (b"one", b"one", b"two")
    ]

    assert [answer.status_code for answer in sent] == [200, 200, 409]
    assert sent[0].json() == sent[1].json()


async def test_a_refusal_by_a_rule_is_a_problem_document_with_rule_and_article(
    api: ApiStand, applicant: Caller
) -> None:
    answer = await applicant.post("/v1/plans", json={"title": "improper"})

    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (409, MEDIA_TYPE)
    assert (problem["type"], problem["code"]) == ("urn:green:problem:plan-refused", "plan-refused")
    assert problem["reasons"] == [
        {
            "rule": "C2",
            "article": "第八条",
            "code": "title-improper",
            "text": "标题不规范",
            "pointer": "/title",
        }
    ]
    assert problem["instance"] == "/v1/plans"
    assert problem["correlation_id"] == answer.headers["X-Correlation-ID"]
    assert await api.look(Store).plans.find() == []


async def test_a_recorded_refusal_keeps_its_work_and_is_answered_alike_when_repeated(
    api: ApiStand, applicant: Caller
) -> None:
    answers = [await applicant.post("/v1/plans", json={"title": "ineligible"}, key="k-3") for _ in range(2)]

    assert [answer.json()["code"] for answer in answers] == ["plan-ineligible"] * 2
    assert len(await api.look(Store).plans.find()) == 1


async def test_a_malformed_body_is_told_with_every_error_at_once(applicant: Caller) -> None:
    answer = await applicant.post("/v1/plans", json={"measures": [1, "two"], "surplus": "13800138000"})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "request-invalid")
    assert [(each["pointer"], each["code"]) for each in problem["reasons"]] == [
        ("/title", "missing"),
        ("/measures/1", "int-parsing"),
        ("/surplus", "extra-forbidden"),
    ]
    assert "13800138000" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"title": "\\ud800"}', b"[" * 1500, b'"text"', b""])
async def test_a_body_that_cannot_be_read_is_a_problem_and_never_a_failure(applicant: Caller, body: bytes) -> None:
    answer = await applicant.post("/v1/plans", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == MEDIA_TYPE


async def test_nobody_without_a_valid_token_gets_in(api: ApiStand) -> None:
    missing = await api.anybody().get("/v1/plans")
    forged = await api.anybody().get("/v1/plans", headers={"Authorization": "Bearer a.b.c"})

    assert (missing.status_code, missing.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert missing.json()["code"] == "token-missing"
    assert (forged.status_code, forged.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')


async def test_what_is_public_needs_no_token_but_a_wrong_one_is_still_refused(api: ApiStand) -> None:
    assert (await api.anybody().get("/v1/announced")).json() == "anonymous"
    for header in ("Bearer a.b.c", "Basic dXNlcjpwYXNz"):
        wrong = await api.anybody().get("/v1/announced", headers={"Authorization": header})
        assert wrong.status_code == 401


@pytest.mark.rule("P2")
async def test_another_prefecture_is_refused_and_the_attempt_recorded(api: ApiStand, applicant: Caller) -> None:
    plan = await filed(applicant)

    answer = await api.as_(Role.PREFECTURE_OFFICER, prefecture="150200", subject="o-2").get(f"/v1/plans/{plan}")

    assert answer.status_code == 403
    assert [reason["rule"] for reason in answer.json()["reasons"]] == ["P2"]
    (recorded,) = api.memory.collections["access_refusals"].values()
    assert (recorded["subject"], recorded["policy"], recorded["path"]) == ("o-2", "read-plan", f"/v1/plans/{plan}")
    assert recorded["correlation_id"] == answer.headers["X-Correlation-ID"]


@pytest.mark.rule("P2")
async def test_where_existence_is_not_public_refused_looks_like_absent(api: ApiStand, applicant: Caller) -> None:
    plan = await filed(applicant)
    stranger = api.as_(Role.PREFECTURE_OFFICER, prefecture="150200")

    refused = await stranger.get(f"/v1/hidden/{plan}")
    absent = await stranger.get("/v1/hidden/none")

    def told(answer: object) -> dict[str, object]:
        return {**answer.json(), "instance": "", "correlation_id": ""}  # type: ignore[attr-defined]

    assert refused.status_code == absent.status_code == 404
    assert told(refused) == told(absent)
    assert len(api.memory.collections["access_refusals"]) == 1


@pytest.mark.rule("P2")
async def test_a_role_that_may_not_act_is_refused_before_anything_is_read(api: ApiStand) -> None:
    answer = await api.as_(Role.EXPERT).get("/v1/plans/none")

    assert (answer.status_code, answer.json()["reasons"][0]["code"]) == (403, "role-not-allowed")


@pytest.mark.rule("P2")
async def test_a_command_on_what_is_not_ones_own_changes_nothing(api: ApiStand, applicant: Caller) -> None:
    plan = await filed(applicant)
    stranger = api.as_(Role.APPLICANT, organisation="91150200MA0000002B", prefecture="150200")

    answer = await stranger.put(f"/v1/plans/{plan}", json={"title": "Mine"}, headers={"If-Match": '"1"'})

    assert answer.status_code == 403
    assert (await api.look(Store).plans.require(plan)).title == "Less coal"


async def test_what_is_edited_names_the_version_that_was_seen(applicant: Caller) -> None:
    plan = f"/v1/plans/{await filed(applicant)}"
    seen = (await applicant.get(plan)).headers["ETag"]

    blind = await applicant.put(plan, json={"title": "Blind"})
    first = await applicant.put(plan, json={"title": "First"}, headers={"If-Match": seen})
    late = await applicant.put(plan, json={"title": "Late"}, headers={"If-Match": seen})
    odd = await applicant.put(plan, json={"title": "Odd"}, headers={"If-Match": 'W/"1"'})

    assert [each.status_code for each in (blind, first, late, odd)] == [428, 200, 412, 400]
    assert (await applicant.get(plan)).json()["title"] == "First"


async def test_a_list_comes_in_pages_that_hold_each_item_once(applicant: Caller, officer: Caller) -> None:
    titles = [f"plan {number}" for number in (3, 1, 4, 1, 5, 9, 2)]
    for title in titles:
        await filed(applicant, title)

    seen: list[str] = []
    after: str | None = None
    while True:
        asked = {"limit": "3"} | ({"after": after} if after else {})
        page = (await officer.get("/v1/plans", params=asked)).json()
        seen += [item["title"] for item in page["items"]]
        if (after := page["next"]) is None:
            break

    assert seen == sorted(titles, reverse=True)


async def test_a_list_leaks_nothing_that_reading_refuses(api: ApiStand, applicant: Caller) -> None:
    await filed(applicant)
    elsewhere = api.as_(Role.PREFECTURE_OFFICER, prefecture="150200")

    asked_for_another = await elsewhere.get("/v1/plans", params={"prefecture": "150100"})

    assert asked_for_another.json() == {"items": [], "next": None}


@pytest.mark.parametrize("asked", [{"limit": "0"}, {"limit": "201"}, {"after": "nonsense"}, {"after": "W10="}])
async def test_a_page_that_cannot_be_is_refused(officer: Caller, asked: dict[str, str]) -> None:
    assert (await officer.get("/v1/plans", params=asked)).status_code == 422


async def test_a_body_over_the_limit_is_refused_also_when_its_length_is_not_announced(
    applicant: Caller,
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    announced = await applicant.post("/v1/plans", json={"title": "x" * 2000})
    streamed = await applicant.post("/v1/plans", content=endless(), headers={"Content-Type": "application/json"})

    for answer in (announced, streamed):
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_a_route_for_uploads_accepts_more_and_has_its_own_limit(applicant: Caller) -> None:
    sizes = (2500, 5000)
    sent = [await applicant.post("/v1/plans/p/files", files={"file": ("f", b"x" * size)}) for size in sizes]

    assert [answer.status_code for answer in sent] == [200, 413]


async def test_an_unknown_failure_tells_no_more_than_its_correlation_id(api: ApiStand) -> None:
    with capture_logs() as lines:
        answer = await api.anybody().post("/v1/broken", headers={"X-Correlation-ID": "known-to-caller"})

    assert (answer.status_code, answer.headers["content-type"]) == (500, MEDIA_TYPE)
    assert "secret" not in answer.text
    assert answer.json()["correlation_id"] == "known-to-caller" == answer.headers["X-Correlation-ID"]
    assert [(line["event"], line["path"]) for line in lines] == [("request failed", "/v1/broken")]


async def test_what_is_not_possible_yet_asks_to_come_again(api: ApiStand) -> None:
    answer = await api.anybody().post("/v1/early")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


async def test_a_correlation_id_that_is_not_well_formed_is_replaced(api: ApiStand) -> None:
    answer = await api.anybody().get("/v1/announced", headers={"X-Correlation-ID": "a b\tc"})

    assert len(answer.headers["X-Correlation-ID"]) == 32


async def test_unknown_paths_and_methods_are_problems_too(api: ApiStand) -> None:
    absent = await api.anybody().get("/v1/nowhere")
    wrong = await api.anybody().delete("/v1/announced")

    assert (absent.status_code, absent.json()["code"]) == (404, "not-found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method-not-allowed")


async def test_foreign_pages_are_not_let_in(api: ApiStand) -> None:
    answer = await api.anybody().get("/v1/announced", headers={"Origin": "https://elsewhere.example"})

    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_the_openapi_document_shows_every_refusal_and_the_key(api: ApiStand) -> None:
    document = api.app.openapi()

    post = document["paths"]["/v1/plans"]["post"]
    assert {"201", "400", "401", "403", "404", "409", "412", "413", "422", "428", "500", "503"} <= set(
        post["responses"]
    )
    assert "plan-refused" in str(post["responses"]["409"])
    assert [each["name"] for each in post["parameters"]] == ["Idempotency-Key"]
    assert post["security"] == [{"HTTPBearer": []}]
    assert "Problem" in document["components"]["schemas"]
    assert "Cause" in document["components"]["schemas"]
    assert not {"/livez", "/readyz", "/metrics"} & set(document["paths"])


async def test_the_edge_answers_for_health_and_measures_by_route_and_never_by_id(
    api: ApiStand, applicant: Caller
) -> None:
    await applicant.get("/v1/plans/some-id")

    assert (await api.anybody().get("/livez")).json() == {"ok": True, "checks": {}}
    assert (await api.anybody().get("/readyz")).status_code == 200
    exposed = (await api.anybody().get("/metrics")).text
    assert 'handler="/v1/plans/{plan}"' in exposed
    assert "some-id" not in exposed
