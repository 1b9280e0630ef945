"""Nobody acts on a case in two roles that must be apart, nor on one of the own organisation (P3, V18)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from chassis.handling import Refusal
from chassis.http.idempotency import COMMAND_METHODS
from chassis.security import NobodyApart
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from httpx2 import Response
from messages.values import Department, Prefecture, Role
from review.api import router
from review.domain.case import Case
from review.domain.duties import require_apart
from review.domain.participants import participant
from review.domain.record import SERVICE, ActorRef
from review.handlers.assessors import record_representative
from review.handlers.opinion import ForwardCase, forward_case
from review.handlers.panel import AppointPanel, AppointPanels, appoint_panel, appoint_panels
from review.store import AGGREGATES, INDEXES, Store
from rulebook import roles_apart_from

from .builders import AFFILIATE, ASSESSOR, COPPER, OFFICER, STEEL, accepted, opened_case, registered
from .harness import ReviewHarness, put_case
from .test_access import DOCUMENT, SHEET

GROUP = "内蒙古示例（集团）公司"
NOTICE = "notice-region-2026-1"
JUDGES = (Role.PREFECTURE_OFFICER, Role.CONSULTED_DEPARTMENT, Role.EXPERT, Role.REVIEW_ORGANISATION)


@dataclass(frozen=True)
class Act:
    """A command of somebody whom its policy admits."""

    path: str
    body: object
    role: Role
    organisation: str | None = None
    of_batch: bool = False


def act(path: str, role: Role, body: object = None, *, organisation: str | None = None, batch: bool = False) -> Act:
    return Act(path, body, role, organisation, batch)


ECOLOGY = Department.ECOLOGY_ENVIRONMENT
CASE = "/v1/cases/app-1"
OFFICERS, REGION, REVIEWERS = Role.PREFECTURE_OFFICER, Role.REGIONAL_OFFICER, Role.REVIEW_ORGANISATION
DEVIATION = {"decision": "confirm", "text": "属实"}
ACTS: dict[tuple[str, str], list[Act]] = {
    ("POST", "/v1/cases/{case_id}/opinions"): [
        act(
            f"{CASE}/opinions",
            Role.CONSULTED_DEPARTMENT,
            {"department": ECOLOGY, "opinion": "agree"},
            organisation=ECOLOGY,
        )
    ],
    ("POST", "/v1/cases/{case_id}/initial-review"): [act(f"{CASE}/initial-review", OFFICERS, {"decision": "accept"})],
    ("POST", "/v1/cases/{case_id}/opinion-document"): [act(f"{CASE}/opinion-document", OFFICERS, DOCUMENT)],
    ("POST", "/v1/cases/{case_id}/forward"): [act(f"{CASE}/forward", OFFICERS)],
    ("POST", "/v1/cases/{case_id}/panel"): [act(f"{CASE}/panel", REVIEWERS)],
    ("POST", "/v1/batches/{year}/panels"): [act("/v1/batches/2026/panels", REVIEWERS, batch=True)],
    ("PUT", "/v1/cases/{case_id}/score-sheets/{expert}"): [act(f"{CASE}/score-sheets/{{expert}}", Role.EXPERT, SHEET)],
    ("POST", "/v1/cases/{case_id}/deviation-decision"): [
        act(f"{CASE}/deviation-decision", Role.EXPERT, DEVIATION),
        act(f"{CASE}/deviation-decision", REGION, DEVIATION),
    ],
    ("POST", "/v1/cases/{case_id}/site-verification"): [
        act(f"{CASE}/site-verification", REVIEWERS, {"findings": "属实"}),
        act(f"{CASE}/site-verification", REGION, {"findings": "属实"}),
    ],
    ("POST", "/v1/batches/{year}/ranking"): [
        act("/v1/batches/2026/ranking", REGION, {"dry_run": True}, batch=True),
        act("/v1/batches/2026/ranking", REGION, batch=True),
    ],
    ("POST", "/v1/acts/{act_id}/continuation"): [act("/v1/acts/act-1/continuation", REGION, batch=True)],
    ("POST", "/v1/batches/{year}/notice"): [act("/v1/batches/2026/notice", REGION, batch=True)],
    ("POST", "/v1/notices/{notice_id}/conclude"): [act(f"/v1/notices/{NOTICE}/conclude", REGION, batch=True)],
    ("POST", "/v1/notices/{notice_id}/objections/{objection_id}/receipt"): [
        act(f"/v1/notices/{NOTICE}/objections/obj-1/receipt", REGION, {"received": True})
    ],
    ("POST", "/v1/notices/{notice_id}/objections/{objection_id}/resolution"): [
        act(f"/v1/notices/{NOTICE}/objections/obj-1/resolution", REGION, {"upheld": False, "text": "经核实"})
    ],
}
"""Every command that decides about a case, by each role that may."""
EXPERTS_OWN = ("POST", "/v1/experts")
"""About an expert: tested by itself below."""
EACH = [one for each in ACTS.values() for one in each]


def named(one: Act) -> str:
    return f"{one.role} {one.path}"


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[ApiHarness[Any]]:
    """A case of Steel with panel, score, place in a notice and objection; its assessor has an affiliate."""
    handlers = ReviewHarness()
    for each in (ASSESSOR, AFFILIATE):
        await handlers.do(record_representative, registered(each))
    await handlers.register()
    await handlers.score(accepted(by=ASSESSOR, group=GROUP))
    await handlers.visit()
    await handlers.rank()
    await handlers.publish()
    await handlers.object(NOTICE, "app-1")
    clock = FixedClock(handlers.now)
    async with api_harness("review", router, Store, aggregates=AGGREGATES, clock=clock, indexes=INDEXES) as api:
        api.memory.collections.update(handlers.memory.collections)
        yield api


@pytest.fixture
def api(served: ApiHarness[Any]) -> Iterator[ApiHarness[Any]]:
    beginning = served.memory.collections
    yield served
    served.memory.collections = beginning


async def perform(api: ApiHarness[Any], one: Act, *, organisation: str | None = None, subject: str = "li") -> Response:
    """Command as somebody of this organisation or name; an expert is one of the panel."""
    case = await api.store().cases.require("app-1")
    if one.role is Role.EXPERT:
        subject = case.panel.chair
    caller: ApiClient = api.client_as(
        one.role, organisation=organisation or one.organisation, prefecture=Prefecture.BAOTOU, subject=subject
    )
    method = "PUT" if "score-sheets" in one.path else "POST"
    headers = {"Prefer": "wait=0"}
    return await caller.request(method, one.path.format(expert=subject), json=one.body, headers=headers)


def refused_for(answer: Response) -> list[tuple[str, str]]:
    return [(each["rule"], each["code"]) for each in answer.json().get("reasons", ())]


def test_every_command_that_decides_about_a_case_is_tried(api: ApiHarness[Any]) -> None:
    deciding = {
        route
        for route, policy in api.policies.items()
        if route[0] in COMMAND_METHODS and not isinstance(policy.duties, NobodyApart)
    }

    assert deciding == {*ACTS, EXPERTS_OWN}
    for route, policy in api.policies.items():
        assert route not in ACTS or {one.role for one in ACTS[route]} == {rule.role for rule in policy.rules}


@pytest.mark.rule("P3")
@pytest.mark.parametrize("one", [each for each in EACH if each.organisation is None], ids=named)
async def test_nobody_decides_a_matter_of_the_own_organisation(api: ApiHarness[Any], one: Act) -> None:
    case = await api.store().cases.require("app-1")
    by_code = [STEEL, STEEL.lower(), ASSESSOR.uscc]
    by_name = [case.unit.name, "内蒙古示例(集团)公司", ASSESSOR.name, AFFILIATE.uscc]

    for organisation in by_code if one.of_batch else by_code + by_name:
        answer = await perform(api, one, organisation=organisation)
        assert (answer.status_code, refused_for(answer)) == (403, [("P3", "own-matter")]), organisation
    assert (await perform(api, one, organisation=COPPER)).status_code != 403


@pytest.mark.rule("P3")
@pytest.mark.parametrize("one", EACH, ids=named)
async def test_nobody_acts_on_a_case_in_two_roles_apart_with_two_tokens(api: ApiHarness[Any], one: Act) -> None:
    case: Case = await api.store().cases.require("app-1")
    subject = case.panel.chair if one.role is Role.EXPERT and case.panel else "li"
    beginning = api.memory.collections

    for role in Role:
        api.memory.collections = beginning
        acted = participant(subject, role)
        await api.perform(put_case, replace(case, participants=(*case.participants, acted)))
        apart = role in roles_apart_from(one.role)
        answer = await perform(api, one)
        assert (answer.status_code == 403) is apart, (role, answer.text)
        assert (refused_for(answer) == [("P3", "duties-not-apart")]) is apart, role


@pytest.mark.rule("P3")
async def test_whoever_submitted_the_application_takes_part_in_its_case(handlers: ReviewHarness) -> None:
    await handlers.open(accepted().model_copy(update={"submitted_by": OFFICER.subject}))
    case = await handlers.case()

    assert case.participants == (participant(OFFICER.subject, Role.APPLICANT, STEEL),)
    with pytest.raises(Refusal) as refused:
        await handlers.accept("app-1")
    assert refused.value.reasons[0].code == "duties-not-apart"


@pytest.mark.rule("P3", "V14")
async def test_the_people_of_a_case_are_those_of_its_record_and_none_twice(api: ApiHarness[Any]) -> None:
    case: Case = await api.store().cases.require("app-1")
    entries = await api.store().records.find({"case_id": "app-1"})

    on_record = {(each.subject, each.role) for each in entries} - {(SERVICE.subject, SERVICE.role)}
    people = [(each.subject, each.role) for each in case.participants]

    assert len(people) == len(set(people))
    assert set(people) == {each for each in on_record if each[1] != Role.PUBLIC}
    assert {role for _, role in people} == {*JUDGES, Role.REGIONAL_OFFICER}


@pytest.mark.rule("P3", "V18")
async def test_nobody_decides_an_objection_of_the_own(api: ApiHarness[Any]) -> None:
    (one,) = ACTS["POST", "/v1/notices/{notice_id}/objections/{objection_id}/resolution"]
    objection = await api.store().objections.require("obj-1")

    async def lodge(command: str, store: Store, _now: object) -> list[Any]:
        store.objections.save("obj-1", replace(objection, lodged_by=command))
        return []

    await api.perform(lodge, "li")
    own = await perform(api, one)
    others = await perform(api, one, subject="wang")

    assert (own.status_code, refused_for(own)) == (403, [("P3", "duties-not-apart")])
    assert others.status_code == 200


@pytest.mark.rule("P3")
async def test_a_refusal_for_a_part_in_the_matter_is_recorded(api: ApiHarness[Any]) -> None:
    await perform(api, act(f"{CASE}/forward", OFFICERS), organisation=STEEL)

    (attempt,) = api.memory.collections["audit_denials"].values()
    assert (attempt["policy"], attempt["code"], attempt["organisation"]) == ("case.decide", "own-matter", STEEL)


@pytest.mark.rule("P3")
async def test_nobody_of_the_review_organisation_enters_oneself_as_an_expert(api: ApiHarness[Any]) -> None:
    reviewer = api.client_as(Role.REVIEW_ORGANISATION, subject="zhao")

    answers = [
        await reviewer.post("/v1/experts", json={"expert_id": name, "employer": "内蒙古示例大学"})
        for name in ("zhao", "qian")
    ]

    assert [each.status_code for each in answers] == [403, 201]


@pytest.mark.rule("P3")
async def test_two_acts_at_once_are_still_apart(handlers: ReviewHarness) -> None:
    """The handler asks again, in the transaction: the case may have got a participant since the request began."""
    await handlers.open()
    case_id = "app-1"
    await handlers.agree(case_id)
    await handlers.accept(case_id)
    await handlers.issue(case_id)
    both = ActorRef("officer-ecology_environment", Role.PREFECTURE_OFFICER)

    with pytest.raises(Refusal) as refused:
        await handlers.do(forward_case, ForwardCase(case_id, both))

    assert (refused.value.code, refused.value.status) == ("not-allowed", 403)
    assert refused.value.reasons[0].rule == "P3"
    assert (await handlers.case()).forwarded_on is None
    await handlers.do(forward_case, ForwardCase(case_id, OFFICER))


@pytest.mark.rule("P3", "V5")
async def test_whoever_appoints_a_panel_takes_no_seat_on_it(handlers: ReviewHarness) -> None:
    await handlers.register("expert-1", "expert-2", "expert-3")
    case_id = await handlers.forward()
    herself = ActorRef("expert-2", Role.REVIEW_ORGANISATION)
    named_by_herself = AppointPanel(case_id, ("expert-1", "expert-2", "expert-3"), herself)
    drawn_by_herself = AppointPanels((await handlers.case()).level, 2026, herself)

    for handler, command in ((appoint_panel, named_by_herself), (appoint_panels, drawn_by_herself)):
        with pytest.raises(Refusal) as refused:
            await handlers.do(handler, command)
        assert refused.value.reasons[0].code == "duties-not-apart"
    assert (await handlers.case()).panel is None


@pytest.mark.rule("P3", "V5")
async def test_whoever_has_acted_on_a_case_is_given_no_seat_on_its_panel(handlers: ReviewHarness) -> None:
    """Neither drawn nor named: a seat whose expert may not sign would hold up the case."""
    await handlers.register(OFFICER.subject, "expert-1", "expert-2", "expert-3")
    case_id = await handlers.forward()

    with pytest.raises(Refusal) as refused:
        await handlers.appoint(case_id, "expert-1", OFFICER.subject, "expert-3")

    assert [each.code for each in refused.value.reasons] == ["conflict-of-interest"]
    assert set(await handlers.appoint(case_id)) == {"expert-1", "expert-2", "expert-3"}


@pytest.mark.rule("P3")
def test_a_service_acts_on_every_case() -> None:
    case = opened_case(participants=(participant(SERVICE.subject, Role.EXPERT),))

    require_apart(SERVICE, case)
    with pytest.raises(Refusal) as refused:
        require_apart(ActorRef(SERVICE.subject, Role.REGIONAL_OFFICER), case)
    assert refused.value.reasons[0].code == "duties-not-apart"
