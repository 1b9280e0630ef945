"""The register of assessors: registration, amendment and the end of a registration (S7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.handling import Done, Refusal, require_current_version
from messages.assessor_quota import AssessorAmended, AssessorRegistered
from messages.values import PersonRef, UnitType
from rulebook import reason, shanghai_date

from assessor_quota.domain.amendment import Amendment, amendment_problems, apply_amendment, changed_parts
from assessor_quota.domain.assessor import Assessor, Deregistration, deregistration_problems, registration_problems
from assessor_quota.domain.entry import ActorRef, EntryKind
from assessor_quota.domain.refusals import refusal
from assessor_quota.domain.staff import StaffMember
from assessor_quota.handlers.entries import append_entry
from assessor_quota.handlers.lookup import find_assessor, versioned
from assessor_quota.handlers.people import canonical_person
from assessor_quota.handlers.ports import Store


@dataclass(frozen=True)
class RegisterAssessor:
    uscc: str
    name: str
    representative: PersonRef
    representative_name: str
    earlier_digests: tuple[str, ...]
    """Digests of the same document number under keys used before."""
    scope: tuple[UnitType, ...]
    staff: tuple[StaffMember, ...]
    by: ActorRef


@dataclass(frozen=True)
class AmendAssessor:
    uscc: str
    expected_version: int | None
    """The version that the caller has read; none where it does not matter."""
    amendment: Amendment
    by: ActorRef


@dataclass(frozen=True)
class EndRegistration:
    uscc: str
    since: date
    document_number: str
    by: ActorRef


@dataclass(frozen=True)
class RestoreRegistration:
    uscc: str
    document_number: str
    by: ActorRef


async def register_assessor(command: RegisterAssessor, store: Store, now: datetime) -> Done:
    """Enter an assessor with everything S7 requires; refused with all that is missing at once."""
    if await store.assessors.get(command.uscc) is not None:
        text = f"统一社会信用代码为{command.uscc}的第三方服务机构已登记"
        raise refusal("S7", "assessor-already-registered", text, evidence=command.uscc)
    today = shanghai_date(now)
    assessor = Assessor(
        uscc=command.uscc,
        name=command.name,
        representative=await canonical_person(command.representative, command.earlier_digests, store),
        representative_name=command.representative_name,
        scope=command.scope,
        staff=command.staff,
        registered_on=today,
    ).named(command.name)
    if problems := registration_problems(assessor):
        raise Refusal("registration-incomplete", *problems, status=422)
    assessor = append_entry(store, assessor, EntryKind.REGISTERED, command.by, now, on=today)
    return Done([_registered_event(assessor)], versioned(assessor, store))


async def amend_assessor(command: AmendAssessor, store: Store, now: datetime) -> Done:
    """Amend an entry; refused with every problem at once, or when it changed since it was read."""
    before = await find_assessor(command.uscc, store)
    text = f"第三方服务机构“{before.name}”的登记在读取后已被修改，请重新读取"
    require_current_version(
        command.expected_version, store.assessors.version(before.uscc), reason("S7", "version-stale", text)
    )
    if problems := amendment_problems(before, command.amendment):
        raise Refusal("amendment-refused", *problems, status=422)
    today, after = shanghai_date(now), apply_amendment(before, command.amendment)
    changed = changed_parts(before, after)
    after = append_entry(store, after, EntryKind.AMENDED, command.by, now, on=today, changed=changed)
    events = [_amended_event(after, today)] if {"name", "scope"} & {*changed} else []
    return Done(events, versioned(after, store))


async def end_registration(command: EndRegistration, store: Store, now: datetime) -> Done:
    """End a registration: no new items from the day on; entry, items and duties stay."""
    assessor = await find_assessor(command.uscc, store)
    number, since = command.document_number, command.since
    if problems := list(deregistration_problems(assessor, since, shanghai_date(now))):
        raise Refusal("deregistration-refused", *problems)
    ended = replace(assessor, deregistered=Deregistration(since, number))
    ended = append_entry(store, ended, EntryKind.DEREGISTERED, command.by, now, on=since, document_number=number)
    return Done([], versioned(ended, store))


async def restore_registration(command: RestoreRegistration, store: Store, now: datetime) -> Done:
    """Restore a registration by a document of its own; both stay in the history."""
    assessor = await find_assessor(command.uscc, store)
    if assessor.deregistered is None:
        text = f"第三方服务机构“{assessor.name}”的登记未曾终止"
        raise refusal("S7", "not-deregistered", text, evidence=assessor.uscc)
    today, number = shanghai_date(now), command.document_number
    restored = replace(assessor, deregistered=None)
    restored = append_entry(
        store, restored, EntryKind.REGISTERED_AGAIN, command.by, now, on=today, document_number=number
    )
    return Done([], versioned(restored, store))


def _registered_event(assessor: Assessor) -> AssessorRegistered:
    return AssessorRegistered(
        assessor_uscc=assessor.uscc,
        name=assessor.name,
        representative=assessor.representative,
        scope=assessor.scope,
        registered_on=assessor.registered_on,
    )


def _amended_event(assessor: Assessor, today: date) -> AssessorAmended:
    return AssessorAmended(assessor_uscc=assessor.uscc, name=assessor.name, scope=assessor.scope, amended_on=today)
