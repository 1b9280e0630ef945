"""Writes the files that are generated from the code, or compares them with it (`--check`)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.generate import broker_definitions, database_roles, readmes, schemas
from deploy.generate.dashboards import generator as dashboards
from deploy.generate.documents import generator as documents
from deploy.generate.generated import differences, write

ROOT = Path(__file__).resolve().parents[2]
GENERATORS = (
    schemas.generate,
    documents.generate,
    broker_definitions.generate,
    database_roles.generate,
    dashboards.generate,
    readmes.generate,
)


def generated_files() -> dict[Path, str]:
    """Return file → text for every generated file."""
    return {file: text for generate in GENERATORS for file, text in generate().items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Return 1 when a check finds a difference, or when a schema would break its readers; nothing is written then."""
    parser = argparse.ArgumentParser(prog="python -m deploy.generate", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="show each difference, write nothing; exit 1 if there is one"
    )
    check: bool = parser.parse_args(argv).check
    try:
        files = generated_files()
    except schemas.BreakingChangeError as error:
        print(f"breaking change, nothing is written:\n{error}", file=sys.stderr)
        return 1
    if not check:
        for file in write(files):
            print(f"{'written' if file in files else 'removed'}: {file.relative_to(ROOT)}")
        return 0
    found = list(differences(files, ROOT))
    if found:
        print("\n\n".join([*found, "run: make generate"]), file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
