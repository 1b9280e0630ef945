"""What officers and agencies put on record over HTTP."""

from __future__ import annotations

from datetime import date

import pytest
from chassis.testing.http import ApiStand, Caller
from messages.values import Role

from .calls import APPLICATIONS, codes, filed
from .story import STEEL


@pytest.mark.rule("E4")
async def test_an_officer_records_a_fact_which_then_counts(unit: Caller, officer: Caller, stranger: Caller) -> None:
    body = {"uscc": STEEL.uscc, "kind": "abnormal_operations", "date": "2025-01-01", "source": "企业信用信息公示系统"}
    key = await filed(unit)

    recorded = await officer.post("/v1/facts", json=body)
    answer = await unit.post(f"{APPLICATIONS}/{key}/submit")

    assert recorded.status_code == 201
    assert codes(answer) == ["abnormal-operations"]
    assert len((await unit.get("/v1/facts")).json()["items"]) == 1
    assert (await stranger.get("/v1/facts", params={"uscc": STEEL.uscc})).json()["items"] == []
    ended = await officer.post(f"/v1/facts/{recorded.json()['fact_id']}/end", json={"ended": "2026-04-01"})
    assert ended.json()["ended_on"] == "2026-04-01"
    assert (await unit.post(f"{APPLICATIONS}/{key}/submit")).status_code == 200


@pytest.mark.rule("E4")
async def test_an_agency_records_facts_and_an_applicant_none(unit: Caller, served: ApiStand) -> None:
    body = {"uscc": STEEL.uscc, "kind": "safety_accident", "date": "2025-06-01", "source": "应急〔2025〕7号"}
    agency = served.as_(Role.AGENCY, organisation="emergency", subject="agency-1")

    assert (await agency.post("/v1/facts", json=body)).json()["source"] == "agency"
    assert (await unit.post("/v1/facts", json=body)).status_code == 403


@pytest.mark.rule("E10")
async def test_an_officer_records_the_list_of_the_own_prefecture_only(
    officer: Caller, elsewhere: Caller, served: ApiStand
) -> None:
    body = {
        "document_number": "鄂工信发〔2026〕1号",
        "published_on": date(2026, 1, 20).isoformat(),
        "units": [STEEL.model_dump(mode="json")],
    }

    own = await officer.post("/v1/prefecture-lists", json=body)
    foreign = await elsewhere.post("/v1/prefecture-lists", json=body)
    forged = await elsewhere.post("/v1/prefecture-lists", json=body | {"prefecture": "150600"})

    assert (own.status_code, foreign.status_code, forged.status_code) == (201, 422, 403)
    shown = (await served.anybody().get("/v1/prefecture-lists", params={"prefecture": "150600"})).json()
    assert [each["document_number"] for each in shown["items"]] == ["鄂工信发〔2026〕1号"]
