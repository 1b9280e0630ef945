"""Nobody acts on an application in two roles that must be apart, nor decides about the own organisation (P3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from applications.handlers import progress
from applications.store import Store
from chassis.http.idempotency import COMMAND_METHODS
from chassis.security import NobodyApart
from devkit.api_harness import ApiHarness
from httpx2 import Response
from messages import review
from messages.applications import ApplicationAccepted
from messages.values import Role

from .api_calls import APPLICATIONS, DRAFT, open_draft_with_report
from .builders import ASSESSOR, CASE, PARK, STEEL, TODAY
from .test_access import BODIES, FACT, FILES, LIST, Resources, request, resources

__all__ = ["resources"]  # the fixture

BY_OFFICES = {
    ("PUT", "/v1/applications/{application_id}/justification"): (Role.PREFECTURE_OFFICER,),
    ("POST", "/v1/facts"): (Role.PREFECTURE_OFFICER, Role.REGIONAL_OFFICER),
    ("POST", "/v1/facts/{fact_id}/end"): (Role.PREFECTURE_OFFICER, Role.REGIONAL_OFFICER),
    ("POST", "/v1/prefecture-lists"): (Role.PREFECTURE_OFFICER, Role.REGIONAL_OFFICER),
    ("POST", "/v1/units/{uscc}/moves"): (Role.REGIONAL_OFFICER,),
    ("POST", "/v1/codes"): (Role.REGIONAL_OFFICER,),
}
"""The commands of offices, with those who may."""
BY_UNITS = {
    ("POST", "/v1/applications"),
    ("PUT", "/v1/applications/{application_id}"),
    ("PUT", "/v1/applications/{application_id}/evaluation"),
    ("POST", "/v1/applications/{application_id}/submit"),
    ("POST", "/v1/applications/{application_id}/withdraw"),
    ("POST", "/v1/imports/annex1"),
    ("POST", "/v1/imports/evaluation-report"),
}
CODE = str(BODIES["POST", "/v1/codes"]["uscc"])
ON_STORED = sorted(BY_UNITS - {("POST", "/v1/applications")})


def refused_for(answer: Response) -> list[tuple[str, str]]:
    return [(each["rule"], each["code"]) for each in answer.json().get("reasons", ())]


def test_every_command_that_decides_about_a_unit_is_tried(api: ApiHarness[Any]) -> None:
    deciding = {
        route
        for route, policy in api.policies.items()
        if route[0] in COMMAND_METHODS and not isinstance(policy.duties, NobodyApart)
    }

    assert deciding == BY_UNITS | set(BY_OFFICES)


@pytest.mark.rule("P3")
@pytest.mark.parametrize(
    ("route", "role"), [(route, role) for route, roles in BY_OFFICES.items() for role in roles], ids=str
)
async def test_no_officer_decides_about_the_own_organisation(
    api: ApiHarness[Any], resources: Resources, route: tuple[str, str], role: Role
) -> None:
    own = [CODE] if route[1] == "/v1/codes" else [STEEL.uscc, STEEL.uscc.lower()]
    named = {"organisation": None, "prefecture": STEEL.prefecture, "subject": "zhao"}

    answers = [
        await request(api.client_as(role, **named | {"organisation": each}), route, resources.names(route))
        for each in own
    ]
    stranger = api.client_as(role, **named | {"organisation": PARK.uscc})

    assert [(each.status_code, refused_for(each)) for each in answers] == [(403, [("P3", "own-matter")])] * len(own)
    assert (await request(stranger, route, resources.names(route))).status_code != 403


@pytest.mark.rule("P3")
@pytest.mark.parametrize("role", [Role.PREFECTURE_OFFICER, Role.REGIONAL_OFFICER])
async def test_no_officer_of_a_unit_lists_others_beside_it(api: ApiHarness[Any], role: Role) -> None:
    park = PARK.model_dump(mode="json") | {"prefecture": STEEL.prefecture}
    own = api.client_as(role, organisation=STEEL.name, prefecture=STEEL.prefecture)

    answer = await own.post("/v1/prefecture-lists", json=LIST | {"units": [park, *LIST["units"]]})

    assert (answer.status_code, refused_for(answer)) == (403, [("P3", "own-matter")])


@pytest.mark.rule("P3")
@pytest.mark.parametrize("route", ON_STORED, ids=" ".join)
async def test_whoever_judges_an_application_files_nothing_for_its_unit(
    api: ApiHarness[Any], resources: Resources, route: tuple[str, str]
) -> None:
    names = resources.names(route)
    expert = api.client_as(Role.APPLICANT, organisation=STEEL.uscc, subject="e1")

    async def seat(application_id: str, store: Store, _now: object) -> list[Any]:
        found = await store.applications.require(application_id)
        store.applications.save(application_id, replace(found, experts=("e1", "e2", "e3")))
        return []

    await api.perform(seat, names["application_id"])
    answer = await request(expert, route, names)

    assert (answer.status_code, refused_for(answer)) == (403, [("P3", "duties-not-apart")])


@pytest.mark.rule("P3")
async def test_whoever_justified_an_application_does_not_submit_it(api: ApiHarness[Any], resources: Resources) -> None:
    place = f"{APPLICATIONS}/{resources.returned}"
    officer = api.client_as(Role.PREFECTURE_OFFICER, prefecture=STEEL.prefecture, subject="sun")
    assert (await officer.put(f"{place}/justification", json={"text": "能效国内领先"})).status_code == 200

    answers = [
        await api.client_as(Role.APPLICANT, organisation=STEEL.uscc, subject=name).post(f"{place}/submit")
        for name in ("sun", "li")
    ]

    assert [each.status_code for each in answers] == [403, 409]
    assert refused_for(answers[0]) == [("P3", "duties-not-apart")]


@pytest.mark.rule("P3")
async def test_whoever_submitted_an_application_does_not_justify_it(api: ApiHarness[Any], resources: Resources) -> None:
    place = f"{APPLICATIONS}/{resources.returned}/justification"

    answers = [
        await api.client_as(Role.PREFECTURE_OFFICER, prefecture=STEEL.prefecture, subject=name).put(
            place, json={"text": "能效国内领先"}
        )
        for name in ("li", "sun")
    ]

    assert [each.status_code for each in answers] == [403, 200]
    assert refused_for(answers[0]) == [("P3", "duties-not-apart")]


@pytest.mark.rule("P3", "E12")
async def test_a_unit_is_not_its_own_assessor(api: ApiHarness[Any]) -> None:
    own = ASSESSOR.model_copy(update={"uscc": STEEL.uscc})
    unit = api.client_as(Role.APPLICANT, organisation=STEEL.uscc)

    answers = [
        await unit.post(APPLICATIONS, json=DRAFT | {"evaluation": {"way": "assessor", "assessor": each}})
        for each in (own.model_dump(mode="json"), ASSESSOR.model_dump(mode="json"))
    ]

    assert [each.status_code for each in answers] == [403, 201]
    assert refused_for(answers[0]) == [("P3", "own-matter")]


@pytest.mark.rule("P3")
async def test_review_is_told_who_submitted(api: ApiHarness[Any]) -> None:
    first, second = [api.client_as(Role.APPLICANT, organisation=STEEL.uscc, subject=name) for name in ("zhou", "wu")]
    key = await open_draft_with_report(first)

    answer = await second.post(f"{APPLICATIONS}/{key}/submit")

    assert answer.json()["state"] == "accepted"
    (accepted,) = [each for each in api.events if isinstance(each, ApplicationAccepted)]
    assert accepted.submitted_by == "wu"


@pytest.mark.rule("P3")
async def test_the_panel_is_known_by_the_event_that_appoints_it(api: ApiHarness[Any]) -> None:
    applicant = api.client_as(Role.APPLICANT, organisation=STEEL.uscc, subject="e1")
    key = await open_draft_with_report(applicant)
    await applicant.post(f"{APPLICATIONS}/{key}/submit")
    seated = review.PanelAppointed(
        **CASE | {"case_id": key}, experts=("e1", "e2", "e3"), chair="e1", appointed_on=TODAY, sequence=6
    )
    await api.perform(progress.follow_case, seated)

    answer = await applicant.post(f"{APPLICATIONS}/{key}/withdraw")

    assert (answer.status_code, refused_for(answer)) == (403, [("P3", "duties-not-apart")])


def test_the_table_sends_what_its_routes_take() -> None:
    assert {route for route in BY_OFFICES if route not in BODIES} == set()
    assert FACT["uscc"] == STEEL.uscc
    assert {route for route in BY_UNITS if "imports" in route[1]} <= set(FILES)
