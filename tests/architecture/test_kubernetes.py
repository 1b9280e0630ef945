"""The manifests name services, queues and variables that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from applications.settings import Settings as OfApplications
from notify.settings import Settings as OfNotify

from deploy.generate.broker_definitions import composed
from deploy.services import SERVICES, Service
from tests.architecture.sources import ROOT

MANIFESTS = ROOT / "deploy" / "kubernetes"
KUBECTL = shutil.which("kubectl")
CASES_A_SECOND = 200
"""One worker of review with the fifth of a core that it requests (tests/bench/RESULTS.md)."""
SECONDS_TO_START = 10


def text_of_all() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(MANIFESTS.rglob("*.yaml")))


def test_every_service_has_its_manifests_and_no_other() -> None:
    assert {folder.name for folder in (MANIFESTS / "services").iterdir()} == {service.name for service in SERVICES}


def test_reviews_workers_follow_each_queue_that_review_consumes() -> None:
    followed = set(re.findall(r"queueName: (\S+)", text_of_all()))
    queues = {queue["name"] for queue in composed()["queues"] if re.match(r"review\.(?!dlq)", queue["name"])}

    assert followed == queues


def test_every_variable_is_a_setting() -> None:
    named = set(re.findall(r"\bGREEN_[A-Z_]+", text_of_all()))
    known = {f"GREEN_{name.upper()}" for name in OfApplications.model_fields | OfNotify.model_fields}

    assert named - known == set()


def test_probes_and_scrapes_go_to_the_monitoring_port_and_callers_to_the_other() -> None:
    process = yaml.safe_load((MANIFESTS / "process" / "deployment.yaml").read_text(encoding="utf-8"))
    template = process["spec"]["template"]
    (container,) = template["spec"]["containers"]
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    probed = {name: probe["httpGet"]["port"] for name, probe in container.items() if name.endswith("Probe")}
    service = yaml.safe_load((MANIFESTS / "roles" / "api" / "service.yaml").read_text(encoding="utf-8"))
    image = (ROOT / "deploy" / "containers" / "Dockerfile").read_text(encoding="utf-8")

    assert set(probed.values()) == {"monitoring"}
    assert template["metadata"]["annotations"]["prometheus.io/port"] == str(ports["monitoring"])
    assert [each["targetPort"] for each in service["spec"]["ports"]] == ["http"]
    assert f"GREEN_PORT={ports['http']} GREEN_MONITORING_PORT={ports['monitoring']}" in image
    assert f"127.0.0.1:{ports['monitoring']}/livez" in image


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_the_database_is_prepared_by_a_job_whose_user_no_process_has(service: Service) -> None:
    text = (MANIFESTS / "services" / service.name / "kustomization.yaml").read_text(encoding="utf-8")
    patched = {each["target"]["kind"]: each["patch"] for each in yaml.safe_load(text)["patches"]}
    jobs = {each["path"]: each["value"] for each in yaml.safe_load(patched["Job"])}
    processes = yaml.safe_load((MANIFESTS / "process" / "deployment.yaml").read_text(encoding="utf-8"))

    assert jobs["/spec/template/spec/containers/0/args"] == [service.package]
    assert jobs["/spec/template/spec/containers/0/envFrom/0/secretRef/name"] == f"{service.name}-setup"
    assert "setup" not in json.dumps(processes["spec"]["template"]["spec"])


def test_every_file_is_part_of_what_is_applied() -> None:
    assert set(applied(MANIFESTS)) == {file for file in MANIFESTS.rglob("*.yaml") if file.name != "kustomization.yaml"}


def applied(folder: Path) -> Iterator[Path]:
    """Return the files of a folder's kustomization, those of the kustomizations it names included."""
    named = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    for each in (*named.get("resources", ()), *named.get("components", ())):
        place = (folder / each).resolve()
        assert place.exists(), f"{folder}: {each}"
        if place.is_dir():
            yield from applied(place)
        else:
            yield place


@pytest.fixture(scope="module")
def built() -> Mapping[str, list[dict[str, Any]]]:
    """Return the objects that would be applied, by kind."""
    if KUBECTL is None:
        pytest.skip("kubectl is not installed, and Debian 12 has none that knows components")
    answer = subprocess.run([KUBECTL, "kustomize", "."], cwd=MANIFESTS, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in yaml.safe_load_all(answer.stdout):
        found[each["kind"]].append(each)
    return found


def test_kustomize_builds_three_roles_of_each_service(built: Mapping[str, list[dict[str, Any]]]) -> None:
    names = {each["metadata"]["name"] for each in built["Deployment"]}

    assert names == {f"{service.name}-{role}" for service in SERVICES for role in ("api", "worker", "jobs")}


def test_each_role_is_spread_over_nodes_and_not_taken_away_at_once(built: Mapping[str, list[dict[str, Any]]]) -> None:
    budgets = {each["metadata"]["name"]: each["spec"] for each in built["PodDisruptionBudget"]}
    for each in built["Deployment"]:
        name, chosen = each["metadata"]["name"], each["spec"]["selector"]["matchLabels"]
        (spread,) = each["spec"]["template"]["spec"]["topologySpreadConstraints"]

        assert len(chosen) >= 3, name
        assert spread["labelSelector"]["matchLabels"] == chosen, name
        assert budgets[name] == {"maxUnavailable": 1, "selector": {"matchLabels": chosen}}, name


def test_at_least_two_of_each_role_run_and_review_has_one_more_for_what_a_worker_drains_until_it_is_there(
    built: Mapping[str, list[dict[str, Any]]],
) -> None:
    (scaled,) = (each["spec"] for each in built["ScaledObject"])
    floors = {each["metadata"]["name"]: each["spec"].get("replicas") for each in built["Deployment"]}
    floors[scaled["scaleTargetRef"]["name"]] = scaled["minReplicaCount"]

    assert {name: least for name, least in floors.items() if (least or 0) < 2} == {}
    (waiting,) = {int(trigger["metadata"]["value"]) for trigger in scaled["triggers"]}
    seconds = scaled["pollingInterval"] + SECONDS_TO_START
    assert waiting == seconds * CASES_A_SECOND
    assert waiting > 10 * OfApplications.model_fields["prefetch"].default


def test_an_api_goes_on_answering_until_it_is_asked_no_more(built: Mapping[str, list[dict[str, Any]]]) -> None:
    for each in built["Deployment"]:
        (container,) = each["spec"]["template"]["spec"]["containers"]

        assert ("lifecycle" in container) == each["metadata"]["name"].endswith("-api")
