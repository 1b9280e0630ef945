"""Acts on a whole batch: how far each has come, and how one that stopped goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from chassis.handling import Refusal
from chassis.http import PROBLEMS, APIRouter, Authorize, Key, RequestContext, View, based_on_rule, refuses, wait_until
from fastapi import Depends
from rulebook import basis

from review.api.commands import acting_on_batch
from review.api.policies import CONTINUE_ACT, READ_ACT
from review.api.views import ActView
from review.domain.act import Act, ActState
from review.handlers.acts import ActReceipt, ContinueAct, acts_under_way, have_act_continued, undecided_acts
from review.store import Store

T = TypeVar("T")

router = APIRouter(prefix="/acts", tags=["acts"], responses=PROBLEMS)
ReadAct = Annotated[RequestContext[Store], Depends(Authorize(READ_ACT))]
HaveActContinued = Annotated[RequestContext[Store], Depends(Authorize(CONTINUE_ACT))]


@router.get("", summary="List the acts under way, the stopped ones with the reason")
async def list_acts(context: ReadAct) -> list[ActView]:
    """One for each batch at most."""
    return [ActView.model_validate(act) for act in await acts_under_way(context.store)]


@router.get("/{act_id}", summary="Show an act on a batch")
async def get_act(act_id: Key, context: ReadAct) -> ActView:
    return ActView.model_validate(await context.store.acts.require(act_id))


@router.post(
    "/{act_id}/continuation",
    summary="Have an act continued that stopped",
    openapi_extra=based_on_rule(basis("V8")),
    responses=refuses("act-finished"),
)
async def continue_act(act_id: Key, context: HaveActContinued) -> ActView:
    """Once the reason is removed for which it stopped; it goes on where it stands."""
    act = await context.store.acts.require(act_id)
    command = ContinueAct(act_id, await acting_on_batch(context, act.level, act.batch_year))
    await context.execute(have_act_continued, command, prefetch=[("acts", act_id)], reply=ActReceipt)
    return ActView.model_validate(await context.store.acts.require(act_id))


async def read_whole(context: RequestContext[Store], read: Callable[[frozenset[str]], Awaitable[T]]) -> T:
    """Return what ``read`` gives for the undecided acts; read again when one begins or is decided meanwhile.

    Usually no act is undecided, so this costs two queries of a small index.
    """
    undecided = await undecided_acts(context.store)
    while True:
        found = await read(undecided)
        before, undecided = undecided, await undecided_acts(context.store)
        if undecided == before:
            return found


def under_way(model: type[View]) -> dict[int | str, dict[str, Any]]:
    """Return the documented answer of a command whose act goes on after it."""
    headers = {"Location": {"description": "Where the progress of the act is shown", "schema": {"type": "string"}}}
    return {202: {"model": model, "description": "The act is under way", "headers": headers}}


async def wait_for_act(context: RequestContext[Any], act_id: str, prefer: str | None, done: int) -> Act:
    """Return the act as it ends, or as it stands when the caller's time is over; raise its refusal.

    The answer gets the status ``done`` when the act has ended, else 202 with the place where its progress is shown.
    """
    act: Act = await wait_until(
        lambda act: act.finished or act.halted, lambda: context.store.acts.require(act_id), prefer
    )
    if act.state in {ActState.DISCARDING, ActState.REFUSED}:
        raise Refusal(act.reasons[0].code, *act.reasons)
    context.response.status_code = done if act.finished else 202
    if not act.finished:
        context.response.headers["Location"] = f"/v1/acts/{act_id}"
        context.response.headers["Retry-After"] = "1"
    return act
