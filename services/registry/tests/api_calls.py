"""Requests that several tests of the API make."""

from __future__ import annotations

from devkit.api_harness import ApiClient

from services.registry.tests.builders import DOCUMENT, SOLAR, unit

REMOVAL = {
    "unit": unit(SOLAR).model_dump(mode="json"),
    "ground": "D5",
    "document_number": "内工信字〔2024〕7号",
    "decided_on": "2024-11-20",
}


async def announce_list(regional_officer: ApiClient) -> None:
    """Close and announce the list of 2026."""
    assert (await regional_officer.post("/v1/lists/2026/close")).status_code == 200
    answer = await regional_officer.post("/v1/lists/2026/announce", json={"document_number": DOCUMENT})
    assert answer.status_code == 200
