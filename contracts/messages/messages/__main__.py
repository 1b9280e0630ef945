"""``python -m messages FOLDER [--write]``: hold the committed schemas to the code; a breaking change is refused."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from messages.compatibility import breaking_changes
from messages.schemas import Schema, rendered, schemas


def compare(folder: Path) -> tuple[dict[str, Schema], list[str]]:
    """Compare code and record: what is new or changed additively, and every breaking change, all at once."""
    changed: dict[str, Schema] = {}
    broken: list[str] = []
    now = schemas()
    for name, schema in now.items():
        committed = folder / f"{name}.json"
        if not committed.exists():
            changed[name] = schema
        elif committed.read_text() != rendered(schema):
            changed[name] = schema
            broken += [f"{name}: {each}" for each in breaking_changes(json.loads(committed.read_text()), schema)]
    gone = {each.stem for each in folder.glob("*.json")} - set(now)
    broken += [f"{name}: a published type may not disappear" for name in sorted(gone)]
    return changed, broken


def main() -> int:
    """Exit 0 when code and record agree (or were brought to agree), 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m messages", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true", help="record new types and additive changes")
    asked = parser.parse_args()
    changed, broken = compare(asked.folder)
    for each in broken:
        sys.stderr.write(f"breaking: {each}; publish a new version of the type beside the old one instead\n")
    if broken:
        return 1
    for name, schema in changed.items():
        if asked.write:
            (asked.folder / f"{name}.json").write_text(rendered(schema))
        sys.stdout.write(f"{'recorded' if asked.write else 'differs from the record'}: {name}\n")
    return 1 if changed and not asked.write else 0


if __name__ == "__main__":
    sys.exit(main())
