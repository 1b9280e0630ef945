"""Alerts read metrics that exist, fire when they should, and have a section in the runbook."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.services import SERVICES
from tests.architecture.promql import exported_metrics, metrics_of
from tests.architecture.sources import ROOT

FOLDER = ROOT / "deploy" / "prometheus"
RULES = sorted((FOLDER / "rules").glob("*.yml"))
RUNBOOK = ROOT / "deploy" / "runbook.md"
PROMTOOL = shutil.which("promtool")
HAN = re.compile(r"[\u4e00-\u9fff]")


def read(file: Path) -> Any:  # noqa: ANN401 - a YAML value
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def alerts() -> Iterator[dict[str, Any]]:
    for file in RULES:
        for group in read(file)["groups"]:
            yield from group["rules"]


every_alert = pytest.mark.parametrize("alert", list(alerts()), ids=lambda alert: alert["alert"])
every_file = pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)


@every_alert
def test_an_alert_looks_at_metrics_that_the_services_tell(alert: dict[str, Any]) -> None:
    names = metrics_of(alert["expr"])

    assert names
    assert names - exported_metrics() == set()


@every_alert
def test_an_alert_says_in_both_languages_what_is_wrong_and_where_to_read_on(alert: dict[str, Any]) -> None:
    texts = alert["annotations"]

    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert HAN.search(texts["summary_zh"])
    assert texts["summary"]
    assert not HAN.search(texts["summary"])
    assert texts["runbook_url"] == f"deploy/runbook.md#{alert['alert'].lower()}"


def test_the_silence_of_every_service_is_noticed() -> None:
    (down,) = (alert["expr"] for alert in alerts() if alert["alert"] == "ServiceDown")

    assert set(re.findall(r'absent\(up\{job="([^"]+)"\}\)', down)) == {service.name for service in SERVICES}
    assert set(re.findall(r'job=~"([^"]+)"', down)[0].split("|")) == {service.name for service in SERVICES}


def test_each_alert_has_its_section_in_the_runbook_and_each_section_its_alert() -> None:
    runbook = RUNBOOK.read_text(encoding="utf-8")
    sections = {section.partition("\n")[0]: section for section in runbook.split("\n## ")[1:]}

    assert list(sections) == list(dict.fromkeys(sections))
    assert sections.keys() == {alert["alert"] for alert in alerts()}
    for name, section in sections.items():
        for part in ("- **Means**", "- **Look at**", "- **Do**"):
            assert part in section, (name, part)


@every_file
def test_each_alert_is_tried_once_silent_and_once_firing(file: Path) -> None:
    tried = [each for test in read(FOLDER / "tests" / file.name)["tests"] for each in test["alert_rule_test"]]
    firing = {each["alertname"] for each in tried if each["exp_alerts"]}
    silent = {each["alertname"] for each in tried if not each["exp_alerts"]}

    assert firing == silent == {rule["alert"] for group in read(file)["groups"] for rule in group["rules"]}


@pytest.mark.skipif(PROMTOOL is None, reason="promtool comes with the Debian package prometheus")
@every_file
def test_the_alerts_fire_and_stay_silent_as_their_own_tests_say(file: Path) -> None:
    assert PROMTOOL is not None
    asked = [PROMTOOL, "test", "rules", f"tests/{file.name}"]
    answer = subprocess.run(asked, cwd=FOLDER, capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stdout + answer.stderr
