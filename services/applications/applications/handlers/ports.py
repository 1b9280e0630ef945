"""The ports of the handlers: the store they read and save in, and the receipt they reply with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from chassis.handling import Collection, PendingUpload
from messages.values import RecordedCode

from applications.domain.application import Application, State, Version
from applications.domain.assessors import KnownAssessor
from applications.domain.facts import Fact
from applications.domain.files import FileUsage, SentFile, StoredContent
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
        """By USCC. Only the assessor's own events write it; submissions read it."""
        ...

    @property
    def files(self) -> Collection[SentFile]:
        """By SHA-256 and sender (``domain.files.file_key``)."""
        ...

    @property
    def contents(self) -> Collection[StoredContent]:
        """By SHA-256: what is stored is never removed."""
        ...

    @property
    def file_usage(self) -> Collection[FileUsage]:
        """By organisation."""
        ...

    @property
    def uploads(self) -> Collection[PendingUpload]:
        """By the id of the bytes."""
        ...

    @property
    def codes(self) -> Collection[RecordedCode]:
        """By the code."""
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


async def facts_about(standing: OrganisationStatus, store: Store) -> Sequence[Fact]:
    return [await store.facts.require(fact_id) for fact_id in standing.facts]


def keys_of_facts(standing: OrganisationStatus) -> Iterable[tuple[str, str]]:
    return (("facts", fact_id) for fact_id in standing.facts)


def keys_of_open_applications(standing: OrganisationStatus) -> Iterable[tuple[str, str]]:
    return (("applications", each.application_id) for each in standing.open)
