"""The committed definitions that a broker is given."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

VHOST = "green"
COMMITTED = Path(__file__).parent.parent / "rabbitmq" / "definitions.json"


def committed() -> dict[str, Any]:
    """Read them; a test holds them to what the services hear."""
    definitions: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
    return definitions


def with_passwords(definitions: Mapping[str, Any], passwords: Mapping[str, str]) -> dict[str, Any]:
    return {**definitions, "users": [{**user, "password": passwords[user["name"]]} for user in definitions["users"]]}
