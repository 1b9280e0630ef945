"""``python -m deploy.generate.dashboards [--write]``: hold the committed dashboards to the code, or write them anew."""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.generate.dashboards import console, grafana
from deploy.generate.dashboards.dashboards import BOARDS
from deploy.generate.generated import check_or_write

FOLDER = Path(__file__).parent
CONSOLES = FOLDER / "consoles"


def files() -> dict[Path, str]:
    """File → the text that belongs in it."""
    pages = {CONSOLES / f"{board.name}.html": console.rendered(board, BOARDS) for board in BOARDS}
    return {FOLDER / "grafana" / f"{board.name}.json": grafana.rendered(board) for board in BOARDS} | pages


if __name__ == "__main__":
    sys.exit(check_or_write(files(), FOLDER))
