"""The stages of review by name: what a case answers as its state, and what policies of other services name."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """The stages of a case in the order of Art. 14(2) and (3); the last three end it."""

    CONSULTING = "consulting"
    """Open before the prefecture department, three other departments asked."""
    INITIAL_REVIEW_ACCEPTED = "initial_review_accepted"
    OPINION_ISSUED = "opinion_issued"
    FORWARDED = "forwarded"
    """Before the region, no panel yet."""
    PANEL_APPOINTED = "panel_appointed"
    SCORING = "scoring"
    """At least one expert has signed."""
    SCORED = "scored"
    SITE_ORDERED = "site_ordered"
    SITE_RECORDED = "site_recorded"
    RANKED = "ranked"
    """Selected; waits for the public notice."""
    IN_NOTICE = "in_notice"
    CLEARED = "cleared"
    LISTED = "listed"
    """On an announced list: nothing stops it any more."""
    LATE = "late"
    CLOSED = "closed"
