"""Evidence files over HTTP: stored once, for those concerned, and never more than the limit (A3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest
from applications.handlers import progress
from devkit.api_harness import ApiClient, ApiHarness
from messages import review
from messages.values import Department, Role

from . import builders_forms as forms
from .api_calls import (
    APPLICATIONS,
    PDF,
    filled_collections,
    open_draft,
    open_draft_with_report,
    reason_codes,
    send_file,
)
from .builders import CASE, ORDOS, TODAY


@pytest.mark.rule("A3")
async def test_200_megabytes_are_refused_while_they_stream_in(applicant: ApiClient, api: ApiHarness[Any]) -> None:
    read_so_far = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read_so_far
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-'
        for _ in range(200):
            read_so_far += 1
            yield bytes(1024 * 1024)

    answer = await applicant.post(
        "/v1/files", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert read_so_far < 25
    assert filled_collections(api) == []


@pytest.mark.rule("A3")
async def test_an_announced_200_megabytes_are_refused_unread(applicant: ApiClient) -> None:
    answer = await applicant.post(
        "/v1/imports/annex1",
        content=b"--x",
        headers={"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(200 * 1024 * 1024)},
    )

    assert answer.status_code == 413


@pytest.mark.rule("A3")
async def test_a_file_is_stored_once_for_both_who_sent_it_and_read_by_them_alone(
    applicant: ApiClient,
    other_applicant: ApiClient,
    other_prefecture_officer: ApiClient,
    api: ApiHarness[Any],
) -> None:
    file = await send_file(applicant)
    assert file["media_type"] == "application/pdf"
    place = f"/v1/files/{file['sha256']}"
    assert (await other_applicant.get(place)).status_code == 404

    await send_file(other_applicant, "同一文件.pdf")

    assert stored_files(api) == 1
    assert (await other_applicant.get(place)).content == PDF
    assert (await other_prefecture_officer.get(place)).status_code == 404


def stored_files(api: ApiHarness[Any]) -> int:
    """Count the files in the database, of which each is whole and named."""
    held = api.memory.collections
    assert held.get("uploads", {}) == {}
    named = {each["file_id"] for each in held.get("contents", {}).values()}
    assert {each["files_id"] for each in held.get("fs.chunks", {}).values()} == set(held.get("fs.files", {})) == named
    return len(named)


@pytest.mark.rule("A3")
async def test_a_file_that_is_not_what_it_says_is_refused(applicant: ApiClient, api: ApiHarness[Any]) -> None:
    answer = await applicant.post("/v1/files", files={"file": ("执照.pdf", b"MZ\x90")})

    assert (answer.status_code, reason_codes(answer)) == (422, ["content-differs"])
    assert filled_collections(api) == []
    assert stored_files(api) == 0


def reviewers(api: ApiHarness[Any]) -> dict[str, ApiClient]:
    market = Department.MARKET_REGULATION
    return {
        "department": api.client_as(Role.CONSULTED_DEPARTMENT, organisation=market, prefecture=ORDOS, subject="d-1"),
        "elsewhere": api.client_as(Role.CONSULTED_DEPARTMENT, organisation=market, prefecture="150100", subject="d-2"),
        "organisation": api.client_as(Role.REVIEW_ORGANISATION, organisation="示例评审机构", subject="r-1"),
        "expert": api.client_as(Role.EXPERT, subject="e1"),
        "other expert": api.client_as(Role.EXPERT, subject="e9"),
        "region": api.client_as(Role.REGIONAL_OFFICER, subject="region-1"),
    }


async def readers_of(callers: dict[str, ApiClient], place: str) -> set[str]:
    return {name for name, caller in callers.items() if (await caller.get(place)).status_code == 200}


@pytest.mark.rule("P2")
async def test_the_evidence_is_read_by_those_whose_turn_it_is(
    applicant: ApiClient, officer: ApiClient, other_prefecture_officer: ApiClient, api: ApiHarness[Any]
) -> None:
    key = await open_draft_with_report(applicant)
    place = f"/v1/files/{sha256(PDF).hexdigest()}"
    callers = reviewers(api) | {"officer": officer, "other officer": other_prefecture_officer}
    case = CASE | {"case_id": key}

    async def readers_after(event: review.Case) -> set[str]:
        await api.perform(progress.follow_case, event)
        return await readers_of(callers, place)

    assert await readers_of(callers, place) == set()
    await applicant.post(f"{APPLICATIONS}/{key}/submit")
    assert await readers_of(callers, place) == {"region", "officer"}
    consulted = review.ConsultationOpened(
        **case, departments=tuple(Department), due=TODAY, article="第十四条", provisional=False, sequence=2
    )
    assert await readers_after(consulted) == {"region", "officer", "department"}
    forwarded = review.CaseForwarded(**case, forwarded_on=TODAY, sequence=5)
    assert await readers_after(forwarded) == {"region", "officer", "department", "organisation"}
    appointed = review.PanelAppointed(**case, experts=("e1", "e2", "e3"), chair="e1", appointed_on=TODAY, sequence=6)
    assert await readers_after(appointed) == {"region", "officer", "department", "organisation", "expert"}


@pytest.mark.rule("P2")
async def test_a_file_bears_the_name_that_the_askers_application_gives_it(
    applicant: ApiClient, other_applicant: ApiClient, officer: ApiClient, api: ApiHarness[Any]
) -> None:
    await send_file(other_applicant, "secret-name.pdf")
    evidence = [{"name": "licence.pdf", "sha256": sha256(PDF).hexdigest()}]
    place = f"/v1/files/{evidence[0]['sha256']}"
    await send_file(applicant, "upload.pdf")
    region = api.client_as(Role.REGIONAL_OFFICER, subject="region-1")

    async def name(caller: ApiClient) -> str:
        return str((await caller.get(place)).headers["content-disposition"])

    assert ("upload.pdf" in await name(applicant), "secret-name.pdf" in await name(other_applicant)) == (True, True)
    assert (await region.get(place)).status_code == 404
    key = await open_draft_with_report(applicant, evidence=evidence)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")
    assert all(["licence.pdf" in await name(caller) for caller in (applicant, officer, region)])


@pytest.mark.rule("P2")
async def test_naming_a_digest_in_a_draft_or_a_refused_report_opens_nobodys_file(
    applicant: ApiClient, other_applicant: ApiClient, officer: ApiClient
) -> None:
    file = await send_file(other_applicant)
    key = await file_report_without_sending(applicant, file["sha256"])
    place = f"/v1/files/{file['sha256']}"

    before = [(await caller.get(place)).status_code for caller in (applicant, officer)]
    answer = await applicant.post(f"{APPLICATIONS}/{key}/submit")
    after = [(await caller.get(place)).status_code for caller in (applicant, officer)]

    assert reason_codes(answer) == ["file-missing"]
    assert before == after == [404, 404]


async def file_report_without_sending(caller: ApiClient, digest: str) -> str:
    key = await open_draft(caller)
    body = forms.as_json(forms.report_of(evidence=[{"name": "别人的.pdf", "sha256": digest}]))
    assert (await caller.put(f"{APPLICATIONS}/{key}/evaluation", json=body)).status_code == 200
    return key
