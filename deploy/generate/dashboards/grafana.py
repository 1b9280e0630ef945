"""The dashboard as Grafana's JSON, to be provisioned or imported; data source and service are variables there."""

from __future__ import annotations

import json

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    GridPos,
    Threshold,
    ThresholdsMode,
    VariableOption,
)

from deploy.generate.dashboards.panels import SERVICE, Dashboard, Panel, Query

WIDTH = 24
NUMBER_WIDTH, NUMBER_HEIGHT = 4, 4
GRAPH_WIDTH, GRAPH_HEIGHT = 12, 8
SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")


def rendered(board: Dashboard) -> str:
    built = (
        dashboard.Dashboard(board.title)
        .uid(f"green-{board.name}")
        .tags(["green"])
        .timezone("Asia/Shanghai")
        .time("now-6h", "now")
        .refresh("30s")
        .readonly()
        .with_variable(dashboard.DatasourceVariable("source").type("prometheus").label("数据源"))
        .with_variable(_service_variable(board.services))
    )
    top = 0
    for row in board.rows:
        built = built.with_row(dashboard.Row(row.title).grid_pos(GridPos(h=1, w=WIDTH, x=0, y=top)))
        top += 1
        for place, panel in enumerate(row.numbers):
            built = built.with_panel(_number(panel).grid_pos(_place(place, top, NUMBER_WIDTH, NUMBER_HEIGHT)))
        top += NUMBER_HEIGHT * -(-len(row.numbers) * NUMBER_WIDTH // WIDTH)
        for place, panel in enumerate(row.graphs):
            built = built.with_panel(_graph(panel).grid_pos(_place(place, top, GRAPH_WIDTH, GRAPH_HEIGHT)))
        top += GRAPH_HEIGHT * -(-len(row.graphs) * GRAPH_WIDTH // WIDTH)
    return json.dumps(json.loads(JSONEncoder().encode(built.build())), ensure_ascii=False, indent=1) + "\n"


def _service_variable(services: tuple[str, ...]) -> dashboard.CustomVariable:
    options = [VariableOption(selected=name == services[0], text=name, value=name) for name in services]
    return (
        dashboard.CustomVariable(SERVICE.removeprefix("$"))
        .label("服务")
        .values(",".join(services))
        .options(options)
        .current(options[0])
    )


def _place(number: int, top: int, width: int, height: int) -> GridPos:
    down, right = divmod(number * width, WIDTH)
    return GridPos(h=height, w=width, x=right, y=top + down * height)


def _number(panel: Panel) -> stat.Panel:
    shown = stat.Panel().title(panel.title).description(panel.english).datasource(SOURCE).unit(panel.unit.grafana)
    if panel.alarm is not None:
        steps = [Threshold(color="green", value=None), Threshold(color="red", value=panel.alarm)]
        shown = shown.thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    for query in panel.queries:
        shown = shown.with_target(_query(query))
    return shown


def _graph(panel: Panel) -> timeseries.Panel:
    shown = timeseries.Panel().title(panel.title).description(panel.english).datasource(SOURCE)
    shown = shown.unit(panel.unit.grafana).min(0)
    for place, query in enumerate(panel.queries):
        shown = shown.with_target(_query(query).ref_id(chr(ord("A") + place)))
    return shown


def _query(query: Query) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expression).legend_format(query.legend or "__auto")
