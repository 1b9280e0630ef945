"""The service over HTTP: who may do what, what comes back, and what bad input changes: nothing."""

from __future__ import annotations

from typing import Any

import pytest
from applications.domain.application import State
from applications.handlers import quota
from applications.workbooks import report, write
from chassis.http.conditional import version_in
from devkit.api_harness import ApiClient, ApiHarness
from messages.applications import ApplicationAccepted, ApplicationRefused

from . import builders_forms as forms
from .api_calls import APPLICATIONS, DRAFT, import_workbook, open_draft, open_draft_with_report, send_file
from .builders import ASSESSOR, STEEL, assessor_registered


@pytest.mark.rule("A1")
async def test_from_the_filled_form_to_the_accepted_application(applicant: ApiClient, api: ApiHarness[Any]) -> None:
    file, key = await send_file(applicant), await open_draft(applicant)
    evidence = [{"name": file["name"], "sha256": file["sha256"]}]
    content = write(report.ENTERPRISE, forms.report_of(evidence=evidence))
    assert (await import_workbook(applicant, "evaluation-report", content, application_id=key)).status_code == 200

    answer = await applicant.post(f"{APPLICATIONS}/{key}/submit")

    assert (answer.status_code, answer.json()["state"]) == (200, "accepted")
    assert isinstance(api.events[-1], ApplicationAccepted)
    found = (await applicant.get(f"{APPLICATIONS}/{key}")).json()
    assert (found["stage"], found["submitted_on"]) == ("accepted", "2026-04-20")
    assert found["report"]["representative"]["masked"] == "15**************3X"


async def test_the_representatives_number_is_kept_nowhere(applicant: ApiClient, api: ApiHarness[Any]) -> None:
    key = await open_draft_with_report(applicant)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")

    assert forms.NUMBER not in repr(api.memory.collections)
    assert forms.NUMBER not in repr(api.memory.outbox)


@pytest.mark.rule("G3")
async def test_seven_things_wrong_are_told_in_one_answer_and_the_draft_may_come_again(
    applicant: ApiClient, api: ApiHarness[Any]
) -> None:
    wrong = {"undertaking": False, "industry_code": "0610", "energy_actual": 400, "certificates": []}
    key = await open_draft_with_report(applicant, **wrong)

    answer = await applicant.post(f"{APPLICATIONS}/{key}/submit")

    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "not-eligible"
    assert len(problem["reasons"]) == 7
    assert {each["rule"] for each in problem["reasons"]} == {"A1", "E1", "E2", "E3"}
    assert all(each["article"] and each["text"] for each in problem["reasons"])
    assert isinstance(api.events[-1], ApplicationRefused)
    assert (await applicant.get(f"{APPLICATIONS}/{key}")).json()["state"] == "refused"


@pytest.mark.rule("A6")
async def test_after_amending_it_is_accepted_and_both_versions_are_shown(applicant: ApiClient) -> None:
    key = await open_draft_with_report(applicant, undertaking=False)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")
    file = await send_file(applicant)
    body = forms.as_json(forms.report_of(evidence=[{"name": file["name"], "sha256": file["sha256"]}]))

    assert (await applicant.put(f"{APPLICATIONS}/{key}/evaluation", json=body)).status_code == 200
    assert (await applicant.post(f"{APPLICATIONS}/{key}/submit")).status_code == 200

    versions = (await applicant.get(f"{APPLICATIONS}/{key}/versions")).json()["items"]
    assert [(each["number"], each["application"]["state"]) for each in versions] == [(1, "refused"), (2, "accepted")]


async def test_an_assessors_report_is_answered_as_waiting(applicant: ApiClient, api: ApiHarness[Any]) -> None:
    await api.perform(quota.record_assessor, assessor_registered())
    named = {"way": "assessor", "assessor_name": ASSESSOR.name, "assessor_uscc": ASSESSOR.uscc}
    key = await open_draft_with_report(applicant, **named, lead_author="S1", reviewer="S2")

    answer = await applicant.post(f"{APPLICATIONS}/{key}/submit")

    assert (answer.status_code, answer.json()["state"]) == (202, State.SUBMITTED)


