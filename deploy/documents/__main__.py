"""``python -m deploy.documents [--write]``: hold the committed documents to the code, or write them anew."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from deploy.documents.apis import openapi
from deploy.documents.events import asyncapi

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"


def documents() -> dict[Path, str]:
    """File → the text that belongs in it."""
    made = {Path("openapi") / f"{name}.json": document for name, document in asyncio.run(openapi()).items()}
    made[Path("asyncapi") / "green.json"] = asyncapi()
    return {CONTRACTS / name: rendered(document) for name, document in made.items()}


def rendered(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def differing(made: dict[Path, str]) -> list[Path]:
    """Files that are missing or say something else than the code, and those that nothing belongs in."""
    stale = [file for file, text in made.items() if not file.exists() or file.read_text(encoding="utf-8") != text]
    folders = {file.parent for file in made}
    orphans = [file for folder in sorted(folders) for file in sorted(folder.glob("*.json")) if file not in made]
    return stale + orphans


def main() -> int:
    """Exit 0 when documents and code agree (or were brought to agree), 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m deploy.documents", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write what differs")
    asked = parser.parse_args()
    made = documents()
    found = differing(made)
    for file in found:
        if asked.write:
            write(file, made.get(file))
        print(f"{'written' if asked.write else 'differs from the code'}: {file.relative_to(CONTRACTS.parent)}")
    return 1 if found and not asked.write else 0


def write(file: Path, text: str | None) -> None:
    """Write the document, or take away one of a service that is no more."""
    if text is None:
        file.unlink()
        return
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
