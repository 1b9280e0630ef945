"""A small API of cultivation plans: enough of a thing to own, change and list."""

import hmac
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Annotated

from chassis.handling import Done, Refusal, TransientError
from chassis.http.endpoint import ApiContext, Page, RequestContext, etag, refuses
from chassis.http.problems import based_on_rule
from chassis.persistence.collections import DocumentCollection
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.security.policies import Policy, Rule, and_filters, everything, own_organisation, own_prefecture, public
from devkit.api_harness import ApiClient
from fastapi import APIRouter, Depends, Response, UploadFile
from messages.values import Prefecture, Reason, Role
from pydantic import BaseModel, ConfigDict, field_validator
from pydantic_core import PydanticCustomError

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

    @field_validator("title")
    @classmethod
    def _titled(cls, title: str) -> str:
        if title == "blank":
            raise PydanticCustomError("title_blank", "标题不得为空白")
        return title


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
    def __init__(self, unit: UnitOfWork) -> None:
        self.plans: DocumentCollection[Plan] = DocumentCollection(unit, "plans", Plan)


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
    raise TransientError("the other event is not here yet")


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
READ_PROTECTED = replace(READ, name="read-plan-protected", protected=True)


ANNOUNCED = Policy("read-announced", (Rule(Role.PUBLIC, public),))


def router(gate: ApiContext) -> APIRouter:  # noqa: C901 - a router is the sum of its routes
    routes = APIRouter(prefix="/v1")
    gate.allow_body_size("/v1/plans/{plan}/files", 3000)

    @routes.post("/plans", status_code=201, responses=refuses("plan-refused", "plan-ineligible"))
    async def file(draft: Draft, call: Annotated[RequestContext, Depends(gate.authorize(FILE))]) -> Filed:
        place = Prefecture(call.actor.prefecture or "")
        command = File(call.new_id("plan-"), call.actor.organisation or "", place, draft.title)
        return await call.execute(file_plan, command, Store, reply=Filed)

    @routes.post("/persons")
    async def identify(
        body: dict[str, str], call: Annotated[RequestContext, Depends(gate.authorize(FILE))]
    ) -> dict[str, str]:
        person = hmac.new(b"key", body["number"].encode(), sha256).hexdigest()
        return await call.execute(know, Known(person), Store, private=True, reply=dict[str, str])

    @routes.put("/plans/{plan}", openapi_extra=based_on_rule(NAUGHTY))
    async def change(plan: str, draft: Draft, call: Annotated[RequestContext, Depends(gate.authorize(READ))]) -> None:
        known = await call.read_store(Store).plans.require(plan)
        command = Retitle(plan, draft.title, call.if_match(required=True))
        await call.execute(retitle, command, Store, resource=known)

    async def one(plan: str, call: RequestContext, response: Response) -> Plan:
        store = call.read_store(Store)
        found = await store.plans.require(plan)
        await call.authorize(found)
        response.headers["ETag"] = etag(store.plans.version(plan))
        return found

    @routes.get("/plans/{plan}")
    async def read(
        plan: str, response: Response, call: Annotated[RequestContext, Depends(gate.authorize(READ))]
    ) -> Plan:
        return await one(plan, call, response)

    @routes.get("/hidden/{plan}")
    async def read_hidden(
        plan: str, response: Response, call: Annotated[RequestContext, Depends(gate.authorize(READ_HIDDEN))]
    ) -> Plan:
        return await one(plan, call, response)

    @routes.get("/protected/{plan}")
    async def read_protected(
        plan: str, response: Response, call: Annotated[RequestContext, Depends(gate.authorize(READ_PROTECTED))]
    ) -> Plan:
        return await one(plan, call, response)

    @routes.get("/plans")
    async def listed(
        call: Annotated[RequestContext, Depends(gate.authorize(READ))],
        prefecture: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page[Plan]:
        where = and_filters(call.filter(), {"prefecture": prefecture} if prefecture else {})
        return await call.page(call.read_store(Store).plans, where, (("title", -1),), limit, after)

    @routes.post("/plans/{plan}/files")
    async def attach(
        plan: str, file: UploadFile, call: Annotated[RequestContext, Depends(gate.authorize(FILE))]
    ) -> dict[str, object]:
        size = len(await file.read())
        command = File(plan, "", Prefecture.WUHAI, f"{file.filename} {size}")
        return {"made": await call.execute(file_plan, command, Store)}

    @routes.get("/announced")
    async def announced(call: Annotated[RequestContext, Depends(gate.authorize(ANNOUNCED))]) -> str:
        return call.actor.subject

    @routes.post("/broken")
    async def broken(call: Annotated[RequestContext, Depends(gate.authorize(ANNOUNCED))]) -> None:
        raise RuntimeError(f"secret detail of {call.actor.subject}")

    @routes.post("/early")
    async def early(call: Annotated[RequestContext, Depends(gate.authorize(ANNOUNCED))]) -> None:
        await call.execute(overtake, "", Store)

    return routes


async def filed(caller: ApiClient, title: str = "Less coal") -> str:
    answer = await caller.post("/v1/plans", json={"title": title})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["plan"])
