"""The service over HTTP: who may do what, what comes back, and what bad input changes: nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from applications import api, handlers
from applications.domain.application import State
from applications.store import AGGREGATES, INDEXES, Store
from applications.vault import Vault
from applications.workbooks import Form, annex1, read, report, write
from chassis.clock import FixedClock
from chassis.identity import Keys
from chassis.testing.http import ApiStand, Caller, api_stand
from messages.applications import ApplicationAccepted, ApplicationRefused
from messages.values import Role

from . import forms
from .story import ASSESSOR, NOW, PARK, STEEL, registered, standing

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
KEYS = Keys("k1", {"k1": bytes(range(32))})
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DRAFT = {
    "unit": STEEL.model_dump(mode="json"),
    "level": "region",
    "batch_year": 2026,
    "evaluation": {"way": "self"},
}
APPLICATIONS = "/v1/applications"


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[ApiStand]:
    vault = Vault(tmp_path)
    routes = lambda gate: api.router(gate, vault, KEYS)  # noqa: E731 - as main.py wires it
    async with api_stand(
        "applications", routes, aggregates=AGGREGATES, indexes=INDEXES, clock=FixedClock(NOW)
    ) as opened:
        await opened.perform(_keep_standing, standing(), Store)
        yield opened


@pytest.fixture
def unit(stand: ApiStand) -> Caller:
    return stand.as_(Role.APPLICANT, organisation=STEEL.uscc, subject="li")


@pytest.fixture
def stranger(stand: ApiStand) -> Caller:
    return stand.as_(Role.APPLICANT, organisation=PARK.uscc, subject="ma")


@pytest.fixture
def officer(stand: ApiStand) -> Caller:
    return stand.as_(Role.PREFECTURE_OFFICER, prefecture=STEEL.prefecture, subject="officer-1")


@pytest.fixture
def elsewhere(stand: ApiStand) -> Caller:
    return stand.as_(Role.PREFECTURE_OFFICER, prefecture="150100", subject="officer-2")


async def _keep_standing(command: Any, store: Store, now: Any) -> list[Any]:  # noqa: ANN401, ARG001
    store.standings.save(command.uscc, command)
    return []


async def sent(caller: Caller, name: str = "营业执照.pdf", content: bytes = PDF) -> Any:  # noqa: ANN401 - JSON
    answer = await caller.post("/v1/files", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def drafted(caller: Caller, **changes: Any) -> str:  # noqa: ANN401 - fields of the body
    answer = await caller.post(APPLICATIONS, json=DRAFT | changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["application_id"])


async def filed(caller: Caller, **changes: Any) -> str:  # noqa: ANN401 - fields of the report
    """A draft with a complete report."""
    file = await sent(caller)
    key = await drafted(caller)
    body = forms.as_json(forms.report_of(evidence=[{"name": file["name"], "sha256": file["sha256"]}]) | changes)
    answer = await caller.put(f"{APPLICATIONS}/{key}/evaluation", json=body)
    assert answer.status_code == 200, answer.text
    return key


async def imported(caller: Caller, what: str, content: bytes, **params: Any) -> Any:  # noqa: ANN401 - the answer
    return await caller.post(f"/v1/imports/{what}", files={"file": ("表.xlsx", content, XLSX)}, params=params)


def codes(answer: Any) -> list[str]:  # noqa: ANN401 - the answer
    return [each["code"] for each in answer.json()["reasons"]]


def kept(stand: ApiStand) -> list[str]:
    """Which collections hold anything, beside what every test begins with."""
    return sorted(name for name, held in stand.memory.collections.items() if held and name in COLLECTIONS)


COLLECTIONS = ("applications", "versions", "files", "facts")


@pytest.mark.rule("A1")
async def test_from_the_filled_form_to_the_accepted_application(unit: Caller, stand: ApiStand) -> None:
    file, key = await sent(unit), await drafted(unit)
    evidence = [{"name": file["name"], "sha256": file["sha256"]}]
    content = write(report.ENTERPRISE, forms.report_of(evidence=evidence))
    assert (await imported(unit, "evaluation-report", content, application_id=key)).status_code == 200

    answer = await unit.post(f"{APPLICATIONS}/{key}/submit")

    assert (answer.status_code, answer.json()["state"]) == (200, "accepted")
    assert isinstance(stand.said[-1], ApplicationAccepted)
    found = (await unit.get(f"{APPLICATIONS}/{key}")).json()
    assert (found["stage"], found["submitted_on"]) == ("accepted", "2026-04-20")
    assert found["report"]["representative"]["masked"] == "15**************3X"


async def test_the_representatives_number_is_kept_nowhere(unit: Caller, stand: ApiStand) -> None:
    key = await filed(unit)
    await unit.post(f"{APPLICATIONS}/{key}/submit")

    assert forms.NUMBER not in repr(stand.memory.collections)
    assert forms.NUMBER not in repr(stand.memory.outbox)


@pytest.mark.rule("G3")
async def test_seven_things_wrong_are_told_in_one_answer_and_the_draft_may_come_again(
    unit: Caller, stand: ApiStand
) -> None:
    wrong = {"undertaking": False, "industry_code": "0610", "energy_actual": 400, "certificates": []}
    key = await filed(unit, **wrong)

    answer = await unit.post(f"{APPLICATIONS}/{key}/submit")

    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "not-eligible"
    assert len(problem["reasons"]) == 7
    assert {each["rule"] for each in problem["reasons"]} == {"A1", "E1", "E2", "E3"}
    assert all(each["article"] and each["text"] for each in problem["reasons"])
    assert isinstance(stand.said[-1], ApplicationRefused)
    assert (await unit.get(f"{APPLICATIONS}/{key}")).json()["state"] == "refused"


@pytest.mark.rule("A6")
async def test_after_amending_it_is_accepted_and_both_versions_are_shown(unit: Caller) -> None:
    key = await filed(unit, undertaking=False)
    await unit.post(f"{APPLICATIONS}/{key}/submit")
    file = await sent(unit)
    body = forms.as_json(forms.report_of(evidence=[{"name": file["name"], "sha256": file["sha256"]}]))

    assert (await unit.put(f"{APPLICATIONS}/{key}/evaluation", json=body)).status_code == 200
    assert (await unit.post(f"{APPLICATIONS}/{key}/submit")).status_code == 200

    versions = (await unit.get(f"{APPLICATIONS}/{key}/versions")).json()["items"]
    assert [(each["number"], each["application"]["state"]) for each in versions] == [(1, "refused"), (2, "accepted")]


async def test_an_assessors_report_is_answered_as_waiting(unit: Caller, stand: ApiStand) -> None:
    await stand.perform(handlers.know_assessor, registered(), Store)
    named = {"way": "assessor", "assessor_name": ASSESSOR.name, "assessor_uscc": ASSESSOR.uscc}
    key = await filed(unit, **named, lead_author="S1", reviewer="S2")

    answer = await unit.post(f"{APPLICATIONS}/{key}/submit")

    assert (answer.status_code, answer.json()["state"]) == (202, State.SUBMITTED)


@pytest.mark.rule("A4")
async def test_the_same_key_and_body_is_one_effect_and_another_body_is_refused(unit: Caller, stand: ApiStand) -> None:
    first = await unit.post(APPLICATIONS, json=DRAFT, key="once")
    again = await unit.post(APPLICATIONS, json=DRAFT, key="once")
    other = await unit.post(APPLICATIONS, json=DRAFT | {"batch_year": 2027}, key="once")

    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    assert len(stand.memory.collections["applications"]) == 1


@pytest.mark.rule("A4")
async def test_the_same_refused_submission_gets_the_same_refusal(unit: Caller, stand: ApiStand) -> None:
    key = await filed(unit, undertaking=False)
    first = await unit.post(f"{APPLICATIONS}/{key}/submit", key="once")
    again = await unit.post(f"{APPLICATIONS}/{key}/submit", key="once")

    assert first.json()["reasons"] == again.json()["reasons"]
    assert [type(each) for each in stand.said] == [ApplicationRefused]


async def test_amending_needs_the_version_that_was_seen(unit: Caller) -> None:
    key = await drafted(unit)
    tag = (await unit.get(f"{APPLICATIONS}/{key}")).headers["ETag"]
    body = {"unit_name": "示例钢铁集团", "level": "region", "batch_year": 2026, "evaluation": {"way": "self"}}
    place = f"{APPLICATIONS}/{key}"

    blind = await unit.put(place, json=body)
    seeing = await unit.put(place, json=body, headers={"If-Match": tag})
    stale = await unit.put(place, json=body, headers={"If-Match": tag})

    assert (blind.status_code, seeing.status_code, stale.status_code) == (428, 200, 412)
    assert seeing.headers["ETag"] == (await unit.get(place)).headers["ETag"]
    assert (await unit.get(place)).json()["unit"]["name"] == "示例钢铁集团"


@pytest.mark.rule("A5")
async def test_an_accepted_application_is_withdrawn_once(unit: Caller) -> None:
    key = await filed(unit)
    await unit.post(f"{APPLICATIONS}/{key}/submit")

    first = await unit.post(f"{APPLICATIONS}/{key}/withdraw")
    second = await unit.post(f"{APPLICATIONS}/{key}/withdraw")

    assert (first.status_code, first.json()["state"]) == (200, "withdrawn")
    assert (second.status_code, second.json()["code"]) == (409, "not-withdrawable")


@pytest.mark.rule("P2")
async def test_an_application_is_seen_by_its_unit_and_its_officers_only(
    unit: Caller, stranger: Caller, officer: Caller, elsewhere: Caller, stand: ApiStand
) -> None:
    key = await drafted(unit)
    region = stand.as_(Role.REGIONAL_OFFICER, subject="region-1")
    expert = stand.as_(Role.EXPERT, subject="expert-1")

    reads = {
        name: (await caller.get(f"{APPLICATIONS}/{key}")).status_code
        for name, caller in {
            "unit": unit,
            "stranger": stranger,
            "officer": officer,
            "elsewhere": elsewhere,
            "region": region,
            "expert": expert,
            "anybody": stand.anybody(),
        }.items()
    }
    lists = [len((await caller.get(APPLICATIONS)).json()["items"]) for caller in (unit, stranger, officer, elsewhere)]

    assert reads == {
        "unit": 200,
        "stranger": 403,
        "officer": 200,
        "elsewhere": 403,
        "region": 200,
        "expert": 403,
        "anybody": 401,
    }
    assert lists == [1, 0, 1, 0]


@pytest.mark.rule("P2")
async def test_nobody_files_for_another_unit(stranger: Caller, unit: Caller, officer: Caller, stand: ApiStand) -> None:
    key = await drafted(unit)

    answers = [
        await stranger.post(APPLICATIONS, json=DRAFT),
        await officer.post(APPLICATIONS, json=DRAFT),
        await stranger.post(f"{APPLICATIONS}/{key}/submit"),
        await stranger.post(f"{APPLICATIONS}/{key}/withdraw"),
        await imported(stranger, "evaluation-report", write(report.ENTERPRISE), application_id=key),
    ]

    assert [each.status_code for each in answers] == [403] * 5
    assert len(stand.memory.collections["applications"]) == 1
    assert len(stand.memory.collections["access_refusals"]) == 5


async def test_lists_are_filtered_and_paged(unit: Caller) -> None:
    keys = {await drafted(unit) for _ in range(3)}

    first = (await unit.get(APPLICATIONS, params={"state": "draft", "limit": 2})).json()
    rest = (await unit.get(APPLICATIONS, params={"state": "draft", "limit": 2, "after": first["next"]})).json()
    none = (await unit.get(APPLICATIONS, params={"batch_year": 2025})).json()

    assert {each["application_id"] for each in first["items"] + rest["items"]} == keys
    assert (none["items"], rest["next"]) == ([], None)


@pytest.mark.rule("E10")
async def test_the_prefectures_officer_justifies_a_unit_on_no_list(
    unit: Caller, officer: Caller, elsewhere: Caller
) -> None:
    key = await drafted(unit)
    body = {"text": "新投产，能效国内领先"}

    refused = await elsewhere.put(f"{APPLICATIONS}/{key}/justification", json=body)
    answer = await officer.put(f"{APPLICATIONS}/{key}/justification", json=body)

    assert (refused.status_code, answer.status_code) == (403, 200)
    found = (await unit.get(f"{APPLICATIONS}/{key}")).json()
    assert found["justification"] == {"text": "新投产，能效国内领先", "by": "officer-1"}


@pytest.mark.rule("C2")
@pytest.mark.parametrize(
    ("form", "values", "unit_type"),
    [(annex1.ENTERPRISE, forms.enterprise(), "factory"), (annex1.PARK, forms.park(), "park")],
)
async def test_annex_1_makes_a_draft(stand: ApiStand, form: Form, values: dict[str, Any], unit_type: str) -> None:
    caller = stand.as_(Role.APPLICANT, organisation=PARK.uscc if unit_type == "park" else STEEL.uscc)

    answer = await imported(caller, "annex1", write(form, values), prefecture="150600", batch_year=2026)

    assert answer.status_code == 201, answer.text
    found = (await caller.get(f"{APPLICATIONS}/{answer.json()['application_id']}")).json()
    assert (found["state"], found["unit"]["unit_type"]) == ("draft", unit_type)
    assert found["unit"]["park_name"] == (PARK.name if unit_type == "park" else None)
    assert found["information"]["contact_email"] == "zhang@example.com"
    assert found["plan"]["projects"] == "七、拟实施项目清单：略"


@pytest.mark.rule("C2")
async def test_annex_1_goes_into_a_draft_that_is_there(unit: Caller) -> None:
    key = await drafted(unit)

    answer = await imported(unit, "annex1", write(annex1.ENTERPRISE, forms.enterprise()), application_id=key)

    assert (answer.status_code, answer.json()["application_id"]) == (200, key)
    found = (await unit.get(f"{APPLICATIONS}/{key}")).json()
    assert [each["year"] for each in found["information"]["finances"]] == [2023, 2024, 2025]


async def test_a_dry_run_tells_the_same_and_keeps_nothing(unit: Caller, stand: ApiStand) -> None:
    good = write(annex1.ENTERPRISE, forms.enterprise())
    bad = write(annex1.ENTERPRISE, forms.enterprise(uscc="911501000000000192"))
    into = {"prefecture": "150600", "batch_year": 2026, "dry_run": True}

    fine, wrong = await imported(unit, "annex1", good, **into), await imported(unit, "annex1", bad, **into)

    assert (fine.json()["dry_run"], fine.json()["application_id"]) == (True, None)
    assert (wrong.status_code, codes(wrong)) == (422, ["cell-malformed"])
    assert kept(stand) == []


def enterprise(**changes: Any) -> bytes:  # noqa: ANN401 - cells by name
    return write(annex1.ENTERPRISE, forms.enterprise(**changes))


@pytest.mark.rule("C2")
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (write(report.PARK), ["sheet-missing"] * 3),
        (
            write(annex1.ENTERPRISE, forms.enterprise(finances=[forms.finances(2025) | {"assets": "约三亿"}])),
            ["cell-malformed"],
        ),
        (write(annex1.ENTERPRISE, forms.enterprise(uscc="911501000000000192")), ["cell-malformed"]),
        (write(annex1.ENTERPRISE, forms.enterprise(finances=[forms.finances(2025)])), ["years-wrong"]),
        (write(annex1.ENTERPRISE, forms.enterprise(unit_type="park")), ["form-differs"]),
        (write(annex1.ENTERPRISE)[:4000], ["broken-workbook"]),
        (b"PK\x03\x04 no zip", ["broken-workbook"]),
        (b"%PDF-1.7", ["not-a-workbook"]),
    ],
    ids=["wrong sheets", "text for numbers", "check digit", "years", "wrong form", "cut off", "broken zip", "a pdf"],
)
async def test_a_bad_workbook_is_told_what_is_wrong_and_changes_nothing(
    unit: Caller, stand: ApiStand, content: bytes, expected: list[str]
) -> None:
    answer = await imported(unit, "annex1", content, prefecture="150600", batch_year=2026)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert codes(answer) == expected
    assert kept(stand) == []
    assert stand.said == []


@pytest.mark.rule("C2")
async def test_a_bad_cell_is_named_by_sheet_and_address(unit: Caller) -> None:
    content = write(annex1.ENTERPRISE, forms.enterprise(uscc="911501000000000192"))

    answer = await imported(unit, "annex1", content, prefecture="150600")

    reason = answer.json()["reasons"][0]
    assert reason["pointer"] == "基本情况表（企业填写）!G3"
    assert "校验位" in reason["text"]
    assert reason["article"] == "第九条、附件1"


async def test_a_report_for_another_unit_is_refused(unit: Caller) -> None:
    key = await drafted(unit)

    answer = await imported(unit, "evaluation-report", write(report.PARK, forms.report_of(PARK)), application_id=key)

    assert answer.status_code == 422
    assert codes(answer) == ["uscc-differs", "unit-type-differs", "park-name-differs"]


@pytest.mark.parametrize("number", ["123", "一二三四五六"])
async def test_a_document_number_that_cannot_be_one_is_refused_without_being_repeated(
    unit: Caller, number: str
) -> None:
    key = await drafted(unit)

    answer = await imported(
        unit,
        "evaluation-report",
        write(report.ENTERPRISE, forms.report_of(representative_document=number)),
        application_id=key,
    )

    assert codes(answer) == ["document-number-invalid"]
    assert number not in answer.text


async def test_a_form_without_a_file_is_refused(unit: Caller) -> None:
    missing = await unit.post("/v1/imports/annex1", files={"other": ("a.xlsx", b"x")})
    other = await unit.post("/v1/imports/annex1", json={})

    assert (missing.status_code, codes(missing)) == (422, ["file-missing"])
    assert (other.status_code, other.json()["code"]) == (415, "media-type-unsupported")


@pytest.mark.rule("A3")
async def test_200_megabytes_are_refused_while_they_stream_in(unit: Caller, stand: ApiStand) -> None:
    read_so_far = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read_so_far
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-'
        for _ in range(200):
            read_so_far += 1
            yield bytes(1024 * 1024)

    answer = await unit.post(
        "/v1/files", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert read_so_far < 25
    assert kept(stand) == []


@pytest.mark.rule("A3")
async def test_an_announced_200_megabytes_are_refused_unread(unit: Caller) -> None:
    answer = await unit.post(
        "/v1/imports/annex1",
        content=b"--x",
        headers={"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(200 * 1024 * 1024)},
    )

    assert answer.status_code == 413


@pytest.mark.rule("A3")
async def test_a_file_is_stored_once_for_both_who_sent_it_and_read_by_them_alone(
    unit: Caller, stranger: Caller, elsewhere: Caller, stand: ApiStand
) -> None:
    file = await sent(unit)
    assert file["media_type"] == "application/pdf"
    place = f"/v1/files/{file['sha256']}"
    assert (await stranger.get(place)).status_code == 403

    await sent(stranger, "同一文件.pdf")

    assert len(stand.memory.collections["files"]) == 1
    assert (await stranger.get(place)).content == PDF
    assert (await elsewhere.get(place)).status_code == 403


@pytest.mark.rule("A3")
async def test_a_file_that_is_not_what_it_says_is_refused(unit: Caller, stand: ApiStand, tmp_path: Path) -> None:
    answer = await unit.post("/v1/files", files={"file": ("执照.pdf", b"MZ\x90")})

    assert (answer.status_code, codes(answer)) == (422, ["content-differs"])
    assert kept(stand) == []
    assert Vault(tmp_path).place(sha256(b"MZ\x90").hexdigest()).exists() is False


@pytest.mark.parametrize(
    ("name", "params", "form"),
    [
        ("annex1-enterprise", {}, annex1.ENTERPRISE),
        ("annex1-park", {}, annex1.PARK),
        ("evaluation-report", {}, report.ENTERPRISE),
        ("evaluation-report", {"unit_type": "park"}, report.PARK),
    ],
)
async def test_anybody_downloads_an_empty_form(stand: ApiStand, name: str, params: dict[str, str], form: Form) -> None:
    answer = await stand.anybody().get(f"/v1/forms/{name}.xlsx", params=params)

    assert answer.headers["content-type"] == XLSX
    assert {each.code for each in read(form, answer.content).problems} <= {
        "cell-empty",
        "rows-missing",
        "cell-malformed",
    }


async def test_an_unknown_form_is_not_found(stand: ApiStand) -> None:
    assert (await stand.anybody().get("/v1/forms/annex9.xlsx")).status_code == 404


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
async def test_an_agency_records_facts_and_an_applicant_none(unit: Caller, stand: ApiStand) -> None:
    body = {"uscc": STEEL.uscc, "kind": "safety_accident", "date": "2025-06-01", "source": "应急〔2025〕7号"}
    agency = stand.as_(Role.AGENCY, organisation="emergency", subject="agency-1")

    assert (await agency.post("/v1/facts", json=body)).json()["source"] == "agency"
    assert (await unit.post("/v1/facts", json=body)).status_code == 403


@pytest.mark.rule("E10")
async def test_an_officer_records_the_list_of_the_own_prefecture_only(
    officer: Caller, elsewhere: Caller, stand: ApiStand
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
    shown = (await stand.anybody().get("/v1/prefecture-lists", params={"prefecture": "150600"})).json()
    assert [each["document_number"] for each in shown["items"]] == ["鄂工信发〔2026〕1号"]


async def test_a_malformed_body_is_told_everything_at_once(unit: Caller) -> None:
    body = DRAFT | {"unit": DRAFT["unit"] | {"uscc": "911501000000000192"}, "level": "world", "extra": 1}  # type: ignore[operator]

    answer = await unit.post(APPLICATIONS, json=body)

    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json()["reasons"]} == {"/unit/uscc", "/level", "/extra"}
