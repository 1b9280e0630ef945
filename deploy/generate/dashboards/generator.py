"""Files of the dashboard: Grafana's JSON and the console template of Prometheus."""

from __future__ import annotations

from pathlib import Path

from deploy.generate.dashboards import console, grafana
from deploy.generate.dashboards.dashboards import DASHBOARD

FOLDER = Path(__file__).parent
CONSOLES = FOLDER / "consoles"


def generate() -> dict[Path, str]:
    """Return file → text."""
    return {
        FOLDER / "grafana" / f"{DASHBOARD.name}.json": grafana.rendered(DASHBOARD),
        CONSOLES / f"{DASHBOARD.name}.html": console.rendered(DASHBOARD),
    }
