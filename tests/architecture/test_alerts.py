"""Alerts are about measures that exist, and fire when they should."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from chassis.metrics import Metrics

from tests.architecture.sources import ROOT

RULES = ROOT / "deploy" / "prometheus"
PROMTOOL = shutil.which("promtool")


def test_every_measure_an_alert_looks_at_is_in_the_catalogue() -> None:
    catalogue = {name for metric in Metrics().registry.collect() for name in (metric.name, f"{metric.name}_total")}
    looked_at = set(re.findall(r"\bgreen_[a-z_]+", (RULES / "rules.yml").read_text(encoding="utf-8")))

    assert looked_at
    assert looked_at - catalogue == set()


@pytest.mark.skipif(PROMTOOL is None, reason="promtool comes with the Debian package prometheus")
def test_the_alerts_fire_and_stay_silent_as_their_own_tests_say() -> None:
    assert PROMTOOL is not None
    told = subprocess.run(
        [PROMTOOL, "test", "rules", "rules_test.yml"], cwd=RULES, capture_output=True, text=True, check=False
    )

    assert told.returncode == 0, told.stdout + told.stderr
