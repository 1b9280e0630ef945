"""The people who take part in a case (P3)."""

from __future__ import annotations

from dataclasses import dataclass

from messages.applications import ApplicationAccepted
from messages.values import Role


@dataclass(frozen=True)
class Participant:
    """A person who has acted on a case: in which role, and for which organisation."""

    subject: str
    role: str
    organisation: str | None
    key: str
    """Role and person, by which the cases of a batch are found."""


def participant(subject: str, role: str, organisation: str | None = None) -> Participant:
    return Participant(subject, role, organisation, participant_key(subject, role))


def participant_key(subject: str, role: str) -> str:
    return f"{role}|{subject}"


def submitters_of(application: ApplicationAccepted) -> tuple[Participant, ...]:
    """Return who submitted the application for its unit, as far as the event says."""
    by = application.submitted_by
    return () if by is None else (participant(by, Role.APPLICANT, application.unit.uscc),)
