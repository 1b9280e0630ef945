"""Puts into each service what people's commands have put there before the first message of an application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

from applications.domain.files import SentFile
from applications.handlers.drafts import OpenDraft, open_draft
from applications.handlers.submission import Submit, submit_application
from assessor_quota.domain.entry import ActorRef
from assessor_quota.handlers.namings import ConfirmNamings, NamedApplication, confirm_namings
from assessor_quota.handlers.register import register_assessor
from devkit import HandlerHarness
from messages.values import Level, Role
from notify.domain.recipients import Recipient
from notify.handlers.contacts import ConfirmContact, SetContact, confirm_contact, set_contact

from tests.contention.season_messages import ASSESSOR, BY_ASSESSOR, ApplicationMessages
from tests.contracts.seed import NOW

Preparation = Callable[[HandlerHarness[Any], Sequence[ApplicationMessages]], Awaitable[None]]
of_applications: Any = import_module("services.applications.tests.builders")
CODE = "12345678"
save_standing: Any = import_module("services.applications.tests.harness").save_standing
save_evidence: Any = import_module("services.applications.tests.harness").save_evidence
of_assessors: Any = import_module("services.assessor-quota.tests.builders")


async def _submit(service: HandlerHarness[Any], messages: Sequence[ApplicationMessages]) -> None:
    """Each unit, on its prefecture's list and with its evidence, has submitted an assessor's report."""
    for each in messages:
        unit, key = each.unit, each.application_id
        evidence = SentFile(of_applications.DIGEST, unit.uscc, "a.pdf", 9, "application/pdf")
        await service.handle(save_evidence, evidence, NOW)
        await service.handle(save_standing, of_applications.standing(unit), NOW)
        draft = OpenDraft(key, unit, Level.REGION, 2026, BY_ASSESSOR, report=of_applications.report(unit))
        await service.handle(open_draft, draft, NOW)
        await service.handle(submit_application, Submit(key, "li"), NOW)


async def _register(service: HandlerHarness[Any], messages: Sequence[ApplicationMessages]) -> None:
    """The assessor is on the register, and has confirmed the applications."""
    assessor = of_assessors.assessor(ASSESSOR.uscc)
    await service.handle(register_assessor, of_assessors.registration(assessor), NOW)
    named = tuple(NamedApplication(each.application_id, each.unit.uscc) for each in messages)
    await service.handle(confirm_namings, ConfirmNamings(ASSESSOR.uscc, named, ActorRef("of-the-assessor", ())), NOW)


async def _want_mail(service: HandlerHarness[Any], messages: Sequence[ApplicationMessages]) -> None:
    """The offices, the assessor and every unit want e-mail."""
    for reader in _readers(messages):
        await service.handle(set_contact, SetContact(reader, "a@b.example", "zh", CODE), NOW)
        await service.handle(confirm_contact, ConfirmContact(reader, CODE), NOW)


def _readers(messages: Sequence[ApplicationMessages]) -> Iterable[Recipient]:
    yield from map(Recipient, (Role.REGIONAL_OFFICER, Role.REVIEW_ORGANISATION, Role.PUBLIC))
    yield Recipient(Role.ASSESSOR, organisation=ASSESSOR.uscc)
    yield Recipient(Role.PREFECTURE_OFFICER, prefecture=messages[0].unit.prefecture)
    yield from (Recipient(Role.APPLICANT, organisation=each.unit.uscc) for each in messages)


PREPARATIONS: Mapping[str, Preparation] = {
    "applications": _submit,
    "assessor-quota": _register,
    "notify": _want_mail,
}
"""By service; the others need nothing but the registration of the assessor, which all get as a message."""
