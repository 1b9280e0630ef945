"""Every route of the service by role and by owner: who gets in, who is refused, and what is recorded (P1, P2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest
from applications.handlers import progress, quota
from applications.workbooks import annex1, report, write
from devkit.api_harness import ApiClient, ApiHarness
from devkit.comparing import comparable
from httpx2 import Response
from messages import review
from messages.values import Department, Prefecture, Role

from . import builders_forms as forms
from .api_calls import APPLICATIONS, DRAFT, PDF, XLSX, open_draft, open_draft_with_report
from .builders import ASSESSOR, CASE, PARK, STEEL, TODAY, assessor_registered

CALLERS = (
    "own",
    "other",
    "assessor",
    "other assessor",
    "officer",
    "elsewhere",
    "department",
    "organisation",
    "expert",
    "agency",
    "outsider",
    "operator",
    "nobody",
    "region",
)
"""The unit itself and another; its assessor and another; the officer of its prefecture and one of another; the
consulted department, the review organisation and an expert of the panel; an agency; outsiders, who are a department and
an expert that have no part in the case; an operator; nobody, without a token; and the region, last, since what it
commands takes effect."""

UNIT_ONLY = "{0} {1} 403 403 403 403 403 403 403 403 403 403 401 403"
OFFICES = "403 403 403 403 {0} {2} 403 403 403 {1} 403 403 401 {0}"
CONCERNED = "200 404 {0} {1} 200 404 403 403 403 403 403 403 401 200"
EVERYONE = "200 200 200 200 200 200 200 200 200 200 200 200 200 200"

TABLE: dict[tuple[str, str], str] = {
    ("POST", "/v1/applications"): UNIT_ONLY.format(201, 403),
    ("PUT", "/v1/applications/{application_id}"): UNIT_ONLY.format(200, 404),
    ("PUT", "/v1/applications/{application_id}/evaluation"): UNIT_ONLY.format(200, 404),
    ("PUT", "/v1/applications/{application_id}/justification"): (
        "403 403 403 403 200 404 403 403 403 403 403 403 401 403"
    ),
    ("POST", "/v1/applications/{application_id}/submit"): UNIT_ONLY.format(409, 404),
    ("POST", "/v1/applications/{application_id}/withdraw"): UNIT_ONLY.format(200, 404),
    ("GET", "/v1/applications"): "200=3 200=0 200=1 200=0 200=2 200=0 403 403 403 403 403 403 401 200=2",
    ("GET", "/v1/applications/{application_id}"): CONCERNED.format(200, 404),
    ("GET", "/v1/applications/{application_id}/versions"): CONCERNED.format(200, 404),
    ("POST", "/v1/files"): "201 201 201 201 403 403 403 403 403 403 403 403 401 403",
    ("GET", "/v1/files/{sha256}"): "200 404 200 404 200 404 200 200 200 403 404 403 401 200",
    ("POST", "/v1/imports/annex1"): UNIT_ONLY.format(200, 404),
    ("POST", "/v1/imports/evaluation-report"): UNIT_ONLY.format(200, 404),
    ("GET", "/v1/forms/{name}.xlsx"): EVERYONE,
    ("POST", "/v1/facts"): OFFICES.format(201, 201, 403),
    ("POST", "/v1/facts/{fact_id}/end"): OFFICES.format(200, 404, 404),
    ("GET", "/v1/facts"): "200=1 200=0 403 403 200=1 200=0 403 403 403 200=0 403 403 401 200=1",
    ("GET", "/v1/facts/{fact_id}"): "200 404 403 403 200 404 403 403 403 404 403 403 401 200",
    ("POST", "/v1/prefecture-lists"): OFFICES.format(201, 403, 403),
    ("GET", "/v1/prefecture-lists"): " ".join(["200=1"] * len(CALLERS)),
    ("GET", "/v1/units/{uscc}"): CONCERNED.format(403, 403),
    ("POST", "/v1/units/{uscc}/moves"): "403 403 403 403 403 403 403 403 403 403 403 403 401 201",
    ("POST", "/v1/codes"): "403 403 403 403 403 403 403 403 403 403 403 403 401 201",
    ("GET", "/v1/codes"): EVERYONE,
    ("GET", "/v1/audit-log"): "403 403 403 403 403 403 403 403 403 403 403 200 401 403",
}
"""The answer to each of ``CALLERS`` about Steel, or of Steel's; of a list ``=`` is followed by how many it shows."""

