"""The regional department and the public at the registry's doors."""

from __future__ import annotations

from typing import Any

from devkit.api_harness import ApiClient, ApiHarness
from messages.values import Role

from services.registry.tests.kit import DOCUMENT, SOLAR, unit

REMOVAL = {
    "unit": unit(SOLAR).model_dump(mode="json"),
    "ground": "D5",
    "document_number": "内工信字〔2024〕7号",
    "decided_on": "2024-11-20",
}


def region(stand: ApiHarness[Any]) -> ApiClient:
    return stand.client_as(Role.REGIONAL_OFFICER, subject="officer-1")


async def announced(stand: ApiHarness[Any]) -> None:
    assert (await region(stand).post("/v1/lists/2026/close")).status_code == 200
    answer = await region(stand).post("/v1/lists/2026/announce", json={"document_number": DOCUMENT})
    assert answer.status_code == 200
