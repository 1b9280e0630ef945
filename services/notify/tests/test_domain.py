from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from messages.applications import ApplicationWithdrawn
from messages.assessor_quota import AssessorSanctioned
from messages.registry import ListAnnounced, UnitFlagged, UnitListed
from messages.review import ConsultationOpened, PanelAppointed
from messages.values import Role
from notify.domain.notification import MAX_ATTEMPTS, Attempt, Delivery, with_attempt, with_resend
from notify.domain.recipients import Recipient, recipients
from notify.domain.texts import ON_EVENT, templates_by_role
from notify.handlers.notifications import recipients_of
from notify.templates import JinjaTemplates, templates

from .builders import AT

STEEL = {"uscc": "911502000000000271", "name": "甲", "unit_type": "factory", "prefecture": "150200"}
PARK = {"uscc": "911501000000000191", "name": "乙", "unit_type": "park", "prefecture": "150100"}
CASE = {"case_id": "app-1", "unit": STEEL, "level": "region", "batch_year": 2026, "rule_set": "2024-01-19"}


def withdrawn(way: str = "self", **evaluation: object) -> ApplicationWithdrawn:
    return ApplicationWithdrawn.model_validate(
        {
            "application_id": "app-1",
            "unit": STEEL,
            "level": "region",
            "batch_year": 2026,
            "evaluation": {"way": way, **evaluation},
            "rule_set": "2024-01-19",
            "withdrawn_on": "2026-04-01",
            "initial_review_accepted": False,
        }
    )


@pytest.mark.rule("N1")
def test_the_applicant_and_the_officers_of_its_prefecture_are_told() -> None:
    assert recipients(withdrawn(), Role.APPLICANT) == (Recipient(Role.APPLICANT, organisation=STEEL["uscc"]),)
    assert recipients(withdrawn(), Role.PREFECTURE_OFFICER) == (
        Recipient(Role.PREFECTURE_OFFICER, prefecture="150200"),
    )


@pytest.mark.rule("N1")
def test_an_assessor_is_told_only_where_it_wrote_the_report() -> None:
    by_assessor = withdrawn("assessor", assessor={"uscc": PARK["uscc"], "name": "丙"})

    assert recipients(withdrawn(), Role.ASSESSOR) == ()
    assert recipients(by_assessor, Role.ASSESSOR) == (Recipient(Role.ASSESSOR, organisation=PARK["uscc"]),)


@pytest.mark.rule("N1")
def test_each_consulted_department_is_told_in_its_own_prefecture() -> None:
    opened = ConsultationOpened.model_validate(
        CASE
        | {
            "departments": ["ecology_environment", "market_regulation"],
            "due": "2026-04-20",
            "article": "第十四条",
            "provisional": False,
        }
    )

    departments = recipients(opened, Role.CONSULTED_DEPARTMENT)

    assert [(each.organisation, each.prefecture) for each in departments] == [
        ("ecology_environment", "150200"),
        ("market_regulation", "150200"),
    ]


def test_each_expert_of_the_panel_is_told() -> None:
    appointed = PanelAppointed.model_validate(
        CASE | {"experts": ["expert-1", "expert-2", "expert-3"], "chair": "expert-1", "appointed_on": "2026-06-10"}
    )

    assert [each.subject for each in recipients(appointed, Role.EXPERT)] == ["expert-1", "expert-2", "expert-3"]


@pytest.mark.rule("N4")
def test_an_announced_list_is_public_and_each_unit_on_it_is_told_by_an_event_of_its_own() -> None:
    announced = ListAnnounced.model_validate(
        {
            "list_id": "list-1", "number": 1, "level": "region", "year": 2026, "document_number": "1号",
            "announced_on": "2026-09-01", "lines": 2, "lines_digest": "b" * 64, "digest": "a" * 64,
            "previous_digest": "0" * 64, "rule_set": "2024-01-19",
        }
    )  # fmt: skip

    assert [reader for reader, _ in recipients_of(announced, JinjaTemplates())] == [Recipient(Role.PUBLIC)]


@pytest.mark.rule("S2", "N4")
def test_a_flag_is_told_to_the_unit_and_its_prefecture_and_a_change_of_representative_to_the_assessor() -> None:
    flagged = UnitFlagged.model_validate(
        {
            "unit_key": STEEL["uscc"], "unit": STEEL, "assessor": {"uscc": PARK["uscc"], "name": "丙"},
            "document_number": "1号", "flagged_on": "2026-10-20", "case_id": "app-1",
        }
    )  # fmt: skip

    assert {reader.key for reader, _ in recipients_of(flagged, JinjaTemplates())} == {
        Recipient(Role.APPLICANT, organisation=STEEL["uscc"]).key,
        Recipient(Role.PREFECTURE_OFFICER, prefecture="150200").key,
    }


