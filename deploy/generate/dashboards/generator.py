"""The files of the dashboards: Grafana's JSON and console templates of Prometheus."""

from __future__ import annotations

from pathlib import Path

from deploy.generate.dashboards import console, grafana
from deploy.generate.dashboards.dashboards import BOARDS

FOLDER = Path(__file__).parent
CONSOLES = FOLDER / "consoles"


def generate() -> dict[Path, str]:
    """Return file → text."""
    pages = {CONSOLES / f"{board.name}.html": console.rendered(board, BOARDS) for board in BOARDS}
    return {FOLDER / "grafana" / f"{board.name}.json": grafana.rendered(board) for board in BOARDS} | pages