@pytest.mark.rule("A4")
async def test_the_same_key_and_body_is_one_effect_and_another_body_is_refused(
    applicant: ApiClient, api: ApiHarness[Any]
) -> None:
    first = await applicant.post(APPLICATIONS, json=DRAFT, key="once")
    again = await applicant.post(APPLICATIONS, json=DRAFT, key="once")
    other = await applicant.post(APPLICATIONS, json=DRAFT | {"batch_year": 2027}, key="once")

    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    assert len(api.memory.collections["applications"]) == 1


@pytest.mark.rule("A4")
async def test_the_same_refused_submission_gets_the_same_refusal(applicant: ApiClient, api: ApiHarness[Any]) -> None:
    key = await open_draft_with_report(applicant, undertaking=False)
    first = await applicant.post(f"{APPLICATIONS}/{key}/submit", key="once")
    again = await applicant.post(f"{APPLICATIONS}/{key}/submit", key="once")

    assert first.json()["reasons"] == again.json()["reasons"]
    assert [type(each) for each in api.events] == [ApplicationRefused]


async def test_amending_needs_the_version_that_was_seen(applicant: ApiClient) -> None:
    key = await open_draft(applicant)
    tag = (await applicant.get(f"{APPLICATIONS}/{key}")).headers["ETag"]
    body = {"unit_name": "示例钢铁集团", "level": "region", "batch_year": 2026, "evaluation": {"way": "self"}}
    place = f"{APPLICATIONS}/{key}"

    blind = await applicant.put(place, json=body)
    seeing = await applicant.put(place, json=body, headers={"If-Match": tag})
    stale = await applicant.put(place, json=body, headers={"If-Match": tag})

    assert (blind.status_code, seeing.status_code, stale.status_code) == (428, 200, 412)
    assert version_in(seeing.headers["ETag"]) == version_in((await applicant.get(place)).headers["ETag"]) == 2
    assert (await applicant.get(place)).json()["unit"]["name"] == "示例钢铁集团"


@pytest.mark.rule("A5")
async def test_an_accepted_application_is_withdrawn_once(applicant: ApiClient) -> None:
    key = await open_draft_with_report(applicant)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")

    first = await applicant.post(f"{APPLICATIONS}/{key}/withdraw")
    second = await applicant.post(f"{APPLICATIONS}/{key}/withdraw")

    assert (first.status_code, first.json()["state"]) == (200, "withdrawn")
    assert (second.status_code, second.json()["code"]) == (409, "not-withdrawable")


async def test_lists_are_filtered_and_paged(applicant: ApiClient) -> None:
    keys = {await open_draft(applicant) for _ in range(3)}

    first = (await applicant.get(APPLICATIONS, params={"state": "draft", "limit": 2})).json()
    rest = (await applicant.get(APPLICATIONS, params={"state": "draft", "limit": 2, "after": first["next"]})).json()
    none = (await applicant.get(APPLICATIONS, params={"batch_year": 2025})).json()

    assert {each["application_id"] for each in first["items"] + rest["items"]} == keys
    assert (none["items"], rest["next"]) == ([], None)


