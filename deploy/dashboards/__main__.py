"""``python -m deploy.dashboards [--write]``: hold the committed dashboards to the code, or write them anew."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deploy.dashboards import console, grafana
from deploy.dashboards.boards import BOARDS

FOLDER = Path(__file__).parent
CONSOLES = FOLDER / "consoles"


def files() -> dict[Path, str]:
    """File → the text that belongs in it."""
    pages = {CONSOLES / f"{board.name}.html": console.rendered(board, BOARDS) for board in BOARDS}
    return {FOLDER / "grafana" / f"{board.name}.json": grafana.rendered(board) for board in BOARDS} | pages


def differing(made: dict[Path, str]) -> list[Path]:
    """Files that are missing or say something else than the code."""
    return [file for file, text in made.items() if not file.exists() or file.read_text(encoding="utf-8") != text]


def main() -> int:
    """Exit 0 when dashboards and code agree (or were brought to agree), 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m deploy.dashboards", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write what differs")
    asked = parser.parse_args()
    made = files()
    found = differing(made)
    for file in found:
        if asked.write:
            file.parent.mkdir(exist_ok=True)
            file.write_text(made[file], encoding="utf-8")
        print(f"{'written' if asked.write else 'differs from the code'}: {file.relative_to(FOLDER)}")
    return 1 if found and not asked.write else 0


if __name__ == "__main__":
    sys.exit(main())
