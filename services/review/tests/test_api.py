"""The way of a case through the API, and the answers that callers get on it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
import review
from chassis.handling import Document, Filter, Sort
from chassis.http.conditional import version_in
from messages.review import CaseClosed, CaseOpened
from messages.values import Role
from review.domain.record import ActorRef
from review.handlers.consultation import AnswerConsultation, answer_consultation

from .api_calls import DAY_AFTER, HERE, Participants, as_json
from .builders import ASSESSOR, COPPER, DEPARTMENTS, OPENED, SCAN, STEEL, at, mandatory_items, values

DOCUMENT: dict[str, object] = {
    "number": "包工信〔2026〕2号",
    "conclusion": "recommended",
    "attachments": [SCAN.model_dump()],
}


async def test_a_case_goes_from_the_accepted_application_to_the_end_of_the_notice(participants: Participants) -> None:
    await participants.open()
    await participants.forward()
    assert await participants.state() == "forwarded"
    await participants.review()
    notice = await participants.publish()
    assert await participants.state() == "in_notice"
    participants.clock.move_to(at(DAY_AFTER))

    concluded = await participants.act(f"/v1/notices/{notice}/conclude")

    assert (concluded.status_code, concluded.json()["notice"]["state"]) == (200, "concluded")
    assert await participants.state() == "cleared"
    record = (await participants.officer.get("/v1/cases/app-1/record")).json()
    assert record["intact"] is True
    assert record["entries"][-1]["content"]["role"] == "regional_officer"
    assert isinstance(participants.api.events[0], CaseOpened)


@pytest.mark.rule("V4")
async def test_a_late_forward_is_answered_with_rule_article_and_text_and_stays_so(participants: Participants) -> None:
    await participants.open()
    await participants.forward()
    await participants.open("app-2", COPPER)
    for each in DEPARTMENTS:
        await participants.department(each).post(
            "/v1/cases/app-2/opinions", json={"department": each, "opinion": "agree"}
        )
    await participants.officer.post("/v1/cases/app-2/initial-review", json={"decision": "accept"})
    await participants.officer.post("/v1/cases/app-2/opinion-document", json=DOCUMENT)
    participants.clock.move_to(at(date(2026, 6, 4)))

    answer = await participants.officer.post("/v1/cases/app-2/forward", key="late")

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "deadline-passed")
    assert (problem["reasons"][0]["rule"], problem["reasons"][0]["article"]) == ("V4", "第十四条第（二）项")
    assert "2026-05-31" in problem["detail"]
    assert await participants.state("app-2") == "late"
    again = await participants.officer.post("/v1/cases/app-2/forward", key="late")
    assert again.json()["code"] == "deadline-passed"
    assert sum(isinstance(each, CaseClosed) for each in participants.api.events) == 1


@pytest.mark.rule("A4")
async def test_the_same_key_is_one_effect_and_with_another_body_refused(participants: Participants) -> None:
    await participants.open()
    opinion = {"department": DEPARTMENTS[0], "opinion": "agree"}
    ecology = participants.department(DEPARTMENTS[0])

    first = await ecology.post("/v1/cases/app-1/opinions", json=opinion, key="k")
    second = await ecology.post("/v1/cases/app-1/opinions", json=opinion, key="k")
    other = await ecology.post("/v1/cases/app-1/opinions", json={**opinion, "text": "另有意见"}, key="k")

    assert first.json() == second.json() == {"case_id": "app-1", "state": "consulting", "outcome": None}
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")


@pytest.mark.rule("V2")
async def test_missing_opinions_are_all_named_in_one_answer(participants: Participants) -> None:
    await participants.open()
    await participants.officer.post("/v1/cases/app-1/initial-review", json={"decision": "accept"})

    answer = await participants.officer.post("/v1/cases/app-1/opinion-document", json=DOCUMENT)

    assert answer.status_code == 409
    assert [each["evidence"] for each in answer.json()["reasons"]] == list(DEPARTMENTS)


@pytest.mark.rule("V6")
async def test_a_sheet_with_faults_is_answered_with_every_one_of_them(participants: Participants) -> None:
    await participants.open()
    await participants.forward()
    for number in range(3):
        await participants.reviewers.post("/v1/experts", json={"expert_id": f"expert-{number}", "employer": "某大学"})
    appointed = await participants.reviewers.post("/v1/cases/app-1/panel")
    name = appointed.json()["chair"]
    wrong = as_json(values("0.9")) | {"renewables_share": "400", "charisma": "1"}
    del wrong["energy_intensity"]

    sheet = {"values": wrong, "mandatory_items": mandatory_items(), "sign": True}
    answer = await participants.expert(name).put(f"/v1/cases/app-1/score-sheets/{name}", json=sheet)

    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json()["reasons"]} == {
        "/values/energy_intensity",
        "/values/renewables_share",
        "/values/charisma",
    }


@pytest.mark.rule("V9", "V14", "P2")
async def test_who_objects_is_known_to_the_region_and_stands_in_no_record(participants: Participants) -> None:
    await participants.open()
    await participants.forward()
    await participants.review()
    notice = await participants.publish()
    rival = participants.api.client_as(
        Role.APPLICANT, organisation=COPPER, subject="zhang-of-copper", person_verified=True
    )
    objection = {"case_id": "app-1", "facts": "夜间排放异味", "name": "张某", "contact": "0472-0000000"}

    lodged = await rival.post(f"/v1/notices/{notice}/objections", json=objection)

    path = f"/v1/notices/{notice}/objections/{lodged.json()['objection_id']}"
    await participants.region.post(f"{path}/receipt", json={"received": True})

    records = [
        await each.get("/v1/cases/app-1/record")
        for each in (participants.officer, participants.reviewers, participants.region)
    ]
    for record in (each.json() for each in records):
        assert (record["intact"], record["entries"][-1]["action"]) == (True, "objection received")
        assert record["entries"][-1]["content"]["evidence"]["objection"] == lodged.json()["objection_id"]
    assert not any("zhang" in each.text or "张某" in each.text for each in (lodged, *records))
    (kept,) = (await participants.region.get(f"/v1/notices/{notice}/objections")).json()["items"]
    assert kept["lodged_by"] == "zhang-of-copper"
    assert (await rival.get(path)).json()["facts"] == "夜间排放异味"
    assert (await participants.citizen.get(path)).status_code == 404
    assert (await participants.public.get(path)).status_code == 401


@pytest.mark.rule("P2")
async def test_each_role_sees_its_part_of_a_case(participants: Participants) -> None:
    await participants.open()
    await participants.forward()
    await participants.review()
    everything = (await participants.region.get("/v1/cases/app-1")).json()
    name = everything["panel"]["experts"][0]
    parts = ("dossier", "initial_review", "opinion_document", "panel", "score", "sheets")

    seen = {}
    readers = {
        "region": participants.region,
        "officer": participants.officer,
        "applicant": participants.applicant,
        "expert": participants.expert(name),
        "department": participants.department(DEPARTMENTS[0]),
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


async def test_an_experts_own_sheet_can_be_read_back_with_exact_numbers(participants: Participants) -> None:
    await participants.open()
    await participants.forward()
    await participants.review()
    name = (await participants.region.get("/v1/cases/app-1")).json()["panel"]["chair"]

    sheet = (await participants.expert(name).get(f"/v1/cases/app-1/score-sheets/{name}")).json()

    assert sheet["values"]["renewables_share"] == "27.0"
    assert sheet["signed_on"] == OPENED.isoformat()
    missing = await participants.region.get("/v1/cases/app-1/score-sheets/expert-none")
    assert missing.status_code == 404


async def test_lists_are_filtered_and_paged(participants: Participants) -> None:
    for number in range(3):
        await participants.open(f"app-{number}", (STEEL, COPPER, ASSESSOR.uscc)[number])
    asked: dict[str, str | int] = {"state": "consulting", "unit_type": "factory", "batch_year": 2026, "limit": 2}
    asked["prefecture"] = HERE

    first = (await participants.region.get("/v1/cases", params=asked)).json()
    rest = (await participants.region.get("/v1/cases", params=asked | {"after": first["next"]})).json()
    none = (await participants.region.get("/v1/cases", params={"batch_year": 2025})).json()

    assert [each["case_id"] for each in first["items"] + rest["items"]] == ["app-0", "app-1", "app-2"]
    assert rest["next"] is None
    assert none["items"] == []


async def test_one_case_carries_its_version_as_etag(participants: Participants) -> None:
    await participants.open()
    before = await participants.region.get("/v1/cases/app-1")
    await participants.officer.post("/v1/cases/app-1/initial-review", json={"decision": "accept"})

    after = await participants.region.get("/v1/cases/app-1")
    assert [version_in(each.headers["ETag"]) for each in (before, after)] == [1, 2]


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/v1/cases/app-1/initial-review", {"decision": "perhaps"}, "/decision"),
        ("/v1/cases/app-1/initial-review", {"decision": "accept", "mood": "good"}, "/mood"),
        ("/v1/cases/app-1/opinion-document", DOCUMENT | {"number": " "}, "/number"),
        ("/v1/cases/app-1/opinion-document", DOCUMENT | {"attachments": []}, "/attachments"),
        ("/v1/cases/app-1/initial-review", {"decision": "refuse"}, "/reasons"),
    ],
)
async def test_a_malformed_command_is_answered_at_its_place_and_changes_nothing(
    participants: Participants, path: str, body: dict[str, object], pointer: str
) -> None:
    await participants.open()

    answer = await participants.officer.post(path, json=body)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["reasons"]] == [pointer]
    assert {each["article"] for each in answer.json()["reasons"]} == {"第十四条第（二）项"}
    assert await participants.state() == "consulting"


@pytest.mark.rule("G3")
def test_every_command_says_which_rule_and_article_a_malformed_body_fails(participants: Participants) -> None:
    commands = {
        f"{method} {path}": operation
        for path, methods in participants.api.app.openapi()["paths"].items()
        for method, operation in methods.items()
        if method != "get"
    }

    assert len(commands) > 15
    assert {name for name, each in commands.items() if not each.get("x-rule") or not each.get("x-article")} == set()


async def test_what_is_not_there_is_not_found(participants: Participants) -> None:
    assert (await participants.region.get("/v1/cases/app-none")).status_code == 404
    assert (await participants.public.get("/v1/notices/none")).status_code == 404
    forwarded = await participants.officer.post("/v1/cases/app-none/forward")
    assert (forwarded.status_code, forwarded.json()["code"]) == (404, "not-found")


async def test_every_code_that_review_refuses_with_is_in_the_interface_description(participants: Participants) -> None:
    sources = [path.read_text() for path in Path(review.__file__).parent.rglob("*.py") if path.parent.name != "api"]
    codes = {
        code
        for text in sources
        for code in re.findall(r'refusal\(\s*"[A-Z]\d+",\s*"([a-z-]+)"', text)
        + re.findall(r'Refusal\(\s*"([a-z-]+)"', text)
    }
    description = str(participants.api.app.openapi())

    assert len(codes) > 15
    assert {code for code in codes if code not in description} - {"request-invalid"} == set()


@pytest.mark.rule("V5")
async def test_a_conflict_declared_after_scoring_is_kept_and_seen_by_the_chair_and_the_region(
    participants: Participants,
) -> None:
    await participants.open()
    await participants.forward()
    await participants.review()
    panel = (await participants.region.get("/v1/cases/app-1")).json()["panel"]
    name = next(each for each in panel["experts"] if each != panel["chair"])

    conflict = {"uscc": STEEL, "text": "亲属在该单位任职"}
    declared = await participants.expert(name).post(f"/v1/experts/{name}/conflicts", json=conflict)

    assert declared.status_code == 200
    assert [each["uscc"] for each in declared.json()["declared"]] == [STEEL]
    readers = (participants.region, participants.expert(panel["chair"]), participants.officer, participants.applicant)
    seen = [(await each.get("/v1/cases/app-1")).json()["conflicted"] for each in readers]
    assert seen == [[name], [name], None, None]


@pytest.mark.rule("V14")
async def test_a_record_read_while_its_case_goes_on_is_whole(
    participants: Participants, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the reading of the case and that of its record a department answers."""
    await participants.open()
    memory = participants.api.memory
    find, answers = memory.find, [*DEPARTMENTS[:1]]

    async def find_after_an_answer(collection: str, where: Filter, sort: Sort, limit: int) -> Sequence[Document]:
        if collection == "records" and answers:
            department = answers.pop()
            by = ActorRef("officer", "consulted_department")
            answer = AnswerConsultation("app-1", department, "agree", "", by)
            await participants.api.perform(answer_consultation, answer)
        return await find(collection, where, sort, limit)

    monkeypatch.setattr(memory, "find", find_after_an_answer)
    record = (await participants.region.get("/v1/cases/app-1/record")).json()

    assert (record["intact"], len(record["entries"])) == (True, 2)
