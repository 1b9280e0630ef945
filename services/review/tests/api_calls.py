"""The people of one case, each with a token, and the acts of each through the API."""

from __future__ import annotations

import asyncio
from datetime import date

from devkit.api_harness import ApiClient, ApiHarness
from devkit.clock import FixedClock
from httpx2 import Response
from messages.values import Role
from review.handlers.applications import open_case
from review.store import Store

from .builders import DEPARTMENTS, SCAN, STEEL, accepted, at, mandatory_items, unit, values
from .harness import ACTS

HERE = "150200"
AFTER_FORWARDING, NOTICE_DAY, DAY_AFTER = date(2026, 6, 1), date(2026, 6, 18), date(2026, 6, 27)


class Participants:
    """The people of one case, each with a token."""

    def __init__(self, api: ApiHarness[Store], clock: FixedClock, applicant: ApiClient, officer: ApiClient) -> None:
        self.api, self.clock = api, clock
        self.applicant, self.officer = applicant, officer
        self.region = api.client_as(Role.REGIONAL_OFFICER, subject="region-1")
        self.reviewers = api.client_as(Role.REVIEW_ORGANISATION, subject="house-1")
        self.public = api.anonymous()
        self.citizen = api.client_as(Role.PUBLIC, subject="citizen", person_verified=True)

    def department(self, name: str) -> ApiClient:
        return self.api.client_as(Role.CONSULTED_DEPARTMENT, organisation=name, prefecture=HERE)

    def expert(self, name: str) -> ApiClient:
        return self.api.client_as(Role.EXPERT, subject=name)

    async def open(self, case_id: str = "app-1", uscc: str = STEEL) -> None:
        await self.api.perform(open_case, accepted(case_id, unit(uscc)))

    async def forward(self, case_id: str = "app-1") -> None:
        for each in DEPARTMENTS:
            await self._done(self.department(each), f"/v1/cases/{case_id}/opinions", department=each, opinion="agree")
        await self._done(self.officer, f"/v1/cases/{case_id}/initial-review", decision="accept")
        document = {
            "number": f"包工信〔2026〕{case_id}号",
            "conclusion": "recommended",
            "attachments": [SCAN.model_dump()],
        }
        await self._done(self.officer, f"/v1/cases/{case_id}/opinion-document", **document)
        await self._done(self.officer, f"/v1/cases/{case_id}/forward")

    async def review(self) -> None:
        for number in range(5):
            expert = {"expert_id": f"expert-{number}", "employer": "内蒙古示例大学"}
            await self._done(self.reviewers, "/v1/experts", **expert)
        appointed = (await self.reviewers.post("/v1/batches/2026/panels")).json()["appointed"]
        for panel in appointed:
            for name in panel["experts"]:
                sheet = {"values": as_json(values("0.9")), "mandatory_items": mandatory_items(), "sign": True}
                answer = await self.expert(name).put(f"/v1/cases/{panel['case_id']}/score-sheets/{name}", json=sheet)
                assert answer.status_code == 200, answer.text
        for case in (await self.region.get("/v1/cases", params={"state": "site_ordered"})).json()["items"]:
            await self._done(self.reviewers, f"/v1/cases/{case['case_id']}/site-verification", findings="属实")

    async def publish(self) -> str:
        self.clock.move_to(at(AFTER_FORWARDING))
        ranked = await self.act("/v1/batches/2026/ranking")
        assert ranked.status_code == 200, ranked.text
        self.clock.move_to(at(NOTICE_DAY))
        answer = await self.act("/v1/batches/2026/notice")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["notice"]["notice_id"])

    async def act(self, path: str, **body: object) -> Response:
        """Command an act of the region, while the process of the jobs takes its steps."""
        answer = asyncio.create_task(self.region.post(path, json=body or None))
        while not answer.done():
            await self.api.run_jobs(ACTS)
            await asyncio.sleep(0.01)
        return await answer

    async def state(self, case_id: str = "app-1") -> str:
        return str((await self.region.get(f"/v1/cases/{case_id}")).json()["state"])

    async def _done(self, caller: ApiClient, path: str, **body: object) -> None:
        answer = await caller.post(path, json=body or None)
        assert answer.status_code in {200, 201}, answer.text


def as_json(numbers: dict[str, object] | object) -> dict[str, str]:
    assert isinstance(numbers, dict)
    return {name: str(value) for name, value in numbers.items()}
