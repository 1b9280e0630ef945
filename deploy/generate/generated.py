"""Files that are written from the code: held to it, or written anew."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

Made = Mapping[Path, str]
"""File → the text that belongs in it; in their folders nothing else does."""


def outdated(made: Made) -> list[Path]:
    """Files that are missing or say something else than the code, and those that nothing belongs in."""
    stale = [file for file, text in made.items() if not file.exists() or file.read_text(encoding="utf-8") != text]
    folders = sorted({file.parent for file in made if file.parent.exists()})
    return stale + [file for folder in folders for file in sorted(folder.iterdir()) if file not in made]


def check_or_write(made: Made, root: Path, argv: Sequence[str] | None = None) -> int:
    """Name each file that differs; give 0 when none does (or, with ``--write``, when all were brought to agree)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write what differs")
    asked = parser.parse_args(argv)
    found = outdated(made)
    for file in found:
        if asked.write:
            _write(file, made.get(file))
        print(f"{'written' if asked.write else 'differs from the code'}: {file.relative_to(root)}")
    return 1 if found and not asked.write else 0


def _write(file: Path, text: str | None) -> None:
    """Write it, or take it away where nothing belongs in it."""
    if text is None:
        file.unlink()
        return
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
