"""Requests that several tests of the API make."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from devkit.api_harness import ApiClient, ApiHarness
from httpx2 import Response

from services.registry.tests.builders import DOCUMENT, SOLAR, unit
from services.registry.tests.harness import CARRY_ON

REMOVAL = {
    "unit": unit(SOLAR).model_dump(mode="json"),
    "ground": "D5",
    "document_number": "内工信字〔2024〕7号",
    "decided_on": "2024-11-20",
    "historic": True,
}


async def act(
    api: ApiHarness[Any], caller: ApiClient, path: str, json: object = None, *, key: str | None = None
) -> Response:
    """Begin an act, let the jobs carry it to its end, and ask again by the same key for its outcome."""
    key = key or uuid4().hex
    begun = await caller.post(path, json=json, key=key, headers={"Prefer": "wait=0"})
    await api.run_jobs(CARRY_ON)
    return begun if begun.status_code != 202 else await caller.post(path, json=json, key=key)


async def close_list(api: ApiHarness[Any], caller: ApiClient, year: int = 2026) -> Response:
    return await act(api, caller, f"/v1/lists/{year}/close")


async def announce(api: ApiHarness[Any], caller: ApiClient, number: str = DOCUMENT) -> Response:
    return await act(api, caller, "/v1/lists/2026/announce", {"document_number": number})


async def announce_list(api: ApiHarness[Any], regional_officer: ApiClient, number: str = DOCUMENT) -> None:
    """Close and announce the list of 2026."""
    assert (await close_list(api, regional_officer)).status_code == 200
    assert (await announce(api, regional_officer, number)).status_code == 200


async def collect(caller: ApiClient, path: str) -> list[dict[str, Any]]:
    """All items of a paged list, two at a time."""
    found, after = [], ""
    while True:
        page = (await caller.get(f"{path}?limit=2{after}")).json()
        found += page["items"]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"
