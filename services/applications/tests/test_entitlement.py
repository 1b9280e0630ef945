"""An agency records and ends the kinds of facts that are its own, and no others (X2)."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from applications.domain.entitlement import not_entitled
from applications.domain.facts import TEXTS, FactKind
from devkit.api_harness import ApiHarness
from messages.values import Role
from rulebook import load_rule_sets

from .builders import RULES, STEEL

AGENCIES = RULES.agencies
FACT = {"uscc": STEEL.uscc, "happened_on": "2025-06-01", "reference": "内税稽〔2025〕3号"}
UNKNOWN = ("tax", "隔壁饭馆", "税务部门", STEEL.uscc)
"""No agency of the rule set: another code, a name instead of a code, an enterprise."""


def test_the_rule_sets_name_kinds_of_facts_that_there_are() -> None:
    for rules in load_rule_sets().all:
        for code, agency in rules.agencies.items():
            assert set(agency.kinds) <= set(FactKind), code
            assert agency.name


@pytest.mark.rule("X2")
@pytest.mark.parametrize(("agency", "kind"), list(product(AGENCIES, FactKind)))
def test_each_kind_is_recorded_by_the_agencies_whose_duty_it_is_alone(agency: str, kind: FactKind) -> None:
    why = not_entitled(agency, kind, RULES)

    if kind in AGENCIES[agency].kinds:
        assert why is None
        return
    assert why is not None
    assert (why.rule, why.code, why.evidence) == ("X2", "kind-not-entitled", kind)
    assert AGENCIES[agency].name in why.text
    assert all(TEXTS[FactKind(each)] in why.text for each in AGENCIES[agency].kinds)


@pytest.mark.rule("X2")
@pytest.mark.parametrize("kind", FactKind)
async def test_a_fact_of_another_agencys_kind_is_refused_and_nothing_is_recorded(
    api: ApiHarness[Any], kind: FactKind
) -> None:
    others = [code for code, agency in AGENCIES.items() if kind not in agency.kinds]
    entitled = [code for code, agency in AGENCIES.items() if kind in agency.kinds]

    for code in (*others, *UNKNOWN):
        agency = api.client_as(Role.AGENCY, organisation=code, subject=f"{code}-1")
        answer = await agency.post("/v1/facts", json=FACT | {"kind": kind})
        (why,) = answer.json()["reasons"]
        known = code in AGENCIES
        assert (answer.status_code, why["rule"]) == (403, "X2")
        assert why["code"] == ("kind-not-entitled" if known else "agency-unknown")
    assert api.memory.collections.get("facts", {}) == {}
    assert len(api.memory.collections["audit_denials"]) == len(others) + len(UNKNOWN)
    for code in entitled:
        agency = api.client_as(Role.AGENCY, organisation=code, subject=f"{code}-1")
        assert (await agency.post("/v1/facts", json=FACT | {"kind": kind})).status_code == 201


@pytest.mark.rule("X2")
async def test_an_agency_ends_no_fact_of_a_kind_that_is_not_its_own_any_more(api: ApiHarness[Any]) -> None:
    taxes = api.client_as(Role.AGENCY, organisation="taxation", subject="t-1")
    key = (await taxes.post("/v1/facts", json=FACT | {"kind": "tax_evasion"})).json()["fact_id"]
    held = api.memory.collections["facts"]
    api.memory.collections["facts"] = {key: held[key] | {"kind": "fraud"}}

    answer = await taxes.post(f"/v1/facts/{key}/end", json={"ended_on": "2026-01-01"})

    assert (answer.status_code, answer.json()["reasons"][0]["rule"]) == (403, "X2")
    assert api.memory.collections["facts"][key]["ended_on"] is None


@pytest.mark.rule("X2", "E4")
@pytest.mark.parametrize("kind", FactKind)
async def test_officers_record_facts_of_every_kind(api: ApiHarness[Any], kind: FactKind) -> None:
    officer = api.client_as(Role.PREFECTURE_OFFICER, prefecture=STEEL.prefecture, subject="officer-1")

    assert (await officer.post("/v1/facts", json=FACT | {"kind": kind})).status_code == 201


@pytest.mark.rule("X2", "P3")
async def test_an_agency_is_not_the_unit_itself(api: ApiHarness[Any]) -> None:
    itself = api.client_as(Role.AGENCY, organisation=STEEL.uscc, subject="li")

    answer = await itself.post("/v1/facts", json=FACT | {"kind": "tax_evasion"})

    assert answer.status_code == 403