PUBLIC_READS = {("GET", "/v1/forms/{name}.xlsx"), ("GET", "/v1/prefecture-lists"), ("GET", "/v1/codes")}
FACT = {"uscc": STEEL.uscc, "kind": "tax_evasion", "happened_on": "2015-06-01", "reference": "税稽〔2015〕3号"}
LIST = {
    "prefecture": STEEL.prefecture,
    "document_number": "鄂工信发〔2026〕3号",
    "published_on": "2026-04-20",
    "units": [STEEL.model_dump(mode="json")],
}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/applications"): DRAFT,
    ("PUT", "/v1/applications/{application_id}"): {
        "unit_name": "示例钢铁集团",
        "level": "region",
        "batch_year": 2026,
        "evaluation": {"way": "self"},
    },
    ("PUT", "/v1/applications/{application_id}/evaluation"): forms.as_json(forms.report_of()),
    ("PUT", "/v1/applications/{application_id}/justification"): {"text": "能效国内领先"},
    ("POST", "/v1/facts"): FACT,
    ("POST", "/v1/facts/{fact_id}/end"): {"ended_on": "2016-01-01"},
    ("POST", "/v1/prefecture-lists"): LIST,
    ("POST", "/v1/codes"): {"uscc": "911501000000000192", "document_number": "内市监函〔2026〕3号"},
    ("POST", "/v1/units/{uscc}/moves"): {"prefecture": Prefecture.HOHHOT, "document_number": "内工信函〔2026〕7号"},
}
FILES: dict[tuple[str, str], tuple[str, bytes, str]] = {
    ("POST", "/v1/files"): ("另一文件.pdf", PDF + b"\n", "application/pdf"),
    ("POST", "/v1/imports/annex1"): ("表.xlsx", write(annex1.ENTERPRISE, forms.enterprise()), XLSX),
    ("POST", "/v1/imports/evaluation-report"): ("表.xlsx", write(report.ENTERPRISE, forms.report_of()), XLSX),
}
ON_DRAFT = {
    ("PUT", "/v1/applications/{application_id}"),
    ("PUT", "/v1/applications/{application_id}/evaluation"),
    ("POST", "/v1/applications/{application_id}/submit"),
    ("POST", "/v1/imports/annex1"),
    ("POST", "/v1/imports/evaluation-report"),
}
ON_RETURNED = {("PUT", "/v1/applications/{application_id}/justification")}


@dataclass(frozen=True)
class Resources:
    """Steel's three applications, and the fact that its prefecture's officer has recorded."""

    draft: str
    returned: str
    submitted: str
    fact_id: str

    def names(self, route: tuple[str, str]) -> dict[str, str]:
        application = self.draft if route in ON_DRAFT else self.returned if route in ON_RETURNED else self.submitted
        return {
            "application_id": application,
            "fact_id": self.fact_id,
            "name": "annex1-enterprise",
            "sha256": sha256(PDF).hexdigest(),
            "uscc": STEEL.uscc,
        }


@pytest.fixture
async def resources(api: ApiHarness[Any], applicant: ApiClient, officer: ApiClient) -> Resources:
    """Steel has a draft, a returned application, and one in review by its assessor's report; it is on a list."""
    await api.perform(quota.record_assessor, assessor_registered())
    returned = await open_draft_with_report(applicant, undertaking=False)
    assert (await applicant.post(f"{APPLICATIONS}/{returned}/submit")).status_code == 409
    by = {"way": "assessor", "assessor_name": ASSESSOR.name, "assessor_uscc": ASSESSOR.uscc}
    submitted = await open_draft_with_report(applicant, **by, lead_author="S1", reviewer="S2")
    assert (await applicant.post(f"{APPLICATIONS}/{submitted}/submit")).status_code == 202
    case = CASE | {"case_id": submitted}
    for event in (
        review.ConsultationOpened(
            **case,
            departments=(Department.MARKET_REGULATION,),
            due=TODAY,
            article="第十四条",
            provisional=False,
            sequence=2,
        ),
        review.CaseForwarded(**case, forwarded_on=TODAY, sequence=5),
        review.PanelAppointed(**case, experts=("e1", "e2", "e3"), chair="e1", appointed_on=TODAY, sequence=6),
    ):
        await api.perform(progress.follow_case, event)
    assert (await officer.post("/v1/prefecture-lists", json=LIST)).status_code == 201
    fact = (await officer.post("/v1/facts", json=FACT)).json()["fact_id"]
    return Resources(await open_draft(applicant), returned, submitted, fact)


