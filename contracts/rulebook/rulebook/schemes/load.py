"""Which scheme was in force for a unit type on a day."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from itertools import combinations

from messages.errors import InvalidFileError

from rulebook.documents import read, read_all, read_documents
from rulebook.schemes.model import Scheme


class SchemeNotFoundError(LookupError):
    """No scheme for the unit type and day, or of that id and version."""


class Schemes:
    """All known schemes; for each unit type at most one on any day."""

    def __init__(self, schemes: tuple[Scheme, ...]) -> None:
        self.all = tuple(sorted(schemes, key=lambda scheme: (scheme.unit_type, scheme.in_force_from)))

    def on(self, unit_type: str, day: date) -> Scheme:
        for scheme in self.all:
            if scheme.unit_type == unit_type and scheme.covers(day):
                return scheme
        raise SchemeNotFoundError(f"no scheme for {unit_type} was in force on {day}")

    def of(self, scheme_id: str, version: str) -> Scheme:
        """The scheme a case has kept since it was submitted, whatever is in force today."""
        for scheme in self.all:
            if (scheme.id, scheme.version) == (scheme_id, version):
                return scheme
        raise SchemeNotFoundError(f"no scheme {scheme_id} has the version {version}")


def scheme_from(name: str, text: str) -> Scheme:
    """One scheme from TOML, for example a prefecture's variant; raises InvalidFileError with all faults."""
    scheme, problems = read(name, text, Scheme)
    if scheme is None:
        raise InvalidFileError(problems)
    return scheme


def schemes_from(documents: Mapping[str, str]) -> Schemes:
    """Schemes from TOML texts by name; raises InvalidFileError with all that is wrong in any of them."""
    good, problems = read_all(documents, Scheme)
    for one, other in combinations(good, 2):
        if good[one].unit_type == good[other].unit_type and good[one].overlaps(good[other]):
            problems.append(f"{one}, {other}: both are in force for {good[one].unit_type}")
        if good[one].key == good[other].key:
            problems.append(f"{one}, {other}: both are {good[one].key}")
    if problems:
        raise InvalidFileError(problems)
    return Schemes(tuple(good.values()))


@cache
def _packaged() -> Schemes:
    return schemes_from(read_documents("schemes"))


def scheme_on(unit_type: str, day: date) -> Scheme:
    return _packaged().on(unit_type, day)


def scheme_of(scheme_id: str, version: str) -> Scheme:
    return _packaged().of(scheme_id, version)
