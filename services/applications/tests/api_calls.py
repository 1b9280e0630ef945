"""Calls of the API, and its answers in short."""

from __future__ import annotations

from typing import Any

from chassis.security import KeyRing
from devkit.api_harness import ApiClient, ApiHarness, RequestOptions
from httpx2 import Response

from . import builders_forms as forms
from .builders import STEEL

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
KEYS = KeyRing("k1", {"k1": bytes(range(32))})
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DRAFT = {
    "unit": STEEL.model_dump(mode="json"),
    "level": "region",
    "batch_year": 2026,
    "evaluation": {"way": "self"},
}
APPLICATIONS = "/v1/applications"


async def send_file(caller: ApiClient, name: str = "营业执照.pdf", content: bytes = PDF) -> Any:  # noqa: ANN401 - JSON
    answer = await caller.post("/v1/files", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def open_draft(caller: ApiClient, **changes: Any) -> str:  # noqa: ANN401 - fields of the body
    answer = await caller.post(APPLICATIONS, json=DRAFT | changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["application_id"])


async def open_draft_with_report(caller: ApiClient, **changes: Any) -> str:  # noqa: ANN401 - fields of the report
    """A draft with a complete report."""
    file = await send_file(caller)
    key = await open_draft(caller)
    body = forms.as_json(forms.report_of(evidence=[{"name": file["name"], "sha256": file["sha256"]}]) | changes)
    answer = await caller.put(f"{APPLICATIONS}/{key}/evaluation", json=body)
    assert answer.status_code == 200, answer.text
    return key


async def import_workbook(
    caller: ApiClient,
    what: str,
    content: bytes,
    *,
    key: str | None = None,
    **params: Any,  # noqa: ANN401 - any parameter
) -> Response:
    sent: RequestOptions = {"files": {"file": ("表.xlsx", content, XLSX)}, "params": params}
    if key is not None:
        sent["key"] = key
    return await caller.post(f"/v1/imports/{what}", **sent)


def reason_codes(answer: Any) -> list[str]:  # noqa: ANN401 - the answer
    return [each["code"] for each in answer.json()["reasons"]]


def filled_collections(api: ApiHarness[Any]) -> list[str]:
    """Return the collections that are not empty, beside those that every test begins with."""
    return sorted(name for name, held in api.memory.collections.items() if held and name in COLLECTIONS)


COLLECTIONS = ("applications", "versions", "files", "facts")
