"""Commands whose act goes on in steps: the caller waits for a bounded time, or follows the act by its address."""

from __future__ import annotations

from chassis.http import RequestContext, wait_until
from fastapi import Response
from fastapi.responses import JSONResponse

from registry.api.list_views import ActView, ListView, list_view
from registry.domain.list_acts import ActRef, ListAct
from registry.handlers.list_acts import refusal_of
from registry.store import Store


async def outcome_of(ref: ActRef, context: RequestContext[Store], prefer: str | None) -> ListView | Response:
    """Return the list when its act is done in time, else the act with 202 and its address.

    Raises the act's Refusal when it was withdrawn.
    """
    if (act_id := ref.act_id) is None:
        return list_view(await context.store.lists.require(ref.list_id), for_office=True)
    act: ListAct = await wait_until(lambda act: act.over, lambda: context.store.list_acts.require(act_id), prefer)
    if not act.over:
        headers = {"Location": f"/v1/lists/acts/{act.act_id}", "Retry-After": "1"}
        return JSONResponse(ActView.model_validate(act).model_dump(mode="json"), 202, headers)
    if act.code is not None:
        raise await refusal_of(act, context.store)
    return list_view(await context.store.lists.require(act.list_id), for_office=True)
