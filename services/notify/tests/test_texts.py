import json
from pathlib import Path
from typing import Any

import pytest
from messages.catalogue import EVENTS
from messages.duties import HOLDERS
from messages.envelope import hear
from messages.event import Event
from messages.values import Role
from notify.texts import LABELS, Template, TemplateProblems, _checked, rendered, templates

SAMPLES = Path(__file__).parents[3] / "contracts" / "messages" / "samples"
HOLDING = (Role.ASSESSOR, Role.APPLICANT)
EVERY = [template for group in templates().values() for template in group]


def sample(name: str) -> Event:
    document = json.loads((SAMPLES / f"{name}.json").read_text())
    return hear(document["headers"], json.dumps(document["body"]).encode()).event


def facts(name: str) -> dict[str, Any]:
    return sample(name).model_dump(mode="json")


@pytest.mark.parametrize("template", EVERY, ids=lambda template: template.id)
def test_a_template_speaks_of_its_event_in_both_languages(template: Template) -> None:
    text = rendered(template, facts(template.event) | {"days_left": 7})

    assert min(len(text.title), len(text.body), len(text.title_en), len(text.body_en)) > 5
    assert "{" not in text.title + text.body + text.title_en + text.body_en


@pytest.mark.rule("N1")
def test_every_event_of_another_service_has_a_reader() -> None:
    heard = {name for name, event in EVENTS.items() if event.owner != "notify"}

    assert heard - set(templates()) == set()


@pytest.mark.rule("N4")
def test_only_what_is_public_is_shown_on_the_board() -> None:
    shown = {template.event for template in EVERY if Role.PUBLIC in template.roles}

    assert {EVENTS[name].sharing for name in shown} == {"public"}


def test_reasons_are_told_with_rule_and_article() -> None:
    (template,) = templates()["applications.application.refused.v1"]

    body = rendered(template, facts(template.event)).body

    assert "第三十二条" in body
    assert "Q1" in body


def test_all_problems_of_the_templates_are_named_at_once() -> None:
    wrong = Template("t", "2026-01-01", "nobody.says.this.v1", (Role.APPLICANT,), "", "", "", "")

    with pytest.raises(TemplateProblems, match=r"(?s)unknown event.*told twice"):
        _checked([wrong, wrong])


@pytest.mark.rule("N3")
def test_a_text_about_duties_speaks_for_every_owner_that_says_them() -> None:
    opened = {name for name in EVENTS if name.endswith(".duty.opened.v1")}

    for name in opened:
        told = [(each.moment, role) for each in templates()[name] for role in each.roles]
        assert sorted(told) == sorted((moment, role) for moment in ("said", "before_due") for role in HOLDING)


@pytest.mark.rule("N3")
def test_every_kind_of_duty_has_a_chinese_name_and_a_holder_who_has_an_inbox() -> None:
    assert {kind for kind in HOLDERS if kind not in LABELS} == set()
    assert set(HOLDERS.values()) <= set(HOLDING)


@pytest.mark.rule("S3", "N4")
def test_sister_assessors_are_named_to_officers_and_not_on_the_board() -> None:
    sister = {"uscc": "911503000000000351", "name": "同门评价中心"}
    told = facts("assessor-quota.assessor.sanctioned.v1") | {"sisters": [sister]}

    named = {
        role
        for template in templates()["assessor-quota.assessor.sanctioned.v1"]
        for role in template.roles
        if sister["name"] in rendered(template, told).body + rendered(template, told).body_en
    }

    assert named == {Role.REGIONAL_OFFICER, Role.PREFECTURE_OFFICER}