@pytest.mark.rule("N1")
def test_of_a_listing_the_assessor_is_told_whose_report_it_rests_on() -> None:
    listed = {
        "unit_key": STEEL["uscc"], "unit": STEEL, "level": "region", "listed_on": "2026-09-01", "list_number": 1,
        "document_number": "1号", "case_id": "app-1", "assessor": {"uscc": PARK["uscc"], "name": "丙"},
    }  # fmt: skip

    assessors = {
        key
        for reader, _ in recipients_of(UnitListed.model_validate(listed), JinjaTemplates())
        if (key := reader.key)[:8] == "assessor"
    }

    assert assessors == {Recipient(Role.ASSESSOR, organisation=PARK["uscc"]).key}


@pytest.mark.rule("N1", "N4")
@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("assessor-quota.assessor.sanctioned.v1", {"public", "assessor", "regional_officer", "prefecture_officer"}),
        (
            "assessor-quota.assessor.sanction-revoked.v1",
            {"public", "assessor", "regional_officer", "prefecture_officer"},
        ),
        ("assessor-quota.assessor.amended.v1", {"public", "assessor"}),
        ("assessor-quota.assessor.representative-changed.v1", {"assessor"}),
        ("assessor-quota.statement.filed.v1", {"regional_officer"}),
        ("assessor-quota.rate.computed.v1", {"assessor"}),
        ("registry.unit.flagged.v1", {"applicant", "prefecture_officer"}),
        ("registry.unit.flag-lifted.v1", {"applicant", "prefecture_officer"}),
        ("review.case.forwarded.v1", {"applicant", "regional_officer", "review_organisation"}),
        (
            "review.case.site-verification-ordered.v1",
            {"applicant", "prefecture_officer", "regional_officer", "review_organisation"},
        ),
        ("review.case.closed.v1", {"applicant", "assessor", "prefecture_officer"}),
        ("registry.unit.listed.v1", {"applicant", "assessor", "prefecture_officer"}),
        ("review.case.suspended.v1", {"applicant", "assessor", "prefecture_officer"}),
        ("review.case.resumed.v1", {"applicant", "assessor", "prefecture_officer"}),
    ],
)
def test_what_is_said_reaches_whom_it_concerns(name: str, roles: set[str]) -> None:
    assert {role.value for role, _ in templates_by_role(templates()[name], ON_EVENT)} == roles


@pytest.mark.rule("S1")
def test_a_sanction_is_told_to_the_officers_of_every_prefecture() -> None:
    sanctioned = AssessorSanctioned.model_validate(
        {
            "assessor_uscc": PARK["uscc"],
            "name": "丙",
            "ban": {"first_day": "2026-03-02", "last_day": "2029-03-01"},
            "document_number": "1号",
            "reasons": [],
        }
    )

    assert len(recipients(sanctioned, Role.PREFECTURE_OFFICER)) == 12


WAITING = Delivery(
    "notice-1:email", "notice-1", "applicant|x||", Role.APPLICANT, "email", "t", "题", "文", "waiting", 0, AT
)


@pytest.mark.rule("N2")
def test_a_failed_try_is_made_again_with_growing_delay_and_parked_after_the_last() -> None:
    delivery, delays = WAITING, []
    for number in range(1, MAX_ATTEMPTS + 1):
        delivery = with_attempt(delivery, Attempt(delivery.delivery_id, number, "SMTPConnectError"), AT)
        delays.append((delivery.next_at - AT) / timedelta(minutes=1))

    assert delays[:-1] == [1, 2, 4, 8, 16]
    assert (delivery.state, delivery.attempts, delivery.cause) == ("failed", MAX_ATTEMPTS, "SMTPConnectError")


@pytest.mark.rule("N2")
def test_a_try_that_is_recorded_twice_counts_once() -> None:
    once = with_attempt(WAITING, Attempt("notice-1:email", 1, "SMTPConnectError"), AT)

    assert with_attempt(once, Attempt("notice-1:email", 1, "SMTPConnectError"), AT) == once


@pytest.mark.rule("N2")
def test_a_parked_delivery_can_be_sent_again_and_its_tries_go_on_counting() -> None:
    parked = replace(WAITING, state="failed", attempts=MAX_ATTEMPTS, cause="SMTPConnectError")

    again = with_resend(parked, "operator-1", AT)
    delivered = with_attempt(again, Attempt("notice-1:email", MAX_ATTEMPTS + 1, None), AT)

    assert (again.state, again.resent_by) == ("waiting", "operator-1")
    assert delivered.state == "delivered"
