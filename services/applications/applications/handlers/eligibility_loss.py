"""What ends a submitted application: a fact that becomes known (V10), a condition that fails at intake (V5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from messages.event import Event
from messages.values import Reason
from rulebook import rules_of, scheme_of, shanghai_date

from applications.domain import eligibility
from applications.domain.application import Application, State
from applications.domain.eligibility import EligibilityContext
from applications.domain.facts import Fact
from applications.domain.organisation_status import OrganisationStatus
from applications.handlers.ports import Store, standing_of


async def stop_ineligible(uscc: str, store: Store, now: datetime) -> Sequence[Event]:
    """Return what still waits for an item, say of what is in review that its eligibility is lost; each once."""
    standing, day = await standing_of(uscc, store), shanghai_date(now)
    facts = await store.facts.find({"uscc": uscc})
    said: list[Event] = []
    for opened in standing.open:
        application = await store.applications.require(opened.application_id)
        if reasons := _against(application, standing, facts, day):
            said.append(_stopped(application, reasons, day, store))
            standing = standing.without_open(opened.application_id)
    # Saved unchanged as well: a submission that has not seen the fact must not be committed beside it.
    store.standings.save(uscc, standing)
    return said


async def recheck_at_intake(application: Application, day: date, store: Store) -> Sequence[Event]:
    """The conditions are asked again as of the day on which the region takes it in; certificates end, lists change."""
    if not application.is_open:
        return []
    standing = await standing_of(application.unit.uscc, store)
    facts = await store.facts.find({"uscc": application.unit.uscc})
    reasons = tuple(eligibility.failed_at_intake(_evaluated_on(day, application, standing, facts)))
    if not reasons:
        return []
    left = standing.without_open(application.application_id)
    store.standings.save(left.uscc, left)
    return [_stopped(application, reasons, day, store)]


def _against(
    application: Application, standing: OrganisationStatus, facts: Sequence[Fact], day: date
) -> tuple[Reason, ...]:
    """As of its submission, had the fact been known then, and as of today."""
    if not application.is_open:
        return ()
    looks = (_evaluated_on(each, application, standing, facts) for each in (application.day, day))
    return tuple(dict.fromkeys(found for each in looks for found in eligibility.on_record(each)))


def _evaluated_on(
    day: date, application: Application, standing: OrganisationStatus, facts: Sequence[Fact]
) -> EligibilityContext:
    """By the rule set and the scheme that it keeps (G2, A2)."""
    version, scheme = application.with_version
    return EligibilityContext(
        application, day, rules_of(version), scheme_of(scheme.id, scheme.version), standing, facts
    )


def _stopped(application: Application, reasons: tuple[Reason, ...], day: date, store: Store) -> Event:
    if application.state is State.SUBMITTED:
        refused = application.refused(reasons)
        store.applications.save(refused.application_id, refused)
        return refused.said_refused(day)
    lost = application.with_eligibility_lost(reasons, day)
    store.applications.save(lost.application_id, lost)
    return lost.said_lost(day)
