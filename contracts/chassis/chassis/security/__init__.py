"""Security: policies, tokens, audit log and pseudonyms."""

from messages.parties import Party

from chassis.persistence.query import and_filters
from chassis.security.person_numbers import InvalidPersonNumberError
from chassis.security.policies import (
    Actor,
    Allowed,
    Apart,
    Denied,
    Duties,
    NobodyApart,
    Policy,
    Rule,
    Scope,
    all_of,
    everything,
    only,
    own_organisation,
    own_prefecture,
    own_subject,
    public,
    verified_person,
)
from chassis.security.pseudonyms import KeyRing, Pseudonym, add_key, load_keys

__all__ = [
    "Actor",
    "Allowed",
    "Apart",
    "Denied",
    "Duties",
    "InvalidPersonNumberError",
    "KeyRing",
    "NobodyApart",
    "Party",
    "Policy",
    "Pseudonym",
    "Rule",
    "Scope",
    "add_key",
    "all_of",
    "and_filters",
    "everything",
    "load_keys",
    "only",
    "own_organisation",
    "own_prefecture",
    "own_subject",
    "public",
    "verified_person",
]
