"""The packages that are mutated: their pure code, and the tests of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy.services import SERVICES

CONTRACTS = ("messages", "rulebook", "chassis", "devkit")
"""In the order in which they import each other; the services import them all."""
CHASSIS = (
    "handling.py",
    "outbox/ordering.py",
    "persistence/codec.py",
    "persistence/collections.py",
    "persistence/query.py",
    "persistence/unit_of_work.py",
    "security/person_numbers.py",
    "security/policies.py",
    "security/pseudonyms.py",
    "settling.py",
    "spreadsheets/cells.py",
    "spreadsheets/table.py",
    "transactions",
)
"""Of the chassis what needs no server: rules of delivery, queries, access, numbers, cells."""


@dataclass(frozen=True)
class Package:
    name: str
    folder: str
    """From the root, with ``tests`` in it."""
    module: str
    parts: tuple[str, ...]
    """Folders and files of pure code, within the module."""

    @property
    def warm(self) -> tuple[str, ...]:
        """Other packages of the project that do not import this one."""
        return CONTRACTS if self.name not in CONTRACTS else CONTRACTS[: CONTRACTS.index(self.name)]

    def sources(self, root: Path) -> list[Path]:
        """Return its files of pure code, from the root."""
        found: set[Path] = set()
        for part in self.parts:
            path = root / self.folder / self.module / part
            found |= set(path.rglob("*.py")) if path.is_dir() else {path} & set(path.parent.glob("*.py"))
        return sorted(path.relative_to(root) for path in found)


PACKAGES = {
    each.name: each
    for each in (
        Package("messages", "contracts/messages", "messages", (".",)),
        Package("rulebook", "contracts/rulebook", "rulebook", (".",)),
        Package("chassis", "contracts/chassis", "chassis", CHASSIS),
        *(Package(each.name, f"services/{each.name}", each.package, ("domain", "handlers")) for each in SERVICES),
    )
}
