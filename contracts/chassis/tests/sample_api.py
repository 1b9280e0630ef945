"""A small API of cultivation plans, which have an owner, change and are listed."""

import hmac
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Annotated

from chassis.handling import Done, Refusal, TransientError
from chassis.http.endpoint import Authorize, Page, RequestContext, refuses
from chassis.http.problems import based_on_rule
from chassis.http.routing import APIRouter
from chassis.persistence.collections import DocumentCollection
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.security.policies import (
    Apart,
    NobodyApart,
    Policy,
    Rule,
    and_filters,
    everything,
    own_organisation,
    own_prefecture,
    public,
)
from devkit.api_harness import ApiClient
from fastapi import Depends, UploadFile
from messages.parties import Party
from messages.values import Prefecture, Reason, Role
from pydantic import BaseModel, ConfigDict, field_validator
from pydantic_core import PydanticCustomError

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
USCC = "91150100MA0MXT5K3N"


@dataclass(frozen=True)
class Plan:
    """A cultivation plan."""

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
    def _refuse_blank_title(cls, title: str) -> str:
        if title == "blank":
            raise PydanticCustomError("title_blank", "标题不得为空白")
        return title


@dataclass(frozen=True)
class FilePlan:
    plan_id: str
    organisation: str
    prefecture: Prefecture
    title: str


@dataclass(frozen=True)
class RetitlePlan:
    plan_id: str
    title: str
    seen: int | None


class Store:
    def __init__(self, unit: UnitOfWork) -> None:
        self.plans: DocumentCollection[Plan] = DocumentCollection(unit, "plans", Plan)


IMPROPER_TITLE = Reason(rule="C2", article="第八条", code="title-improper", text="标题不规范", pointer="/title")


async def file_plan(command: FilePlan, store: Store, _now: datetime) -> Done:
    if command.title == "improper":
        raise Refusal("plan-refused", IMPROPER_TITLE)
    plan = Plan(command.organisation, command.prefecture, command.title)
    store.plans.save(command.plan_id, plan)
    if command.title == "ineligible":
        return Done(refusal=Refusal("plan-ineligible", IMPROPER_TITLE))
    return Done(value={"plan": command.plan_id, "number": len(await store.plans.find())})


async def retitle(command: RetitlePlan, store: Store, _now: datetime) -> Done:
    plan = await store.plans.require(command.plan_id)
    if command.seen is not None and command.seen != store.plans.version(command.plan_id):
        raise Refusal("version-stale", status=412)
    store.plans.save(command.plan_id, replace(plan, title=command.title))
    return Done()


@dataclass(frozen=True)
class Person:
    """A person by a keyed digest."""

    person: str


async def identify_person(command: Person, _store: Store, _now: datetime) -> Done:
    return Done(value={"person": command.person})


async def raise_transient(_command: str, _store: Store, _now: datetime) -> Done:
    raise TransientError("the other event is not here yet")


class FilingReply(BaseModel):
    plan: str
    number: int


NO_OTHERS = NobodyApart("a plan concerns nobody but its organisation")
FILE_PLAN = Policy("file-plan", (Rule(Role.APPLICANT, everything),), duties=NO_OTHERS)
READ_PLAN = Policy(
    "read-plan",
    (
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefecture")),
        Rule(Role.APPLICANT, own_organisation("organisation")),
    ),
    duties=Apart(lambda plan: [Party(Role.APPLICANT, plan.title, (plan.organisation,))]),
)
READ_PROTECTED_PLAN = replace(READ_PLAN, name="read-plan-protected", protected=True)
READ_ANNOUNCED = Policy("read-announced", (Rule(Role.PUBLIC, public),), duties=NO_OTHERS)


CreatePlans = Annotated[RequestContext[Store], Depends(Authorize(FILE_PLAN))]
router = APIRouter(prefix="/v1")


@router.post("/plans", status_code=201, responses=refuses("plan-refused", "plan-ineligible"))
async def create_plan(draft: Draft, context: CreatePlans) -> FilingReply:
    prefecture = Prefecture(context.actor.prefecture or "")
    command = FilePlan(context.new_id("plan-"), context.actor.organisation or "", prefecture, draft.title)
    return await context.execute(file_plan, command, reply=FilingReply)


@router.post("/persons")
async def post_person(
    body: dict[str, str], context: Annotated[RequestContext[Store], Depends(Authorize(FILE_PLAN))]
) -> dict[str, str]:
    person = hmac.new(b"key", body["number"].encode(), sha256).hexdigest()
    return await context.execute(identify_person, Person(person), private=True, reply=dict[str, str])


@router.put("/plans/{plan}", openapi_extra=based_on_rule(IMPROPER_TITLE))
async def change_plan(
    plan: str, draft: Draft, context: Annotated[RequestContext[Store], Depends(Authorize(READ_PLAN))]
) -> None:
    await context.authorize(await context.store.plans.require(plan))
    command = RetitlePlan(plan, draft.title, context.if_match(required=True))
    await context.execute(retitle, command)


@router.put("/unasked/{plan}")
async def change_plan_unasked(
    plan: str, draft: Draft, context: Annotated[RequestContext[Store], Depends(Authorize(READ_PLAN))]
) -> None:
    """Forget to compare the caller with the plan."""
    await context.execute(retitle, RetitlePlan(plan, draft.title, None))


async def get(plan: str, context: RequestContext[Store]) -> Plan:
    store = context.store
    found = await store.plans.require(plan)
    await context.authorize(found)
    context.set_etag(store.plans.version(plan))
    return found


@router.get("/plans/{plan}")
async def get_plan(plan: str, context: Annotated[RequestContext[Store], Depends(Authorize(READ_PLAN))]) -> Plan:
    return await get(plan, context)


@router.get("/protected/{plan}")
async def get_protected_plan(
    plan: str,
    context: Annotated[RequestContext[Store], Depends(Authorize(READ_PROTECTED_PLAN))],
    year: int | None = None,  # noqa: ARG001 - stands in the record of the read
) -> Plan:
    return await get(plan, context)


@router.get("/plans")
async def list_plans(
    context: Annotated[RequestContext[Store], Depends(Authorize(READ_PLAN))],
    prefecture: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Page[Plan]:
    where = and_filters(context.filter(), {"prefecture": prefecture} if prefecture else {})
    return await context.page(context.store.plans, where, (("title", -1),), limit, after)


@router.post("/plans/{plan}/files", max_body_size=3000)
async def attach_file(
    plan: str, file: UploadFile, context: Annotated[RequestContext[Store], Depends(Authorize(FILE_PLAN))]
) -> dict[str, object]:
    size = len(await file.read())
    command = FilePlan(plan, "", Prefecture.WUHAI, f"{file.filename} {size}")
    return {"made": await context.execute(file_plan, command)}


@router.get("/announced")
async def get_announced(context: Annotated[RequestContext[Store], Depends(Authorize(READ_ANNOUNCED))]) -> str:
    return context.actor.subject


@router.post("/broken")
async def fail(context: Annotated[RequestContext[Store], Depends(Authorize(READ_ANNOUNCED))]) -> None:
    raise RuntimeError(f"secret detail of {context.actor.subject}")


@router.post("/early")
async def defer(context: Annotated[RequestContext[Store], Depends(Authorize(READ_ANNOUNCED))]) -> None:
    await context.execute(raise_transient, "")


async def post_plan(client: ApiClient, title: str = "Less coal") -> str:
    answer = await client.post("/v1/plans", json={"title": title})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["plan"])
