"""Applications over HTTP are seen and changed by those concerned only (P1, P2)."""

from __future__ import annotations

from typing import Any

import pytest
from applications.workbooks import report, write
from devkit.api_harness import ApiClient, ApiHarness
from messages.values import Role

from .api_calls import APPLICATIONS, DRAFT, import_workbook, open_draft
from .builders import ASSESSOR


@pytest.mark.rule("P2")
async def test_an_application_is_seen_by_its_unit_and_its_officers_only(
    applicant: ApiClient,
    other_applicant: ApiClient,
    officer: ApiClient,
    other_prefecture_officer: ApiClient,
    api: ApiHarness[Any],
) -> None:
    key = await open_draft(applicant)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")
    region = api.client_as(Role.REGIONAL_OFFICER, subject="region-1")
    expert = api.client_as(Role.EXPERT, subject="expert-1")

    reads = {
        name: (await caller.get(f"{APPLICATIONS}/{key}")).status_code
        for name, caller in {
            "unit": applicant,
            "stranger": other_applicant,
            "officer": officer,
            "elsewhere": other_prefecture_officer,
            "region": region,
            "expert": expert,
            "anybody": api.anonymous(),
        }.items()
    }
    lists = [
        len((await caller.get(APPLICATIONS)).json()["items"])
        for caller in (applicant, other_applicant, officer, other_prefecture_officer)
    ]

    assert reads == {
        "unit": 200,
        "stranger": 404,
        "officer": 200,
        "elsewhere": 404,
        "region": 200,
        "expert": 403,
        "anybody": 401,
    }
    assert lists == [1, 0, 1, 0]


@pytest.mark.rule("P2")
async def test_a_draft_is_its_units_alone_whomever_it_names_until_it_is_submitted(
    applicant: ApiClient, officer: ApiClient, api: ApiHarness[Any]
) -> None:
    region = api.client_as(Role.REGIONAL_OFFICER, subject="region-1")
    assessor = api.client_as(Role.ASSESSOR, organisation=ASSESSOR.uscc, subject="assessor-1")
    named = {"way": "assessor", "assessor": ASSESSOR.model_dump(mode="json")}
    key = await open_draft(applicant, evaluation=named)

    async def reads() -> list[tuple[int, int]]:
        asked = [(await each.get(f"{APPLICATIONS}/{key}"), await each.get(APPLICATIONS)) for each in others]
        return [(one.status_code, len(listed.json()["items"])) for one, listed in asked]

    others = (officer, region, assessor)
    assert await reads() == [(404, 0)] * 3
    await applicant.post(f"{APPLICATIONS}/{key}/submit")
    assert await reads() == [(200, 1)] * 3


@pytest.mark.rule("P2")
async def test_nobody_files_for_another_unit(
    other_applicant: ApiClient, applicant: ApiClient, officer: ApiClient, api: ApiHarness[Any]
) -> None:
    key = await open_draft(applicant)

    answers = [
        await other_applicant.post(APPLICATIONS, json=DRAFT),
        await officer.post(APPLICATIONS, json=DRAFT),
        await other_applicant.post(f"{APPLICATIONS}/{key}/submit"),
        await other_applicant.post(f"{APPLICATIONS}/{key}/withdraw"),
        await import_workbook(other_applicant, "evaluation-report", write(report.ENTERPRISE), application_id=key),
    ]

    assert [each.status_code for each in answers] == [403, 403, 404, 404, 404]
    assert len(api.memory.collections["applications"]) == 1
    assert len(api.memory.collections["audit_denials"]) == 5
