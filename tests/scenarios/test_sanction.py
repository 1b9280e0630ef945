"""A sanction through five services in one memory system, every message twice and shuffled (S1 to S4)."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from random import Random
from typing import Any

import pytest
from applications.domain.application import Application, State
from applications.domain.files import SentFile
from applications.handlers import drafts, submission
from assessor_quota.domain.entry import ActorRef
from assessor_quota.domain.sanction import ViolationFinding
from assessor_quota.domain.staff import StaffMember
from assessor_quota.handlers import items as quota_items
from assessor_quota.handlers import namings, register, sanctions
from chassis.settling import LONGEST_TRANSACTION
from devkit.clock import FixedClock
from devkit.in_memory_system import InMemorySystem, ServiceUnderTest
from messages.applications import ApplicationSubmitted
from messages.review import CaseResumed, CaseSuspended
from messages.values import Level, PersonRef, Role, UnitRef, UnitType

builders: Any = import_module("services.applications.tests.builders")
save_standing: Any = import_module("services.applications.tests.harness").save_standing
save_evidence: Any = import_module("services.applications.tests.harness").save_evidence
"""Units and reports that meet every condition."""

SANCTIONED, AFFILIATE = builders.ASSESSOR.uscc, "911506000000000690"
OFFICER = ActorRef("officer-1", (Role.REGIONAL_OFFICER.value,))
WANG = PersonRef(digest="c" * 64, masked="15**************3X")
DOCUMENT = "内工信通〔2026〕3号"
KEY = "app-2026-000000000001"
SETTLING = {"registry", "review"}
"""The services whose jobs bring what is open or listed to the newest word on an assessor."""
ORDERS = pytest.mark.parametrize("seed", range(6))


def joined_services(seed: int) -> InMemorySystem:
    packages = ("applications", "assessor_quota", "review", "registry", "notify")
    clock = FixedClock(builders.NOW)
    return InMemorySystem(*map(_service, packages), clock=clock, twice=True, shuffled=Random(seed))  # noqa: S311 - no secret


def _service(package: str) -> ServiceUnderTest:
    store, bus = import_module(f"{package}.store"), import_module(f"{package}.bus")
    jobs = import_module(f"{package}.jobs").JOBS if package in SETTLING else ()
    name = package.replace("_", "-")
    return ServiceUnderTest(name, bus.SUBSCRIPTIONS, store.Store, store.AGGREGATES, store.INDEXES, jobs)


async def prepare(seed: int) -> InMemorySystem:
    """Two assessors of one representative on the register, and a draft with the report of the first."""
    system = joined_services(seed)
    for uscc, name in ((SANCTIONED, builders.ASSESSOR.name), (AFFILIATE, "同门评价中心")):
        await system.perform("assessor-quota", register.register_assessor, registration(uscc, name))
    unit: UnitRef = builders.STEEL
    recorded = SentFile(builders.DIGEST, unit.uscc, "a.pdf", 9, "application/pdf")
    await system.perform("applications", save_evidence, recorded)
    await system.perform("applications", save_standing, builders.standing())
    draft = drafts.OpenDraft(KEY, unit, Level.REGION, 2026, builders.BY_ASSESSOR, report=builders.report())
    await system.perform("applications", drafts.open_draft, draft)
    confirmed = namings.ConfirmNamings(
        SANCTIONED, (namings.NamedApplication(KEY, unit.uscc),), ActorRef("of-the-assessor", ())
    )
    await system.perform("assessor-quota", namings.confirm_namings, confirmed)
    return system


def registration(uscc: str, name: str) -> register.RegisterAssessor:
    staff = tuple(StaffMember(each, "赵某", "注册环保工程师", date(2024, 1, 1)) for each in ("S1", "S2"))
    return register.RegisterAssessor(
        uscc=uscc,
        name=name,
        representative=WANG,
        representative_name="王某",
        earlier_digests=(),
        scope=tuple(UnitType),
        staff=staff,
        by=OFFICER,
    )


async def submit(system: InMemorySystem, *, settle: bool = True) -> None:
    await system.perform("applications", submission.submit_application, submission.Submit(KEY, "li"), settle=settle)


async def sanction(system: InMemorySystem, *, settle: bool = True) -> None:
    fraud = ViolationFinding("评价报告数据造假", "现场核查记录〔2026〕3号")
    decided = sanctions.SanctionAssessor(SANCTIONED, DOCUMENT, builders.TODAY, (fraud,), OFFICER)
    await system.perform("assessor-quota", sanctions.sanction_assessor, decided, settle=settle)


async def revoke(system: InMemorySystem) -> None:
    revoked = sanctions.RevokeSanction(SANCTIONED, "内工信通〔2026〕9号", builders.TODAY, OFFICER)
    await system.perform("assessor-quota", sanctions.revoke_sanction, revoked, settle=False)


async def settle(system: InMemorySystem) -> None:
    """Deliver everything and let the jobs go round twice."""
    assert isinstance(system.clock, FixedClock)
    await system.settle()
    for _ in range(2):
        await system.run_jobs()
        system.clock.advance(LONGEST_TRANSACTION)


async def application(system: InMemorySystem) -> Application:
    found: Application = await system.read("applications").applications.require(KEY)
    return found


async def count_notices(system: InMemorySystem, role: Role, template: str) -> int:
    where = {"role": role, "template": template}
    return len(await system.read("notify").notices.find(where))


@ORDERS
@pytest.mark.rule("S1", "S2")
async def test_a_sanction_suspends_what_rests_on_the_report_and_those_concerned_are_notified(seed: int) -> None:
    system = await prepare(seed)
    await submit(system)
    assert (await application(system)).state is State.ACCEPTED

    await sanction(system)
    await settle(system)

    case = await system.read("review").cases.require(KEY)
    assert case.suspended_by == (await application(system)).suspended_by == DOCUMENT
    assert (await application(system)).stage == "suspended"
    assert await count_notices(system, Role.APPLICANT, "case-suspended") == 1
    assert await count_notices(system, Role.PREFECTURE_OFFICER, "case-suspended") == 1
    assert await count_notices(system, Role.PUBLIC, "assessor-sanctioned") == 1


@ORDERS
@pytest.mark.rule("S1")
async def test_a_submission_consumed_after_the_decision_gets_no_item(seed: int) -> None:
    system = await prepare(seed)
    await submit(system, settle=False)
    await sanction(system, settle=False)
    await system.settle()

    filed = await application(system)
    assert filed.state is State.REFUSED
    assert {each.code for each in filed.refusals} == {"assessor-sanctioned"}
    assert await system.read("review").cases.get(KEY) is None


@ORDERS
@pytest.mark.rule("S2")
async def test_an_acceptance_that_crosses_the_sanction_is_suspended_whichever_review_consumes_first(seed: int) -> None:
    system = await prepare(seed)
    await submit(system, settle=False)
    (submitted,) = [each for each in system.published if isinstance(each, ApplicationSubmitted)]
    await system.perform("assessor-quota", quota_items.reserve_item, submitted, settle=False)
    await sanction(system, settle=False)
    await settle(system)

    case = await system.read("review").cases.require(KEY)
    assert case.suspended_by == (await application(system)).suspended_by == DOCUMENT


@ORDERS
@pytest.mark.rule("S4")
async def test_a_sanction_and_its_revocation_leave_the_case_as_it_was_in_whatever_order(seed: int) -> None:
    system = await prepare(seed)
    await submit(system)
    before = (await application(system)).stage

    await sanction(system, settle=False)
    await revoke(system)
    await settle(system)

    assert (await system.read("review").cases.require(KEY)).suspended_by is None
    filed = await application(system)
    assert (filed.stage, filed.suspended_by) == (before, None)
    events = [type(each) for each in system.published if isinstance(each, CaseSuspended | CaseResumed)]
    assert events in ([], [CaseSuspended, CaseResumed])


@ORDERS
@pytest.mark.rule("S3")
async def test_the_affiliate_works_on_and_is_known_to_reviewers_as_one(seed: int) -> None:
    system = await prepare(seed)
    await sanction(system)

    known = {each.uscc: each for each in await system.read("review").assessors.find()}
    assert known[SANCTIONED].shares_representative_with(known[AFFILIATE])
    assert known[AFFILIATE].sanctioned_on(builders.TODAY) is None
    assert (await system.read("applications").assessors.require(AFFILIATE)).ban is None
