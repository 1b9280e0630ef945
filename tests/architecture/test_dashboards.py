"""Dashboards show metrics that exist, as the code composes them, for people who read Chinese."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from deploy.generate.dashboards import generator
from deploy.generate.dashboards.dashboards import BOARDS
from deploy.generate.dashboards.panels import Panel
from deploy.services import SERVICES
from tests.architecture.promql import exported_metrics, metrics_of

PANELS = [pytest.param(panel, id=f"{board.name}: {panel.english}") for board in BOARDS for panel in board.panels]
STATIC = Path("/usr/share/prometheus/web/static")
"""What Debian's package serves under /classic/static."""
HAN = re.compile(r"[\u4e00-\u9fff]")
every_panel = pytest.mark.parametrize("panel", PANELS)
every_service = pytest.mark.parametrize("service", [service.name for service in SERVICES])


def shown(service: str) -> list[dict[str, Any]]:
    """The panels of the committed dashboard that show something."""
    board = json.loads((generator.FOLDER / "grafana" / f"{service}.json").read_text(encoding="utf-8"))
    return [panel for panel in board["panels"] if panel["type"] != "row"]


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


@every_service
def test_every_query_of_grafanas_json_parses_and_has_a_unit_and_a_data_source(service: str) -> None:
    for panel in shown(service):
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "${source}"
        assert all(metrics_of(target["expr"]) <= exported_metrics() for target in panel["targets"]), panel["title"]


@every_service
def test_no_panel_of_a_board_covers_another(service: str) -> None:
    covered: set[tuple[int, int]] = set()
    for panel in shown(service):
        place = panel["gridPos"]
        columns, lines = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        mine = {(column, line) for column in columns for line in lines}
        assert mine.isdisjoint(covered), panel["title"]
        assert max(columns) < 24
        covered |= mine


@pytest.mark.skipif(not STATIC.exists(), reason="the scripts come with the Debian package prometheus")
@every_service
def test_a_page_of_prometheus_loads_scripts_and_styles_that_are_there(service: str) -> None:
    page = (generator.CONSOLES / f"{service}.html").read_text(encoding="utf-8")
    files = re.findall(r"/classic/static/([^\"]+)", page)

    assert files
    assert [file for file in files if not (STATIC / file).is_file()] == []


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