def callers(api: ApiHarness[Any]) -> Iterator[tuple[str, ApiClient]]:
    """Yield the callers in the order of ``CALLERS``; two of them are outsiders."""
    ordos, hohhot = STEEL.prefecture, Prefecture.HOHHOT
    market, taxes = Department.MARKET_REGULATION, next(d for d in Department if d is not Department.MARKET_REGULATION)
    department = Role.CONSULTED_DEPARTMENT
    yield "own", api.client_as(Role.APPLICANT, organisation=STEEL.uscc)
    yield "other", api.client_as(Role.APPLICANT, organisation=PARK.uscc)
    yield "assessor", api.client_as(Role.ASSESSOR, organisation=ASSESSOR.uscc)
    yield "other assessor", api.client_as(Role.ASSESSOR, organisation="911504000000000431")
    yield "officer", api.client_as(Role.PREFECTURE_OFFICER, prefecture=ordos)
    yield "elsewhere", api.client_as(Role.PREFECTURE_OFFICER, prefecture=hohhot)
    yield "department", api.client_as(department, organisation=market, prefecture=ordos)
    yield "organisation", api.client_as(Role.REVIEW_ORGANISATION, organisation="示例评审机构")
    yield "expert", api.client_as(Role.EXPERT, subject="e1")
    yield "agency", api.client_as(Role.AGENCY, organisation="taxation")
    yield "outsider", api.client_as(department, organisation=taxes, prefecture=ordos)
    yield "outsider", api.client_as(department, organisation=market, prefecture=hohhot)
    yield "outsider", api.client_as(Role.EXPERT, subject="e9")
    yield "operator", api.client_as(Role.OPERATOR)
    yield "nobody", api.anonymous()
    yield "region", api.client_as(Role.REGIONAL_OFFICER)


async def request(caller: ApiClient, route: tuple[str, str], names: dict[str, str]) -> Response:
    method, path = route[0], route[1].format(**names)
    if route in FILES:
        params = {"application_id": names["application_id"]} if "imports" in path else {}
        return await caller.request(method, path, files={"file": FILES[route]}, params=params)
    headers = {"If-Match": "*"} if method == "PUT" else {}
    return await caller.request(method, path, json=BODIES.get(route), headers=headers)


def answer_of(response: Response, expected: str) -> str:
    if "=" not in expected:
        return str(response.status_code)
    return f"{response.status_code}={len(response.json().get('items', ()))}"


@pytest.mark.rule("P1")
@pytest.mark.rule("P2")
def test_every_route_has_its_row(api: ApiHarness[Any]) -> None:
    assert set(api.policies) == set(TABLE)


@pytest.mark.rule("P1")
@pytest.mark.rule("P2")
@pytest.mark.parametrize("route", TABLE, ids=" ".join)
async def test_each_caller_gets_what_its_part_is_and_nothing_else(
    api: ApiHarness[Any], resources: Resources, route: tuple[str, str]
) -> None:
    expected = dict(zip(CALLERS, TABLE[route].split(), strict=True))
    found = [
        (name, answer_of(await request(caller, route, resources.names(route)), expected[name]))
        for name, caller in callers(api)
    ]
    assert found == [(name, expected[name]) for name, _ in found]


@pytest.mark.rule("P2")
@pytest.mark.parametrize("route", [each for each in TABLE if each not in PUBLIC_READS], ids=" ".join)
async def test_a_refusal_of_any_route_leaves_a_record(
    api: ApiHarness[Any], resources: Resources, route: tuple[str, str]
) -> None:
    before = len(api.memory.collections.get("audit_denials", {}))
    refused = await request(api.client_as(Role.EXPERT, subject="e9"), route, resources.names(route))
    assert refused.status_code == (404 if route == ("GET", "/v1/files/{sha256}") else 403)
    assert len(api.memory.collections["audit_denials"]) == before + 1


ABSENT = {
    "application_id": "app-2026-000000000000",
    "fact_id": "fact-0",
    "name": "annex1-enterprise",
    "sha256": "0" * 64,
    "uscc": "911502000000000271",
}
OF_ONE = [each for each in TABLE if "{" in each[1] or "imports" in each[1]]
"""Routes about one application, fact, file or unit."""


@pytest.mark.rule("P2")
@pytest.mark.parametrize("route", OF_ONE, ids=" ".join)
async def test_whoever_may_not_see_it_cannot_tell_it_from_what_does_not_exist(
    api: ApiHarness[Any], resources: Resources, route: tuple[str, str]
) -> None:
    names = resources.names(route)
    for who, caller in callers(api):
        foreign = await request(caller, route, names)
        if who != "region" and foreign.status_code in {403, 404}:  # the region reads every application submitted
            absent = await request(caller, route, ABSENT)
            assert comparable(foreign, *names.values()) == comparable(absent, *ABSENT.values()), who
