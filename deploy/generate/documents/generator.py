"""The files of the documents: OpenAPI of each service, AsyncAPI of the events."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from deploy.generate.documents.apis import openapi
from deploy.generate.documents.events import asyncapi

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"


def generate() -> dict[Path, str]:
    """Return file → text."""
    documents = {Path("openapi") / f"{name}.json": document for name, document in asyncio.run(openapi()).items()}
    documents[Path("asyncapi") / "green.json"] = asyncapi()
    return {CONTRACTS / name: rendered(document) for name, document in documents.items()}


def rendered(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
