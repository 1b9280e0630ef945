"""The way of a case through the API, and the answers that callers get on it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
import review
from chassis.clock import FixedClock
from chassis.testing.http import ApiStand, Caller, api_stand
from messages.review import CaseClosed, CaseOpened
from messages.values import Role
from review.api import router
from review.handlers.applications import open_case
from review.store import AGGREGATES, INDEXES, Store

from .story import ASSESSOR, COPPER, DEPARTMENTS, OPENED, SCHEME, STEEL, accepted, at, unit, values, vetoes

HERE = "150200"
NOTICE_DAY, DAY_AFTER = date(2026, 6, 18), date(2026, 6, 27)


class Season:
    """The people of one case, each with a token."""

    def __init__(self, stand: ApiStand, clock: FixedClock) -> None:
        self.stand, self.clock = stand, clock
        self.officer = stand.as_(Role.PREFECTURE_OFFICER, prefecture=HERE, subject="officer-1")
        self.region = stand.as_(Role.REGIONAL_OFFICER, subject="region-1")
        self.reviewers = stand.as_(Role.REVIEW_ORGANISATION, subject="house-1")
        self.applicant = stand.as_(Role.APPLICANT, organisation=STEEL)
        self.public = stand.anybody()

    def department(self, name: str) -> Caller:
        return self.stand.as_(Role.CONSULTED_DEPARTMENT, organisation=name, prefecture=HERE)

    def expert(self, name: str) -> Caller:
        return self.stand.as_(Role.EXPERT, subject=name)

    async def open(self, case_id: str = "app-1", uscc: str = STEEL) -> None:
        await self.stand.perform(open_case, accepted(case_id, unit(uscc)), Store)

    async def forward(self, case_id: str = "app-1") -> None:
        for each in DEPARTMENTS:
            await self._done(self.department(each), f"/v1/cases/{case_id}/opinions", department=each, opinion="agree")
        await self._done(self.officer, f"/v1/cases/{case_id}/initial-review", decision="accept")
        document = {"number": f"包工信〔2026〕{case_id}号", "conclusion": "recommended"}
        await self._done(self.officer, f"/v1/cases/{case_id}/opinion-document", **document)
        await self._done(self.officer, f"/v1/cases/{case_id}/forward")

    async def review(self) -> None:
        for number in range(5):
            expert = {"expert_id": f"expert-{number}", "employer": "内蒙古示例大学"}
            await self._done(self.reviewers, "/v1/experts", **expert)
        appointed = (await self.reviewers.post("/v1/batches/2026/panels")).json()["appointed"]
        for panel in appointed:
            for name in panel["experts"]:
                sheet = {"values": _json(values("0.9")), "vetoes": vetoes(), "sign": True}
                answer = await self.expert(name).put(f"/v1/cases/{panel['case_id']}/score-sheets/{name}", json=sheet)
                assert answer.status_code == 200, answer.text
        for case in (await self.region.get("/v1/cases", params={"state": "site_ordered"})).json()["items"]:
            await self._done(self.reviewers, f"/v1/cases/{case['case_id']}/site-verification", findings="属实")

    async def publish(self) -> str:
        await self._done(self.region, "/v1/batches/2026/ranking")
        self.clock.move_to(at(NOTICE_DAY))
        answer = await self.region.post("/v1/batches/2026/notice")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["notice_id"])

    async def _done(self, caller: Caller, path: str, **body: object) -> None:
        answer = await caller.post(path, json=body or None)
        assert answer.status_code in {200, 201}, answer.text


def _json(numbers: dict[str, object] | object) -> dict[str, str]:
    assert isinstance(numbers, dict)
    return {name: str(value) for name, value in numbers.items()}


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[Season]:
    clock = FixedClock(at(OPENED))
    async with api_stand("review", router, aggregates=AGGREGATES, clock=clock, indexes=INDEXES) as stand:
        yield Season(stand, clock)


@pytest.fixture
def season(served: Season) -> Season:
    """A new year with nothing filed yet."""
    served.stand.memory.collections, served.stand.memory.outbox = {}, []
    served.clock.move_to(at(OPENED))
    return served


async def state(season: Season, case_id: str = "app-1") -> str:
    return str((await season.region.get(f"/v1/cases/{case_id}")).json()["state"])


async def test_a_case_goes_from_the_accepted_application_to_the_end_of_the_notice(season: Season) -> None:
    await season.open()
    await season.forward()
    assert await state(season) == "forwarded"
    await season.review()
    notice = await season.publish()
    assert await state(season) == "in_notice"
    season.clock.move_to(at(DAY_AFTER))

    concluded = await season.region.post(f"/v1/notices/{notice}/conclude")

    assert (concluded.status_code, concluded.json()["state"]) == (200, "concluded")
    assert await state(season) == "cleared"
    record = (await season.officer.get("/v1/cases/app-1/record")).json()
    assert record["intact"] is True
    assert record["entries"][-1]["role"] == "regional_officer"
    assert isinstance(season.stand.said[0], CaseOpened)


@pytest.mark.rule("V4")
async def test_a_late_forward_is_answered_with_rule_article_and_text_and_stays_so(season: Season) -> None:
    await season.open()
    await season.forward()
    await season.open("app-2", COPPER)
    for each in DEPARTMENTS:
        await season.department(each).post("/v1/cases/app-2/opinions", json={"department": each, "opinion": "agree"})
    await season.officer.post("/v1/cases/app-2/initial-review", json={"decision": "accept"})
    document = {"number": "包工信〔2026〕2号", "conclusion": "recommended"}
    await season.officer.post("/v1/cases/app-2/opinion-document", json=document)
    season.clock.move_to(at(date(2026, 6, 4)))

    answer = await season.officer.post("/v1/cases/app-2/forward", key="late")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "deadline-passed")
    assert (problem["reasons"][0]["rule"], problem["reasons"][0]["article"]) == ("V4", "第十四条第（二）项")
    assert "2026-05-31" in problem["detail"]
    assert await state(season, "app-2") == "late"
    again = await season.officer.post("/v1/cases/app-2/forward", key="late")
    assert again.json()["code"] == "deadline-passed"
    assert sum(isinstance(each, CaseClosed) for each in season.stand.said) == 1


@pytest.mark.rule("A4")
async def test_the_same_key_is_one_effect_and_with_another_body_refused(season: Season) -> None:
    await season.open()
    opinion = {"department": DEPARTMENTS[0], "opinion": "agree"}
    ecology = season.department(DEPARTMENTS[0])

    first = await ecology.post("/v1/cases/app-1/opinions", json=opinion, key="k")
    second = await ecology.post("/v1/cases/app-1/opinions", json=opinion, key="k")
    other = await ecology.post("/v1/cases/app-1/opinions", json={**opinion, "text": "另有意见"}, key="k")

    assert first.json() == second.json() == {"case_id": "app-1", "state": "consulting", "outcome": None}
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")


@pytest.mark.rule("V2")
async def test_missing_opinions_are_all_named_in_one_answer(season: Season) -> None:
    await season.open()
    await season.officer.post("/v1/cases/app-1/initial-review", json={"decision": "accept"})
    document = {"number": "包工信〔2026〕1号", "conclusion": "recommended"}

    answer = await season.officer.post("/v1/cases/app-1/opinion-document", json=document)

    assert answer.status_code == 409
    assert [each["evidence"] for each in answer.json()["reasons"]] == list(DEPARTMENTS)


@pytest.mark.rule("V6")
async def test_a_sheet_with_faults_is_answered_with_every_one_of_them(season: Season) -> None:
    await season.open()
    await season.forward()
    for number in range(3):
        await season.reviewers.post("/v1/experts", json={"expert_id": f"expert-{number}", "employer": "某大学"})
    appointed = await season.reviewers.post("/v1/cases/app-1/panel")
    name = appointed.json()["chair"]
    wrong = _json(values("0.9")) | {"renewables_share": "400", "charisma": "1"}
    del wrong["energy_intensity"]

    sheet = {"values": wrong, "vetoes": vetoes(), "sign": True}
    answer = await season.expert(name).put(f"/v1/cases/app-1/score-sheets/{name}", json=sheet)

    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json()["reasons"]} == {
        "/values/energy_intensity",
        "/values/renewables_share",
        "/values/charisma",
    }


@pytest.mark.rule("V9")
async def test_an_objectors_name_and_contact_are_shown_to_the_region_only(season: Season) -> None:
    await season.open()
    await season.forward()
    await season.review()
    notice = await season.publish()
    words = {"case_id": "app-1", "facts": "夜间排放异味", "name": "王某某", "contact": "13800000000"}

    lodged = await season.public.post(f"/v1/notices/{notice}/objections", json=words)

    assert lodged.status_code == 201
    assert set(lodged.json()) == {"objection_id", "notice_id", "case_id", "state"}
    shown = (await season.region.get(f"/v1/notices/{notice}/objections")).json()["items"]
    assert [(each["name"], each["contact"]) for each in shown] == [("王某某", "13800000000")]
    for reader, path in (
        (season.public, f"/v1/notices/{notice}"),
        (season.officer, "/v1/cases/app-1"),
        (season.officer, "/v1/cases/app-1/record"),
        (season.applicant, "/v1/cases/app-1"),
    ):
        answer = await reader.get(path)
        assert answer.status_code == 200
        assert "王某某" not in answer.text
        assert "13800000000" not in answer.text
    kept = [document for document in season.stand.memory.collections["inbox"].values() if "王某某" in str(document)]
    assert kept == []

    resolution = {"upheld": True, "text": "经核实，异议成立"}
    objection = lodged.json()["objection_id"]
    resolved = await season.region.post(f"/v1/notices/{notice}/objections/{objection}/resolution", json=resolution)
    assert resolved.json()["state"] == "upheld"
    closed = (await season.applicant.get("/v1/cases/app-1")).json()
    assert (closed["state"], closed["outcome"]) == ("closed", "objection_upheld")
    assert closed["reasons"][0]["article"] == "第十四条第（三）项"


@pytest.mark.rule("P2")
async def test_each_role_sees_its_part_of_a_case(season: Season) -> None:
    await season.open()
    await season.forward()
    await season.review()
    everything = (await season.region.get("/v1/cases/app-1")).json()
    name = everything["panel"]["experts"][0]
    parts = ("dossier", "initial_review", "opinion_document", "panel", "score", "sheets")

    seen = {}
    readers = {
        "region": season.region,
        "officer": season.officer,
        "applicant": season.applicant,
        "expert": season.expert(name),
        "department": season.department(DEPARTMENTS[0]),
    }
    for who, reader in readers.items():
        case = (await reader.get("/v1/cases/app-1")).json()
        seen[who] = {part for part in parts if case[part] is not None}

    assert seen == {
        "region": set(parts),
        "officer": {"dossier", "initial_review", "opinion_document"},
        "applicant": {"opinion_document"},
        "expert": {"dossier", "panel", "sheets"},
        "department": {"dossier"},
    }
    assert set(everything["sheets"][0]) == {"expert", "signed_on"}


async def test_an_experts_own_sheet_can_be_read_back_with_exact_numbers(season: Season) -> None:
    await season.open()
    await season.forward()
    await season.review()
    name = (await season.region.get("/v1/cases/app-1")).json()["panel"]["chair"]

    sheet = (await season.expert(name).get(f"/v1/cases/app-1/score-sheets/{name}")).json()

    assert sheet["values"]["renewables_share"] == "27.0"
    assert sheet["signed_on"] == OPENED.isoformat()
    missing = await season.region.get("/v1/cases/app-1/score-sheets/expert-none")
    assert missing.status_code == 404


@pytest.mark.rule("V8")
async def test_the_ranking_is_shown_with_the_proof_that_it_comes_out_again(season: Season) -> None:
    await season.open()
    await season.open("app-2", COPPER)
    await season.forward()
    await season.forward("app-2")
    await season.review()

    assert (await season.region.get("/v1/batches/2026/ranking")).status_code == 404
    dry = await season.region.post("/v1/batches/2026/ranking", json={"dry_run": True})
    assert await state(season) in {"scored", "site_recorded"}
    made = await season.region.post("/v1/batches/2026/ranking")
    (kept,) = (await season.region.get("/v1/batches/2026/ranking")).json()

    assert dry.json()["groups"] == made.json()["groups"] == kept["ranking"]["groups"]
    assert kept["reproducible"] is True
    (group,) = kept["ranking"]["groups"]
    assert [line["uscc"] for line in group["lines"]] == [STEEL, COPPER]
    assert group["scheme"] == f"{SCHEME.id}@{SCHEME.version}"


async def test_lists_are_filtered_and_paged(season: Season) -> None:
    for number in range(3):
        await season.open(f"app-{number}", (STEEL, COPPER, ASSESSOR.uscc)[number])
    asked: dict[str, str | int] = {"state": "consulting", "unit_type": "factory", "batch_year": 2026, "limit": 2}
    asked["prefecture"] = HERE

    first = (await season.region.get("/v1/cases", params=asked)).json()
    rest = (await season.region.get("/v1/cases", params=asked | {"after": first["next"]})).json()
    none = (await season.region.get("/v1/cases", params={"batch_year": 2025})).json()

    assert [each["case_id"] for each in first["items"] + rest["items"]] == ["app-0", "app-1", "app-2"]
    assert rest["next"] is None
    assert none["items"] == []


async def test_one_case_carries_its_version_as_etag(season: Season) -> None:
    await season.open()
    before = (await season.region.get("/v1/cases/app-1")).headers["ETag"]
    await season.officer.post("/v1/cases/app-1/initial-review", json={"decision": "accept"})

    assert (before, (await season.region.get("/v1/cases/app-1")).headers["ETag"]) == ('"1"', '"2"')


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/v1/cases/app-1/initial-review", {"decision": "perhaps"}, "/decision"),
        ("/v1/cases/app-1/initial-review", {"decision": "accept", "mood": "good"}, "/mood"),
        ("/v1/cases/app-1/opinion-document", {"number": " ", "conclusion": "recommended"}, "/number"),
        ("/v1/cases/app-1/initial-review", {"decision": "refuse"}, "/reasons"),
    ],
)
async def test_a_malformed_command_is_answered_at_its_place_and_changes_nothing(
    season: Season, path: str, body: dict[str, object], pointer: str
) -> None:
    await season.open()

    answer = await season.officer.post(path, json=body)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["reasons"]] == [pointer]
    assert await state(season) == "consulting"


async def test_what_is_not_there_is_not_found(season: Season) -> None:
    assert (await season.region.get("/v1/cases/app-none")).status_code == 404
    assert (await season.public.get("/v1/notices/none")).status_code == 404
    forwarded = await season.officer.post("/v1/cases/app-none/forward")
    assert (forwarded.status_code, forwarded.json()["code"]) == (404, "not-found")


async def test_every_code_that_review_refuses_with_is_in_the_interface_description(season: Season) -> None:
    sources = [path.read_text() for path in Path(review.__file__).parent.rglob("*.py") if path.parent.name != "api"]
    codes = {
        code
        for text in sources
        for code in re.findall(r'refusal\(\s*"[A-Z]\d+",\s*"([a-z-]+)"', text)
        + re.findall(r'Refusal\(\s*"([a-z-]+)"', text)
    }
    description = str(season.stand.app.openapi())

    assert len(codes) > 15
    assert {code for code in codes if code not in description} - {"request-invalid"} == set()
