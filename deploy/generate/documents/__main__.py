"""``python -m deploy.generate.documents [--write]``: hold the committed documents to the code, or write them anew."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from deploy.generate.documents.apis import openapi
from deploy.generate.documents.events import asyncapi
from deploy.generate.generated import check_or_write

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"


def documents() -> dict[Path, str]:
    """File → the text that belongs in it."""
    made = {Path("openapi") / f"{name}.json": document for name, document in asyncio.run(openapi()).items()}
    made[Path("asyncapi") / "green.json"] = asyncapi()
    return {CONTRACTS / name: rendered(document) for name, document in made.items()}


def rendered(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(check_or_write(documents(), CONTRACTS.parent))