@pytest.mark.rule("E12")
async def test_an_own_evaluation_that_names_somebody_is_told_where(applicant: ApiClient) -> None:
    named = {"way": "self", "assessor": ASSESSOR.model_dump(mode="json")}
    key, report_of = await open_draft(applicant), forms.as_json(forms.report_of())

    answers = {
        "draft": await applicant.post(APPLICATIONS, json=DRAFT | {"evaluation": named}),
        "report in a draft": await applicant.post(
            APPLICATIONS, json=DRAFT | {"report": {"way": "self", "lead_author": "S1"}}
        ),
        "report": await applicant.put(
            f"{APPLICATIONS}/{key}/evaluation", json=report_of | {"assessor_uscc": ASSESSOR.uscc}
        ),
        "amendment": await applicant.put(
            f"{APPLICATIONS}/{key}",
            json={"unit_name": "x", "level": "region", "batch_year": 2026, "evaluation": named},
            headers={"If-Match": '"1"'},
        ),
        "workbook": await import_workbook(
            applicant, "evaluation-report", write(report.ENTERPRISE, forms.report_of(reviewer="S2")), application_id=key
        ),
    }

    assert {name: each.status_code for name, each in answers.items()} == dict.fromkeys(answers, 422)
    assert {name: each.json()["reasons"][0]["pointer"] for name, each in answers.items()} == {
        "draft": "/evaluation",
        "report in a draft": "/report/lead_author",
        "report": "/assessor_uscc",
        "amendment": "/evaluation",
        "workbook": "/reviewer",
    }


async def test_a_factory_with_a_name_of_a_park_is_told_where(applicant: ApiClient, officer: ApiClient) -> None:
    two_names = STEEL.model_dump(mode="json") | {"park_name": "另一名称"}
    listing = {"document_number": "1号", "published_on": "2026-01-20", "units": [two_names]}

    draft = await applicant.post(APPLICATIONS, json=DRAFT | {"unit": two_names})
    listed = await officer.post("/v1/prefecture-lists", json=listing)

    assert (draft.status_code, draft.json()["reasons"][0]["pointer"]) == (422, "/unit")
    assert (listed.status_code, listed.json()["reasons"][0]["pointer"]) == (422, "/units/0")


@pytest.mark.rule("E12")
async def test_after_a_report_is_filed_amending_names_no_other_assessor(applicant: ApiClient) -> None:
    key = await open_draft_with_report(applicant)
    tag = (await applicant.get(f"{APPLICATIONS}/{key}")).headers["ETag"]
    other = {"way": "assessor", "assessor": ASSESSOR.model_dump(mode="json")}
    body = {"unit_name": "x", "level": "region", "batch_year": 2026, "evaluation": other}

    answer = await applicant.put(f"{APPLICATIONS}/{key}", json=body, headers={"If-Match": tag})

    assert (answer.status_code, answer.json()["code"]) == (422, "evaluation-differs")
    assert answer.json()["reasons"][0]["pointer"] == "/evaluation"


@pytest.mark.rule("V4")
async def test_an_application_for_a_year_that_is_over_asks_for_no_item(
    applicant: ApiClient, api: ApiHarness[Any]
) -> None:
    await api.perform(quota.record_assessor, assessor_registered())
    named = {"way": "assessor", "assessor_name": ASSESSOR.name, "assessor_uscc": ASSESSOR.uscc}
    file, key = await send_file(applicant), await open_draft(applicant, batch_year=2025)
    evidence = [{"name": file["name"], "sha256": file["sha256"]}]
    body = forms.as_json(forms.report_of(evidence=evidence, lead_author="S1", reviewer="S2", **named))
    await applicant.put(f"{APPLICATIONS}/{key}/evaluation", json=body)

    answer = await applicant.post(f"{APPLICATIONS}/{key}/submit")

    assert [(each["rule"], each["code"]) for each in answer.json()["reasons"]] == [("V4", "deadline-passed")]
    assert [type(each) for each in api.events] == [ApplicationRefused]


async def test_a_malformed_body_is_told_everything_at_once(applicant: ApiClient) -> None:
    body = DRAFT | {"unit": DRAFT["unit"] | {"uscc": "9115010000000001"}, "level": "world", "extra": 1}  # type: ignore[operator]

    answer = await applicant.post(APPLICATIONS, json=body)

    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json()["reasons"]} == {"/unit/uscc", "/level", "/extra"}
