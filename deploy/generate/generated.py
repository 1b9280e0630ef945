"""Compares generated files with what the code generates, or writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff
from itertools import islice
from pathlib import Path

GeneratedFiles = Mapping[Path, str]
"""File → its text; the folders of these files hold nothing else, except that of a README."""
DIFF_LINES = 40
README = "README.md"


def outdated(files: GeneratedFiles) -> list[Path]:
    """Return the files that are missing or differ from the code, and those that the code no longer generates."""
    stale = [file for file, text in files.items() if _committed(file) != text]
    folders = sorted({file.parent for file in files if file.parent.exists() and file.name != README})
    return stale + [file for folder in folders for file in sorted(folder.iterdir()) if file not in files]


def differences(files: GeneratedFiles, root: Path) -> Iterator[str]:
    """Yield for each outdated file its name and the first lines of the difference; writes nothing."""
    for file in outdated(files):
        name = str(file.relative_to(root))
        before, after = (_committed(file) or "").splitlines(), files.get(file, "").splitlines()
        lines = list(islice(unified_diff(before, after, name, "generated from the code", lineterm=""), DIFF_LINES + 1))
        more = ["…"] if len(lines) > DIFF_LINES else []
        yield "\n".join([f"{name} is outdated", *lines[:DIFF_LINES], *more])


def write(files: GeneratedFiles) -> list[Path]:
    """Write outdated files, remove those that the code no longer generates, and return them all."""
    changed = outdated(files)
    for file in changed:
        if file not in files:
            file.unlink()
            continue
        file.parent.mkdir(exist_ok=True)
        file.write_text(files[file], encoding="utf-8")
    return changed


def _committed(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.is_file() else None
