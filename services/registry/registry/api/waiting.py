"""Commands whose act goes on in steps: the caller waits for a bounded time, or follows the act by its address."""

from __future__ import annotations

import asyncio
import re
from time import monotonic
from typing import Annotated

from chassis.http import RequestContext
from fastapi import Header, Response
from fastapi.responses import JSONResponse

from registry.api.list_views import ActView, ListView, list_view
from registry.domain.list_acts import ActRef, ListAct
from registry.handlers.list_acts import refusal_of
from registry.store import Store

DEFAULT_WAIT, MAX_WAIT = 10, 60
"""Seconds."""
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.25

Prefer = Annotated[
    str | None,
    Header(description="`wait=N`: how many seconds to wait for the end of the act (RFC 7240); 10 without it"),
]
_WAIT = re.compile(r"\bwait=(\d{1,4})\b")


async def outcome_of(ref: ActRef, context: RequestContext[Store], prefer: str | None) -> ListView | Response:
    """Return the list when its act is done in time, else the act with 202 and its address.

    Raises the act's Refusal when it was withdrawn.
    """
    if ref.act_id is None:
        return list_view(await context.store.lists.require(ref.list_id), for_office=True)
    act = await _wait_for(ref.act_id, context, _seconds(prefer))
    if not act.over:
        headers = {"Location": f"/v1/lists/acts/{act.act_id}", "Retry-After": "1"}
        return JSONResponse(ActView.model_validate(act).model_dump(mode="json"), 202, headers)
    if act.code is not None:
        raise await refusal_of(act, context.store)
    return list_view(await context.store.lists.require(act.list_id), for_office=True)


async def _wait_for(act_id: str, context: RequestContext[Store], seconds: int) -> ListAct:
    until, pause = monotonic() + seconds, FIRST_PAUSE
    while not (act := await context.store.list_acts.require(act_id)).over and monotonic() < until:
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    return act


def _seconds(prefer: str | None) -> int:
    found = _WAIT.search(prefer or "")
    return min(int(found[1]), MAX_WAIT) if found else DEFAULT_WAIT
