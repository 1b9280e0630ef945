"""The handlers on a store in memory, with the short commands of the tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from applications.domain.application import Application
from applications.domain.files import SentFile
from applications.domain.organisation_status import OrganisationStatus
from applications.handlers.drafts import OpenDraft, open_draft
from applications.handlers.submission import Submit, submit_application
from applications.store import AGGREGATES, INDEXES, Store
from devkit import HandlerHarness
from messages.values import Level, UnitRef

from .builders import DIGEST, NOW, SELF_EVALUATION, STEEL, SUBJECT, report, standing
from .builders_events import KEY


class ApplicationsHarness(HandlerHarness[Store]):
    def __init__(self) -> None:
        super().__init__(Store, AGGREGATES, INDEXES)

    async def prepare(self, unit: UnitRef = STEEL) -> ApplicationsHarness:
        """Put the unit on its prefecture's list and send its evidence."""
        await self.perform(save_evidence, SentFile(DIGEST, unit.uscc, "a.pdf", 9, "application/pdf"), NOW)
        await self.perform(save_standing, standing(unit), NOW)
        return self

    async def draft(self, unit: UnitRef = STEEL, key: str = KEY, **changes: Any) -> str:  # noqa: ANN401 - fields by name
        """Open a complete draft."""
        fields = {"evaluation": SELF_EVALUATION, "report": report(unit)} | changes
        command = OpenDraft(key, unit, fields.pop("level", Level.REGION), 2026, **fields)
        await self.perform(open_draft, command, NOW)
        return key

    async def submit(self, key: str, now: datetime = NOW) -> Any:  # noqa: ANN401 - the outcome of the harness
        return await self.perform(submit_application, Submit(key, SUBJECT), now)

    async def application(self, key: str) -> Application:
        return await self.store().applications.require(key)

    async def standing(self, uscc: str = STEEL.uscc) -> OrganisationStatus:
        return await self.store().standings.require(uscc)


async def save_standing(command: OrganisationStatus, store: Store, _now: datetime) -> list[Any]:
    store.standings.save(command.uscc, command)
    return []


async def save_evidence(command: SentFile, store: Store, _now: datetime) -> list[Any]:
    """Put a file on record as sent, without bytes."""
    store.files.save(command.key, command)
    return []
