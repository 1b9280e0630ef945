from __future__ import annotations

import inspect
import re
from pathlib import Path

from chassis.observability.metrics import Metrics
from prometheus_client import generate_latest

LABELS = {
    "event_type",
    "outcome",
    "consumer",
    "cause",
    "code",
    "policy",
    "status",
    "job",
    "gauge",
    "link",
    "collection",
}


def families() -> dict[str, str]:
    exposed = generate_latest(Metrics().registry).decode()
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", exposed, re.MULTILINE))


def test_every_metric_is_named_by_the_convention() -> None:
    assert len(families()) > 10
    for name, kind in families().items():
        assert re.fullmatch(r"green_[a-z0-9_]+", name)
        assert name.endswith("_total") == (kind == "counter"), name


def test_every_metric_of_the_catalogue_has_a_comment_of_its_own() -> None:
    lines = inspect.getsource(Metrics).splitlines()
    made = [at for at, line in enumerate(lines) if re.match(r"\s+self\.\w+ = self\._(counter|gauge|histogram)\(", line)]

    assert len(made) == len([name for name in families() if not name.endswith("_created")])
    assert all(lines[at - 1].lstrip().startswith("#") for at in made)


def test_labels_are_closed_vocabularies() -> None:
    used = {label for metric in vars(Metrics()).values() for label in getattr(metric, "_labelnames", ())}

    assert used <= LABELS


def test_two_services_in_one_process_do_not_share_metrics() -> None:
    one, other = Metrics(), Metrics()
    one.dead_letters.inc()

    assert other.registry.get_sample_value("green_dead_letters_total") == 0.0


def test_process_exports_its_memory_and_cpu_time() -> None:
    exposed = generate_latest(Metrics().with_process().registry).decode()

    assert "process_resident_memory_bytes" in exposed


def test_every_metric_of_the_catalogue_is_used() -> None:
    package = Path(inspect.getfile(Metrics)).parent
    code = "".join(
        file.read_text(encoding="utf-8") for file in package.parent.rglob("*.py") if file.name != "metrics.py"
    )
    unused = [name for name in vars(Metrics()) if name != "registry" and f"metrics.{name}." not in code]

    assert unused == []
