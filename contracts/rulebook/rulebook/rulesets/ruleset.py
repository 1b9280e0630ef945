"""One rule set: every number and choice in force from one date on."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from rulebook.rulesets import groups
from rulebook.types import Dated


class RuleSet(Dated):
    source: Annotated[str, Field(min_length=1)]
    """Where the numbers come from, and which of them are choices of ours."""

    quota: groups.Quota
    naming: groups.Naming
    sanction: groups.Sanction
    ban: groups.Ban
    recheck: groups.Cycle
    lookback: groups.Lookback
    deadlines: groups.Deadlines
    notice: groups.Notice
    entry: groups.Entry
    change_filing: groups.ChangeFiling
    stars: groups.Stars
    park: groups.Park
    systems: Annotated[tuple[str, ...], Field(min_length=1)]
    """Management systems that must be in force (E3)."""
    selection: groups.Selection
    panel: groups.Panel
    consultation: groups.Consultation
    stages: groups.Stages
    batches: groups.Batches
    reminders: groups.Reminders
    application_forms: groups.ApplicationForms
    files: groups.Files
    immediate_removal: groups.ImmediateRemoval
    removal: groups.Removal
    agencies: Mapping[Annotated[str, Field(pattern="^[a-z_]{3,60}$")], groups.Agency]
    """By the code in the agency's token."""
    readings: groups.Readings

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "RuleSet":
        if self.in_force_until is not None and self.in_force_until < self.in_force_from:
            raise ValueError(f"in force until {self.in_force_until}, before it begins on {self.in_force_from}")
        return self

    @property
    def version(self) -> str:
        """The name a case keeps: the ISO date on which the set came into force."""
        return self.in_force_from.isoformat()
