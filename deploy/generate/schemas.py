"""The published JSON Schema of each event; a change that breaks a reader is refused."""

from __future__ import annotations

from pathlib import Path

from messages.compatibility import breaking_changes_since
from messages.schemas import rendered, schemas

SCHEMAS = Path(__file__).resolve().parents[2] / "contracts" / "schemas"


class BreakingChangeError(ValueError):
    """A schema of the code would break readers or publishers of the published one."""


def generate() -> dict[Path, str]:
    """Return file → text; raises BreakingChangeError with every breaking change."""
    if broken := breaking_changes_since(SCHEMAS):
        raise BreakingChangeError(
            "\n".join(f"{each}; publish a new version of the type beside the old one instead" for each in broken)
        )
    return {SCHEMAS / f"{name}.json": rendered(schema) for name, schema in schemas().items()}
