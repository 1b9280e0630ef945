"""The ports of the handlers: the store they read and save in, and the receipt they reply with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chassis.handling import Collection

from applications.domain.application import Application, State, Version
from applications.domain.assessors import KnownAssessor
from applications.domain.facts import Fact
from applications.domain.files import StoredFile
from applications.domain.organisation_status import OrganisationStatus
from applications.domain.records import PrefectureList


class Store(Protocol):
    """The collections of the service."""

    @property
    def applications(self) -> Collection[Application]: ...
    @property
    def versions(self) -> Collection[Version]: ...
    @property
    def standings(self) -> Collection[OrganisationStatus]:
        """By USCC."""
        ...

    @property
    def facts(self) -> Collection[Fact]: ...
    @property
    def assessors(self) -> Collection[KnownAssessor]:
        """By USCC."""
        ...

    @property
    def files(self) -> Collection[StoredFile]:
        """By SHA-256."""
        ...

    @property
    def prefecture_lists(self) -> Collection[PrefectureList]: ...


@dataclass(frozen=True)
class Receipt:
    """The reply to a command: the application's state after the commit, and its version for the next change."""

    application_id: str
    state: State
    version: int


def receipt(application: Application, store: Store) -> Receipt:
    key = application.application_id
    return Receipt(key, application.state, store.applications.version(key))


async def standing_of(uscc: str, store: Store) -> OrganisationStatus:
    return await store.standings.get(uscc) or OrganisationStatus(uscc)
