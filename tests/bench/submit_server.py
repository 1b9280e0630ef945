"""The server of the measured submits: one route that saves a document of 4 KB and publishes one event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import rulebook
from chassis.handling import Done
from chassis.http import Authorize, RequestContext
from chassis.http.routing import APIRouter
from chassis.persistence import DocumentCollection, UnitOfWork
from chassis.runtime import ServiceDefinition, run
from chassis.security import NobodyApart, Policy, Rule, everything
from chassis.settings import Settings
from devkit.sample import AGGREGATES, SERVICE, delivered
from fastapi import Depends
from messages.event import Event
from messages.values import Role
from pydantic import BaseModel, ConfigDict, Field

POST_NOTICE = Policy(
    "post-notice", (Rule(Role.REGIONAL_OFFICER, everything),), duties=NobodyApart("a notice concerns nobody")
)


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    notice: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    text: Annotated[str, Field(max_length=8000)]


class Answer(BaseModel):
    notice: str


@dataclass(frozen=True)
class Notice:
    notice: str
    text: str


class Store:
    def __init__(self, unit: UnitOfWork) -> None:
        self.notices = DocumentCollection(unit, "notices", Notice)


async def save_notice(command: Notice, store: Store, _now: datetime) -> Done:
    store.notices.save(command.notice, command)
    events: Sequence[Event] = [delivered(command.notice)]
    return Done(events, Answer(notice=command.notice))


router = APIRouter(prefix="/v1")


@router.post("/notices", status_code=201)
async def post_notice(body: Body, context: Annotated[RequestContext[Store], Depends(Authorize(POST_NOTICE))]) -> Answer:
    return await context.execute(save_notice, Notice(body.notice, body.text), reply=Answer)


if __name__ == "__main__":
    run(ServiceDefinition(SERVICE, Settings.load(), rulebook, Store, AGGREGATES, router=router))
