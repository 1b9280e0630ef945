"""Malformed or outdated requests are refused with the rule, its article and a text for the person who sent them."""

from __future__ import annotations

from typing import Any

import pytest
from applications.handlers import drafts
from chassis.handling import Refusal
from devkit.api_harness import ApiClient, ApiHarness
from messages.bounds import MAX_ROWS
from messages.values import Level, Role

from .api_calls import APPLICATIONS, DRAFT, open_draft
from .builders import NOW, SELF_EVALUATION, STEEL
from .harness import ApplicationsHarness

UNIT = STEEL.model_dump(mode="json")
AMENDMENT = {"unit_name": "示例钢铁集团", "level": "region", "batch_year": 2026, "evaluation": {"way": "self"}}


def reasons(answer: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401 - the answer
    return [(each["rule"], each["code"], each["text"]) for each in answer.json()["reasons"]]


@pytest.mark.rule("G3")
async def test_a_wrong_check_digit_is_told_in_chinese_with_the_rule_and_its_article(applicant: ApiClient) -> None:
    wrong = UNIT | {"uscc": "911501000000000192"}

    answer = await applicant.post(APPLICATIONS, json=DRAFT | {"unit": wrong})

    assert answer.status_code == 422
    assert answer.json()["reasons"] == [
        {
            "rule": "A1",
            "article": "第十四条第（一）项",
            "code": "uscc-invalid",
            "text": "不是有效的统一社会信用代码（18位，末位为校验码）；"
            "请核对；证照所载确系如此的，由自治区工业和信息化厅凭文件登记后填报",
            "pointer": "/unit/uscc",
        }
    ]


@pytest.mark.rule("G3")
@pytest.mark.parametrize(
    ("role", "method", "path", "rule"),
    [
        (Role.APPLICANT, "post", APPLICATIONS, "A1"),
        (Role.APPLICANT, "put", f"{APPLICATIONS}/app-1", "A1"),
        (Role.APPLICANT, "put", f"{APPLICATIONS}/app-1/evaluation", "A1"),
        (Role.PREFECTURE_OFFICER, "put", f"{APPLICATIONS}/app-1/justification", "E10"),
        (Role.PREFECTURE_OFFICER, "post", "/v1/facts", "E4"),
        (Role.PREFECTURE_OFFICER, "post", "/v1/facts/fact-1/end", "E4"),
        (Role.PREFECTURE_OFFICER, "post", "/v1/prefecture-lists", "E10"),
        (Role.REGIONAL_OFFICER, "post", f"/v1/units/{STEEL.uscc}/moves", "V1"),
    ],
)
async def test_a_malformed_body_of_any_route_names_the_rule_that_prescribes_it(
    api: ApiHarness[Any],
    role: Role,
    method: str,
    path: str,
    rule: str,
) -> None:
    caller = api.client_as(role, organisation=STEEL.uscc, prefecture=STEEL.prefecture, subject="x")

    answer = await getattr(caller, method)(path, json={"surplus": 1})

    assert answer.status_code == 422
    assert {each["rule"] for each in answer.json()["reasons"]} == {rule}
    assert all(each["article"] for each in answer.json()["reasons"])


@pytest.mark.rule("A6")
async def test_which_version_was_read_must_be_said_and_be_the_present_one(applicant: ApiClient) -> None:
    place = f"{APPLICATIONS}/{await open_draft(applicant)}"

    blind = await applicant.put(place, json=AMENDMENT)
    odd = await applicant.put(place, json=AMENDMENT, headers={"If-Match": "one"})
    stale = await applicant.put(place, json=AMENDMENT, headers={"If-Match": '"99"'})

    assert [each.status_code for each in (blind, odd, stale)] == [428, 400, 412]
    assert reasons(blind) == [("A6", "if-match-missing", "请在 If-Match 中写明所修改申报的版本")]
    assert reasons(odd) == [("A6", "if-match-invalid", "请在 If-Match 中写明所修改申报的版本")]
    assert reasons(stale) == [("A6", "version-stale", "申报在读取后已被修改，请重新读取")]
    assert stale.json()["reasons"][0]["evidence"] == "99, 1"


@pytest.mark.rule("G3")
async def test_a_number_that_is_taken_is_refused_with_its_rule() -> None:
    handlers = ApplicationsHarness()
    command = drafts.OpenDraft("app-2026-1", STEEL, Level.REGION, 2026, SELF_EVALUATION)
    await handlers.perform(drafts.open_draft, command, NOW)

    with pytest.raises(Refusal) as refused:
        await handlers.perform(drafts.open_draft, command, NOW)

    (why,) = refused.value.reasons
    assert (why.rule, why.code, why.article) == ("A1", "application-exists", "第十四条第（一）项")


@pytest.mark.rule("A1")
async def test_table_of_more_rows_than_any_report_has_is_refused(applicant: ApiClient) -> None:
    place = f"{APPLICATIONS}/{await open_draft(applicant)}/evaluation"
    rows = [{"name": f"{number}.pdf", "sha256": f"{number:064x}"} for number in range(MAX_ROWS + 1)]

    answer = await applicant.put(place, json={"way": "self", "evidence": rows})

    assert answer.status_code == 422
    assert reasons(answer) == [("A1", "too-long", "项数过多")]
