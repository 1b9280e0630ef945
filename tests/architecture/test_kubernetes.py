"""The manifests name services, queues and variables that exist."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from applications.settings import Settings as OfApplications
from notify.settings import Settings as OfNotify

from deploy.services import SERVICES
from deploy.topology import composed
from tests.architecture.sources import ROOT

MANIFESTS = ROOT / "deploy" / "kubernetes"
KUBECTL = shutil.which("kubectl")


def text_of_all() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(MANIFESTS.rglob("*.yaml")))


def test_every_service_has_its_manifests_and_no_other() -> None:
    assert {folder.name for folder in (MANIFESTS / "services").iterdir()} == {service.name for service in SERVICES}


def test_reviews_workers_follow_each_queue_that_review_hears_from() -> None:
    followed = set(re.findall(r"queueName: (\S+)", text_of_all()))
    heard = {queue["name"] for queue in composed()["queues"] if re.match(r"review\.(?!dead)", queue["name"])}

    assert followed == heard


def test_every_variable_is_a_setting() -> None:
    named = set(re.findall(r"\bGREEN_[A-Z_]+", text_of_all()))
    known = {f"GREEN_{name.upper()}" for name in OfApplications.model_fields | OfNotify.model_fields}

    assert named - known == set()


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")
def test_kustomize_builds_them() -> None:
    assert KUBECTL is not None
    built = subprocess.run([KUBECTL, "kustomize", "."], cwd=MANIFESTS, capture_output=True, text=True, check=False)

    assert built.returncode == 0, built.stderr
    assert built.stdout.count("kind: Deployment\n") == len(SERVICES) * 3
