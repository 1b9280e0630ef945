"""Commands about one application over HTTP, in the order of a season, for any number of units with the same people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from applications.workbooks import annex1, report, write
from chassis.clock import Clock
from devkit.api_harness import ApiClient, ApiHarness
from devkit.clock import FixedClock
from httpx2 import Response
from messages.values import Department, Role
from review.handlers.applications import open_case

from tests.contention.season_messages import ASSESSOR, ApplicationMessages
from tests.contracts.seed import NOW

forms: Any = import_module("services.applications.tests.builders_forms")
of_applications: Any = import_module("services.applications.tests.builders")
save_standing: Any = import_module("services.applications.tests.harness").save_standing
of_review: Any = import_module("services.review.tests.builders")
PDF = import_module("services.applications.tests.api_calls").PDF
XLSX = import_module("services.applications.tests.api_calls").XLSX
EXPERTS = [f"expert-{number}" for number in range(1, 6)]
AFTER_FORWARDING, NOTICE_DAY = of_review.date(2026, 6, 1), of_review.date(2026, 6, 18)


@dataclass
class Participant:
    """One application with the people who act on it; ``noted`` is what answers have told."""

    api: ApiHarness[Any]
    messages: ApplicationMessages
    noted: dict[str, str] = field(default_factory=dict)

    @property
    def unit(self) -> dict[str, Any]:
        return self.messages.unit.model_dump(mode="json")

    @property
    def case(self) -> str:
        return f"/v1/cases/{self.messages.application_id}"

    @property
    def application(self) -> str:
        return f"/v1/applications/{self.noted['application']}"

    def caller(self, role: Role, subject: str | None = None, organisation: str | None = None) -> ApiClient:
        prefecture = self.messages.unit.prefecture
        return self.api.client_as(role, subject=subject, organisation=organisation, prefecture=prefecture)

    @property
    def applicant(self) -> ApiClient:
        return self.caller(Role.APPLICANT, "li", self.messages.unit.uscc)

    @property
    def officer(self) -> ApiClient:
        return self.caller(Role.PREFECTURE_OFFICER, "officer-1")

    @property
    def region(self) -> ApiClient:
        return self.api.client_as(Role.REGIONAL_OFFICER, subject="region-1")

    @property
    def reviewers(self) -> ApiClient:
        return self.api.client_as(Role.REVIEW_ORGANISATION, subject="house-1")


Step = Callable[[Participant], Awaitable[Response]]
Act = Callable[[ApiHarness[Any]], Awaitable[None]]


@dataclass(frozen=True)
class Script:
    """The commands of one service: ``prepare`` for each application, then every step; ``between`` acts on all."""

    prepare: Callable[[Participant], Awaitable[None]]
    steps: tuple[tuple[str, Step], ...]
    between: Mapping[str, Act] = field(default_factory=dict)
    """Acts of an office on all applications, before the step of that route."""


async def _list_unit(each: Participant) -> None:
    await each.api.perform(save_standing, of_applications.standing(each.messages.unit))


async def _send_file(each: Participant) -> Response:
    """Everybody sends the same form, with the same content."""
    answer = await each.applicant.post("/v1/files", files={"file": ("附件.pdf", PDF)})
    each.noted["sha256"] = answer.json()["sha256"]
    return answer


async def _open_draft(each: Participant) -> Response:
    body = {"unit": each.unit, "level": "region", "batch_year": 2026, "evaluation": {"way": "self"}}
    answer = await each.applicant.post("/v1/applications", json=body)
    each.noted["application"] = answer.json()["application_id"]
    return answer


async def _amend(each: Participant) -> Response:
    body = {"unit_name": each.unit["name"], "level": "region", "batch_year": 2026, "evaluation": {"way": "self"}}
    return await each.applicant.put(each.application, json=body, headers={"If-Match": each.noted["etag"]})


async def _import_annex1(each: Participant) -> Response:
    values = forms.enterprise(name=each.unit["name"], uscc=each.unit["uscc"])
    return await _import(each, "annex1", write(annex1.ENTERPRISE, values))


async def _import_report(each: Participant) -> Response:
    return await _import(each, "evaluation-report", write(report.ENTERPRISE, _report(each)))


async def _import(each: Participant, what: str, content: bytes) -> Response:
    files = {"file": ("表.xlsx", content, XLSX)}
    params = {"application_id": each.noted["application"]}
    return await each.applicant.post(f"/v1/imports/{what}", files=files, params=params)


async def _file_report(each: Participant) -> Response:
    return await each.applicant.put(f"{each.application}/evaluation", json=forms.as_json(_report(each)))


def _report(each: Participant) -> dict[str, Any]:
    evidence = [{"name": "附件.pdf", "sha256": each.noted["sha256"]}]
    found: dict[str, Any] = forms.report_of(each.messages.unit, evidence=evidence)
    return found


async def _justify(each: Participant) -> Response:
    """Of what was submitted and returned, here for its missing report."""
    assert (await _submit(each)).status_code == 409
    answer = await each.officer.put(f"{each.application}/justification", json={"text": "条件突出"})
    each.noted["etag"] = answer.headers["etag"]
    return answer


async def _submit(each: Participant) -> Response:
    return await each.applicant.post(f"{each.application}/submit")


async def _withdraw(each: Participant) -> Response:
    return await each.applicant.post(f"{each.application}/withdraw")


async def _open_case(each: Participant) -> None:
    accepted = of_review.accepted(each.messages.application_id, each.messages.unit, by=ASSESSOR)
    await each.api.perform(open_case, accepted)


async def _answer(each: Participant) -> Response:
    for department in Department:
        caller = each.caller(Role.CONSULTED_DEPARTMENT, f"officer-{department}", department)
        answer = await caller.post(f"{each.case}/opinions", json={"department": department, "opinion": "agree"})
        answer.raise_for_status()
    return answer


async def _accept(each: Participant) -> Response:
    return await each.officer.post(f"{each.case}/initial-review", json={"decision": "accept"})


async def _issue(each: Participant) -> Response:
    number = f"鄂工信〔2026〕{each.messages.number}号"
    body = {"number": number, "conclusion": "recommended", "attachments": [of_review.SCAN.model_dump()]}
    return await each.officer.post(f"{each.case}/opinion-document", json=body)


async def _forward(each: Participant) -> Response:
    return await each.officer.post(f"{each.case}/forward")


async def _register_experts(api: ApiHarness[Any]) -> None:
    house = api.client_as(Role.REVIEW_ORGANISATION, subject="house-1")
    for name in EXPERTS:
        body = {"expert_id": name, "employer": "内蒙古示例大学"}
        (await house.post("/v1/experts", json=body)).raise_for_status()


async def _appoint(each: Participant) -> Response:
    return await each.reviewers.post(f"{each.case}/panel", json={"experts": EXPERTS})


async def _sign(each: Participant) -> Response:
    """The last expert's sheet lies far from the others'."""
    for name in EXPERTS:
        share = "0.1" if name == EXPERTS[-1] else "0.9"
        values = {indicator: str(value) for indicator, value in of_review.values(share).items()}
        body = {
            "values": values,
            "mandatory_items": of_review.mandatory_items(),
            "sign": True,
            "site_visit_wanted": True,
        }
        expert = each.api.client_as(Role.EXPERT, subject=name)
        answer = await expert.put(f"{each.case}/score-sheets/{name}", json=body)
        answer.raise_for_status()
    return answer


async def _confirm(each: Participant) -> Response:
    """Every sheet lies far from the mean of all five: the region decides."""
    return await each.region.post(f"{each.case}/deviation-decision", json={"decision": "confirm", "text": "维持"})


async def _visit(each: Participant) -> Response:
    return await each.reviewers.post(f"{each.case}/site-verification", json={"findings": "属实"})


async def _publish(api: ApiHarness[Any]) -> None:
    """Rank and publish, whatever the acts take to be carried out."""
    region = api.client_as(Role.REGIONAL_OFFICER, subject="region-1")
    for day, act in ((AFTER_FORWARDING, "ranking"), (NOTICE_DAY, "notice")):
        _clock_of(api).move_to(of_review.at(day))
        (await region.post(f"/v1/batches/2026/{act}")).raise_for_status()
        await api.run_jobs(import_module("review.jobs").JOBS)


def _clock_of(api: ApiHarness[Any]) -> FixedClock:
    clock: Clock = api.api.clock
    assert isinstance(clock, FixedClock)
    return clock


async def _object(each: Participant) -> Response:
    notices = (await each.region.get("/v1/notices")).json()["items"]
    each.noted["notice"] = notices[0]["notice_id"]
    body = {
        "case_id": each.messages.application_id,
        "facts": "夜间排放异味",
        "name": "王某",
        "contact": "0472-0000000",
    }
    citizen = each.api.client_as(Role.PUBLIC, subject="citizen", person_verified=True)
    answer = await citizen.post(f"/v1/notices/{each.noted['notice']}/objections", json=body)
    each.noted["objection"] = answer.json()["objection_id"]
    return answer


async def _receive(each: Participant) -> Response:
    path = f"/v1/notices/{each.noted['notice']}/objections/{each.noted['objection']}/receipt"
    return await each.region.post(path, json={"received": True})


async def _resolve(each: Participant) -> Response:
    path = f"/v1/notices/{each.noted['notice']}/objections/{each.noted['objection']}/resolution"
    return await each.region.post(path, json={"upheld": False, "text": "不成立"})


SCRIPTS: Mapping[str, Script] = {
    "applications": Script(
        _list_unit,
        (
            ("POST /v1/files", _send_file),
            ("POST /v1/applications", _open_draft),
            ("PUT /v1/applications/{application_id}/justification", _justify),
            ("PUT /v1/applications/{application_id}", _amend),
            ("POST /v1/imports/annex1", _import_annex1),
            ("POST /v1/imports/evaluation-report", _import_report),
            ("PUT /v1/applications/{application_id}/evaluation", _file_report),
            ("POST /v1/applications/{application_id}/submit", _submit),
            ("POST /v1/applications/{application_id}/withdraw", _withdraw),
        ),
    ),
    "review": Script(
        _open_case,
        (
            ("POST /v1/cases/{case_id}/opinions", _answer),
            ("POST /v1/cases/{case_id}/initial-review", _accept),
            ("POST /v1/cases/{case_id}/opinion-document", _issue),
            ("POST /v1/cases/{case_id}/forward", _forward),
            ("POST /v1/cases/{case_id}/panel", _appoint),
            ("PUT /v1/cases/{case_id}/score-sheets/{expert}", _sign),
            ("POST /v1/cases/{case_id}/deviation-decision", _confirm),
            ("POST /v1/cases/{case_id}/site-verification", _visit),
            ("POST /v1/notices/{notice_id}/objections", _object),
            ("POST /v1/notices/{notice_id}/objections/{objection_id}/receipt", _receive),
            ("POST /v1/notices/{notice_id}/objections/{objection_id}/resolution", _resolve),
        ),
        {
            "POST /v1/cases/{case_id}/panel": _register_experts,
            "POST /v1/notices/{notice_id}/objections": _publish,
        },
    ),
}
"""By service: every command that is given for each application."""

NOW_OF: Mapping[str, Any] = {"applications": NOW, "review": of_review.at(of_review.OPENED)}
