"""Ends of a submitted application: a fact that becomes known (V10), a condition that fails later (V5, E12)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from messages.event import Event
from messages.values import Reason
from rulebook import rules_of, scheme_of, shanghai_date

from applications.domain import eligibility
from applications.domain.application import Application, State
from applications.domain.eligibility import EligibilityContext
from applications.domain.facts import Fact
from applications.domain.organisation_status import OrganisationStatus
from applications.handlers.ports import (
    Store,
    facts_about,
    keys_of_facts,
    keys_of_open_applications,
    standing_of,
)


async def stop_ineligible(standing: OrganisationStatus, store: Store, now: datetime) -> Sequence[Event]:
    """Refuse applications that wait for an item; publish once for each in review that its eligibility is lost.

    The standing is saved in any case: a submission that has not seen the fact must not be committed beside it.
    """
    day, facts = shanghai_date(now), await facts_about(standing, store)
    events: list[Event] = []
    for opened in standing.open:
        application = await store.applications.require(opened.application_id)
        if reasons := _reasons_against(application, standing, facts, day):
            events.append(stop(application, reasons, day, store))
            standing = standing.without_open(opened.application_id)
    store.standings.save(standing.uscc, standing)
    return events


async def keys_of_weighing(uscc: str, store: Store) -> Iterable[tuple[str, str]]:
    """Keys of what weighing a fact reads: the organisation's facts and its open applications."""
    standing = await standing_of(uscc, store)
    return [*keys_of_facts(standing), *keys_of_open_applications(standing)]


async def recheck_at_intake(application: Application, day: date, store: Store) -> Sequence[Event]:
    """Check the conditions again as of the day on which the region takes it in: certificates end, lists change."""
    if not application.is_open:
        return []
    standing = await standing_of(application.unit.uscc, store)
    facts = await facts_about(standing, store)
    reasons = tuple(eligibility.unmet_at_intake(_context_on(day, application, standing, facts)))
    if not reasons:
        return []
    left = standing.without_open(application.application_id)
    store.standings.save(left.uscc, left)
    return [stop(application, reasons, day, store)]


def _reasons_against(
    application: Application, standing: OrganisationStatus, facts: Sequence[Fact], day: date
) -> tuple[Reason, ...]:
    """Check as of the submission, as if the fact had been known then, and as of today."""
    if not application.is_open:
        return ()
    contexts = (_context_on(each, application, standing, facts) for each in (application.submission_day, day))
    return tuple(dict.fromkeys(found for each in contexts for found in eligibility.recorded_reasons(each)))


def _context_on(
    day: date, application: Application, standing: OrganisationStatus, facts: Sequence[Fact]
) -> EligibilityContext:
    """Build the context by the rule set and the scheme that the application keeps (G2, A2)."""
    version, scheme = application.rules_and_scheme
    return EligibilityContext(
        application, day, rules_of(version), scheme_of(scheme.id, scheme.version), standing, facts
    )


def stop(application: Application, reasons: tuple[Reason, ...], day: date, store: Store) -> Event:
    """Return one that waits for its item, with the reasons; of one in review the eligibility is lost."""
    if application.state is State.SUBMITTED:
        refused = application.refuse(reasons)
        store.applications.save(refused.application_id, refused)
        return refused.refused_event(day)
    lost = application.with_eligibility_lost(reasons, day)
    store.applications.save(lost.application_id, lost)
    return lost.eligibility_lost_event(day)
