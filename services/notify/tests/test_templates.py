from __future__ import annotations

import json
import re
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import pytest
from messages.catalogue import EVENTS
from messages.duties import HOLDERS
from messages.envelope import decode
from messages.errors import InvalidFileError
from messages.event import Event
from messages.records import RecordHeads
from messages.values import Role
from notify.domain.texts import BEFORE_DUE, ON_EVENT, Template
from notify.templates import LABELS, check, render, templates
from pydantic import TypeAdapter

SAMPLES = Path(__file__).parents[3] / "contracts" / "messages" / "samples"
HOLDING = (Role.ASSESSOR, Role.APPLICANT)
EVERY = [template for group in templates().values() for template in group]


def sample(name: str) -> Event:
    document = json.loads((SAMPLES / f"{name}.json").read_text())
    return decode(document["headers"], json.dumps(document["body"]).encode()).event


def facts(name: str) -> dict[str, Any]:
    return sample(name).model_dump(mode="json")


NOT_FOR_PEOPLE = re.compile(r"[{}<>]|\bNone\b|\bTrue\b|\bFalse\b|object at 0x")
"""How Python, Jinja and JSON look where words should stand."""
NOT_CHINESE = re.compile(r"\d{4}-\d\d-\d\d|[a-z]+_[a-z_]+|notice-\w+|list-\w+")
"""Days as machines write them, codes and identifiers."""
every_template = pytest.mark.parametrize("template", EVERY, ids=lambda each: f"{each.id}-{each.event}")


@every_template
def test_a_template_speaks_of_its_event_in_both_languages(template: Template) -> None:
    text = render(template, facts(template.event) | {"days_left": 7})

    assert min(len(text.title), len(text.body), len(text.title_en), len(text.body_en)) > 5
    assert NOT_FOR_PEOPLE.findall("\n".join(astuple(text))) == []
    assert NOT_CHINESE.findall(text.title + text.body) == []


@every_template
def test_a_template_needs_nothing_that_its_event_may_leave_open(template: Template) -> None:
    event = EVENTS[template.event]
    for name, field in event.model_fields.items():
        if not field.is_required():
            left = {name: TypeAdapter(Any).dump_python(field.get_default(call_default_factory=True), mode="json")}
            text = render(template, facts(template.event) | {"days_left": 7} | left)
            assert NOT_FOR_PEOPLE.findall("\n".join(astuple(text))) == []


def test_a_method_is_never_printed_for_the_value_it_hides() -> None:
    wrong = Template("t", "2026-01-01", "e", (), "计入{{ each.items }}项", "", "", "")

    with pytest.raises(TypeError, match="built-in method"):
        render(wrong, {"each": {"items": 4}})
    assert render(replace(wrong, title_zh="计入{{ each['items'] }}项"), {"each": {"items": 4}}).title == "计入4项"


@pytest.mark.parametrize("value", [None, True, ["a"], {"a": 1}])
def test_nothing_but_words_numbers_and_days_is_printed(value: object) -> None:
    with pytest.raises(TypeError, match="a text would print"):
        render(Template("t", "2026-01-01", "e", (), "{{ value }}", "", "", ""), {"value": value})


@pytest.mark.rule("Q4")
def test_a_change_of_representative_tells_how_many_items_were_carried() -> None:
    name = "assessor-quota.assessor.representative-changed.v1"
    (template,) = templates()[name]

    text = render(template, facts(name))

    assert "2026年度计入4项，新法定代表人名下共9项" in text.body
    assert "2026: 4 carried, 9 now in use" in text.body_en


@pytest.mark.rule("S4")
def test_a_revocation_says_whether_the_prohibition_ends() -> None:
    name = "assessor-quota.assessor.sanction-revoked.v1"
    (template,) = templates()[name]
    left = {"ban": {"first_day": "2026-03-02", "last_day": "2029-03-01"}}

    assert "不再禁止" in render(template, facts(name)).body
    assert "至2029年3月1日（含当日）仍不得" in render(template, facts(name) | left).body


@pytest.mark.rule("S2")
def test_a_suspension_promises_only_what_can_be_done() -> None:
    (template,) = templates()["review.case.suspended.v1"]

    body = render(template, facts(template.event)).body

    assert "撤销通报的，恢复办理" in body
    assert "重新提交评价报告" not in body


@pytest.mark.rule("A2")
def test_a_mandatory_requirement_is_told_in_the_words_of_its_scheme() -> None:
    (template,) = templates()["review.case.scored.v1"]

    assert "未使用国家明令淘汰的落后工艺和设备" in render(template, facts(template.event)).body


@pytest.mark.rule("L1")
def test_an_announced_list_says_how_many_lines_it_has_and_where_they_are_read() -> None:
    (template,) = templates()["registry.list.announced.v1"]

    body = render(template, facts(template.event)).body

    assert "共7项，完整名单在“名单公布”栏目查阅" in body


@pytest.mark.rule("N1")
def test_every_event_of_another_service_has_a_reader() -> None:
    events = {name for name, event in EVENTS.items() if event.owner != "notify" and not issubclass(event, RecordHeads)}

    assert events - set(templates()) == set()


@pytest.mark.rule("N4")
@pytest.mark.parametrize("template", [each for each in EVERY if Role.PUBLIC in each.roles], ids=lambda each: each.id)
def test_a_public_text_needs_nothing_that_is_for_those_concerned_only(template: Template) -> None:
    event = sample(template.event)

    assert render(template, event.public_view()) == render(template, facts(template.event))


@pytest.mark.rule("N4")
def test_only_what_is_public_is_shown_on_the_board() -> None:
    on_board = {template.event for template in EVERY if Role.PUBLIC in template.roles}

    assert {EVENTS[name].sharing for name in on_board} == {"public"}


def test_reasons_are_told_with_rule_and_article() -> None:
    (template,) = templates()["applications.application.refused.v1"]

    body = render(template, facts(template.event)).body

    assert "第三十二条" in body
    assert "Q1" in body


def test_all_problems_of_the_templates_are_named_at_once() -> None:
    wrong = Template("t", "2026-01-01", "nobody.publishes.this.v1", (Role.APPLICANT,), "", "", "", "")

    with pytest.raises(InvalidFileError, match=r"(?s)unknown event.*two texts"):
        check([wrong, wrong])


@pytest.mark.rule("N3")
def test_a_text_about_duties_speaks_for_every_owner_that_says_them() -> None:
    opened = {name for name in EVENTS if name.endswith(".duty.opened.v1")}

    for name in opened:
        texts = [(each.trigger, role) for each in templates()[name] for role in each.roles]
        assert sorted(texts) == sorted((trigger, role) for trigger in (ON_EVENT, BEFORE_DUE) for role in HOLDING)


@pytest.mark.rule("N3")
def test_every_kind_of_duty_has_a_chinese_name_and_a_holder_who_has_an_inbox() -> None:
    assert {kind for kind in HOLDERS if kind not in LABELS} == set()
    assert set(HOLDERS.values()) <= set(HOLDING)


@pytest.mark.rule("S3", "N4")
def test_affiliates_are_named_to_officers_and_not_on_the_board() -> None:
    affiliate = {"uscc": "911503000000000351", "name": "同门评价中心"}
    event = facts("assessor-quota.assessor.sanctioned.v1") | {"affiliates": [affiliate]}

    named = {
        role
        for template in templates()["assessor-quota.assessor.sanctioned.v1"]
        for role in template.roles
        if affiliate["name"] in render(template, event).body + render(template, event).body_en
    }

    assert named == {Role.REGIONAL_OFFICER, Role.PREFECTURE_OFFICER}
