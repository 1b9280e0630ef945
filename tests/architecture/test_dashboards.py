"""Dashboards show metrics that exist, as the code composes them, for people who read Chinese."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2
import pytest
from devkit.servers import free_ports

from deploy.generate.dashboards import generator
from deploy.generate.dashboards.dashboards import DASHBOARD
from deploy.generate.dashboards.panels import SERVICE, Panel
from deploy.services import SERVICES
from tests.architecture.promql import exported_metrics, metrics_of

PANELS = [pytest.param(panel, id=panel.english) for panel in DASHBOARD.panels]
STATIC = Path("/usr/share/prometheus/web/static")
"""Folder that Debian's package serves under /classic/static."""
PROMETHEUS = shutil.which("prometheus")
CONSOLE = generator.CONSOLES / f"{DASHBOARD.name}.html"
GRAFANA = generator.FOLDER / "grafana" / f"{DASHBOARD.name}.json"
HAN = re.compile(r"[\u4e00-\u9fff]")
every_panel = pytest.mark.parametrize("panel", PANELS)


@pytest.fixture(scope="module")
def grafana() -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads(GRAFANA.read_text(encoding="utf-8"))
    return dashboard


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Prometheus that serves the console and has no data."""
    assert PROMETHEUS
    folder, (port,) = tmp_path_factory.mktemp("prometheus"), free_ports(1)
    (folder / "prometheus.yml").write_text("{}")
    options = {
        "config.file": folder / "prometheus.yml",
        "storage.tsdb.path": folder / "data",
        "web.listen-address": f"127.0.0.1:{port}",
        "web.console.templates": generator.CONSOLES,
        "log.level": "error",
    }
    process = subprocess.Popen([PROMETHEUS, *(f"--{name}={value}" for name, value in options.items())])
    address = f"http://127.0.0.1:{port}"
    deadline = monotonic() + 60
    while not is_ready(address):
        assert process.poll() is None
        assert monotonic() < deadline
        sleep(0.1)
    yield address
    process.kill()
    process.wait()


def is_ready(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/-/ready", trust_env=False).is_success
    except httpx2.TransportError:
        return False


def console_page(prometheus: str, **params: str) -> str:
    answer = httpx2.get(f"{prometheus}/consoles/{CONSOLE.name}", params=params, trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer.text


def panels_of(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


@every_panel
def test_a_panel_shows_metrics_that_the_services_tell(panel: Panel) -> None:
    for query in panel.queries:
        names = metrics_of(query.expression)

        assert names
        assert names - exported_metrics() == set()


@every_panel
def test_a_panel_has_a_chinese_title_and_an_english_one(panel: Panel) -> None:
    assert HAN.search(panel.title)
    assert panel.english
    assert not HAN.search(panel.english)


def test_every_query_of_grafanas_json_parses_and_has_a_unit_and_a_data_source(grafana: dict[str, Any]) -> None:
    for panel in panels_of(grafana):
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "${source}"
        assert all(metrics_of(target["expr"]) <= exported_metrics() for target in panel["targets"]), panel["title"]


def test_grafana_lets_choose_every_service(grafana: dict[str, Any]) -> None:
    (variable,) = (each for each in grafana["templating"]["list"] if f"${each['name']}" == SERVICE)

    assert [option["value"] for option in variable["options"]] == [service.name for service in SERVICES]
    assert variable["current"]["value"] == SERVICES[0].name


def test_no_panel_covers_another(grafana: dict[str, Any]) -> None:
    covered: set[tuple[int, int]] = set()
    for panel in panels_of(grafana):
        place = panel["gridPos"]
        columns, lines = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        mine = {(column, line) for column in columns for line in lines}
        assert mine.isdisjoint(covered), panel["title"]
        assert max(columns) < 24
        covered |= mine


@pytest.mark.skipif(not STATIC.exists(), reason="the scripts come with the Debian package prometheus")
def test_the_console_loads_scripts_and_styles_that_are_there() -> None:
    files = re.findall(r"/classic/static/([^\"]+)", CONSOLE.read_text(encoding="utf-8"))

    assert files
    assert [file for file in files if not (STATIC / file).is_file()] == []


@pytest.mark.skipif(PROMETHEUS is None, reason="Prometheus serves the console")
@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_prometheus_renders_the_console_of_a_service(prometheus: str, service: str) -> None:
    page = console_page(prometheus, service=service)

    assert f"<h1>{DASHBOARD.title}: {service}</h1>" in page
    assert f'replaceAll("{SERVICE}", "{service}")' in page
    for row in DASHBOARD.rows:
        assert (f"<h2>{row.title}</h2>" in page) == (row.service in {None, service}), row.title


@pytest.mark.skipif(PROMETHEUS is None, reason="Prometheus serves the console")
@pytest.mark.parametrize("parameters", [{}, {"service": 'x"} or vector(1) #'}], ids=["none", "unknown"])
def test_the_console_takes_no_other_name_than_that_of_a_service(prometheus: str, parameters: dict[str, str]) -> None:
    page = console_page(prometheus, **parameters)

    assert f"<h1>{DASHBOARD.title}: {SERVICES[0].name}</h1>" in page
    assert "vector" not in page


def test_what_an_expression_looks_at_is_found_wherever_it_stands() -> None:
    expression = (
        'histogram_quantile(0.9, sum by (le) (rate(a[5m]))) > 3 or absent(b{c="d"}) and -max_over_time(sum(e)[5m:1m])'
    )

    assert metrics_of(expression) == {"a", "b", "e"}
    with pytest.raises(ValueError, match="parenthesis"):
        metrics_of("sum(a")


def test_a_metric_that_no_service_tells_is_noticed() -> None:
    assert "green_parked_messages" in exported_metrics()
    assert "green_parked_message" not in exported_metrics()
