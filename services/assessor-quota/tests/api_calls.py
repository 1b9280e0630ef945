"""Requests to the API and their answers in the tests."""

from __future__ import annotations

from typing import Any

from devkit.api_harness import ApiClient, ApiHarness
from httpx2 import Response

from .builders import NORTH, NUMBER, submitted
from .words import reserve_confirmed

PATH = f"/v1/assessors/{NORTH}"
OTHER_NUMBER = "150102198505053325"
DECISION = {
    "decided_on": "2026-04-20",
    "document_number": "一号",
    "reasons": [{"text": "评价报告数据造假", "evidence": "核查记录3号"}],
}
CHANGE = {
    "representative": {"document_number": OTHER_NUMBER, "name": "李某"},
    "changed_on": "2026-04-20",
    "document_number": "变更一号",
}


def registration(uscc: str = NORTH, number: str = NUMBER, **changed: object) -> dict[str, object]:
    return {
        "uscc": uscc,
        "name": f"评价机构{uscc[3:6]}",
        "representative": {"document_number": number, "name": "王某"},
        "scope": ["factory", "park"],
        "staff": [{"name": "赵某", "qualification": "注册环保工程师", "from": "2024-01-01"}],
        **changed,
    }


def reasons(answer: Response) -> list[tuple[str | None, str, str | None]]:
    return [(each.get("rule"), each["code"], each.get("pointer")) for each in answer.json()["reasons"]]


async def reserve(api: ApiHarness[Any], *by: str) -> None:
    for number, uscc in enumerate(by):
        await api.perform(reserve_confirmed, submitted(f"app-{number}", uscc))


async def version(regional_officer: ApiClient) -> dict[str, str]:
    return {"If-Match": (await regional_officer.get(PATH)).headers["ETag"]}
