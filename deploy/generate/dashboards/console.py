"""The dashboard as a console template: Prometheus serves it at /consoles/services.html?service=review.

The service is a parameter of the address. The template takes known names only, because it stands in the queries.
"""

from __future__ import annotations

import json
from html import escape

from deploy.generate.dashboards.panels import SERVICE, Dashboard, Panel, PanelUnit, Row

NUMBERS = {PanelUnit.SECONDS: "humanizeDuration", PanelUnit.BYTES: "humanize1024"}
STYLES = (
    "rickshaw/rickshaw.min.css",
    "bootstrap4/css/bootstrap.min.css",
    "css/prom_console.css",
    "vendor/bootstrap4-glyphicons/css/bootstrap-glyphicons.css",
)
SCRIPTS = (
    "d3/d3.min.js",
    "rickshaw/rickshaw.min.js",
    "jquery/jquery.min.js",
    "bootstrap4/js/bootstrap.min.js",
)
STATIC = "{{ pathPrefix }}/classic/static"
STYLE = """
body { padding: 1rem; font-size: .95rem; line-height: 1.5; }
nav a { margin-right: 1rem; }
h2 { font-size: 1.15rem; margin: 1.5rem 0 .6rem; border-bottom: 1px solid #ccc; }
h3 { font-size: 1rem; margin: 0; }
small { color: #555; display: block; }
.numbers, .graphs { display: flex; flex-wrap: wrap; gap: 1rem; }
.number { border: 1px solid #ccc; border-radius: 4px; padding: .6rem .9rem; min-width: 11rem; }
.number b { font-size: 1.6rem; display: block; }
.alarm { background: #b00020; color: #fff; }
.alarm small, .alarm a { color: #fff; }
.graphs { margin-top: 1rem; }
.graph { width: 42rem; max-width: 100%; overflow-x: auto; }
"""


def rendered(board: Dashboard) -> str:
    """Return the page; scripts of Debian's Prometheus package draw the graphs."""
    links = "\n".join(f'<a href="{board.name}.html?service={name}">{escape(name)}</a>' for name in board.services)
    rows = "\n".join(_row(row, number) for number, row in enumerate(board.rows))
    return f"""{_chosen_service(board.services)}<!doctype html>
<html lang="zh">
<head>
<meta charset="utf-8">
<title>{escape(board.title)} {{{{ $service }}}}</title>
{_head()}
<style>{STYLE}</style>
</head>
<body>
<nav>{links} <a href="{{{{ pathPrefix }}}}/classic/alerts">告警 Alerts</a></nav>
<h1>{escape(board.title)}: {{{{ $service }}}}</h1>
{rows}
</body>
</html>
"""


def _chosen_service(services: tuple[str, ...]) -> str:
    """Return the actions that set ``$service``: the parameter if it is a service, else the first one."""
    known = " ".join(f'"{name}"' for name in services)
    return (
        f'{{{{ $service := "{services[0]}" }}}}'
        f"{{{{ if eq .Params.service {known} }}}}{{{{ $service = .Params.service }}}}{{{{ end }}}}"
    )


def _head() -> str:
    styles = [f'<link rel="stylesheet" href="{STATIC}/{each}">' for each in STYLES]
    scripts = [f'<script src="{STATIC}/{each}"></script>' for each in SCRIPTS]
    # The page's own script looks for the path of its data when it is loaded.
    own = [
        '<script>var PATH_PREFIX = "{{ pathPrefix }}";</script>',
        f'<script src="{STATIC}/js/prom_console.js"></script>',
    ]
    return "\n".join((*styles, *scripts, *own))


def _row(row: Row, number: int) -> str:
    numbers = "\n".join(map(_number, row.numbers))
    graphs = "\n".join(_graph(panel, f"graph-{number}-{place}") for place, panel in enumerate(row.graphs))
    shown = f"""<h2>{escape(row.title)}</h2>
<div class="numbers">
{numbers}
</div>
<div class="graphs">
{graphs}
</div>"""
    return shown if row.service is None else f'{{{{ if eq $service "{row.service}" }}}}{shown}{{{{ end }}}}'


def _number(panel: Panel) -> str:
    (query,) = panel.queries
    shape = NUMBERS.get(panel.unit, "humanize")
    alarm = "" if panel.alarm is None else f"{{{{ if ge (value .) {panel.alarm:.1f} }}}} alarm{{{{ end }}}}"
    return f"""{{{{ with query {_expression(query.expression)} }}}}{{{{ with first . }}}}<div class="number{alarm}">
<h3>{escape(panel.title)}</h3><small>{escape(panel.english)}</small><b>{{{{ value . | {shape} }}}}</b></div>
{{{{ end }}}}{{{{ else }}}}<div class="number">
<h3>{escape(panel.title)}</h3><small>{escape(panel.english)}</small><b>–</b></div>{{{{ end }}}}"""


def _expression(expression: str) -> str:
    """Return the template's expression for a query, with the chosen service in it."""
    if SERVICE not in expression:
        return f"`{expression}`"
    return f"(reReplaceAll `[$]service` $service `{expression}`)"


def _graph(panel: Panel, place: str) -> str:
    asked = {
        "name": [query.legend.replace("{{", "[[ ").replace("}}", " ]]") or panel.title for query in panel.queries],
        "min": 0,
        "renderer": "line",
        "width": 560,
        "height": 180,
        "yTitle": panel.unit.word,
        "xTitle": "",
    }
    expressions = json.dumps([query.expression for query in panel.queries])
    words = json.dumps(asked, ensure_ascii=False).replace("</", "<\\/")
    return f"""<div class="graph">
<h3>{escape(panel.title)}</h3><small>{escape(panel.english)}</small><div id="{place}"></div>
<script>
new PromConsole.Graph(Object.assign({words}, {{
  expr: {expressions}.map((each) => each.replaceAll("{SERVICE}", {{{{ $service }}}})),
  node: document.getElementById("{place}"),
  yAxisFormatter: PromConsole.NumberFormatter.humanize,
  yHoverFormatter: PromConsole.NumberFormatter.humanize,
}}));
</script></div>"""
