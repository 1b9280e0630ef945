"""The frozen values that dated data is read into, and the words it may use."""

from datetime import date
from typing import Annotated, Self

from messages.values import UnitType
from pydantic import AfterValidator, BaseModel, ConfigDict


def _unit_type(value: str) -> str:
    if value not in tuple(UnitType):
        raise ValueError(f"{value!r} is no unit type; known are {', '.join(UnitType)}")
    return value


# A plain string to callers, so that their own enumerations of the same words fit as keys.
UnitTypeKey = Annotated[str, AfterValidator(_unit_type)]


class Frozen(BaseModel):
    """A value read from dated data: unknown keys are refused, nothing changes afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Dated(Frozen):
    """Law in force from one legal date (Asia/Shanghai) to another, both included."""

    in_force_from: date
    """First date on which it applies."""
    in_force_until: date | None = None
    """Last date on which it applies; None while no end is known."""

    def covers(self, day: date) -> bool:
        return self.in_force_from <= day <= self._last_day

    def overlaps(self, other: Self) -> bool:
        return self.in_force_from <= other._last_day and other.in_force_from <= self._last_day

    @property
    def _last_day(self) -> date:
        return self.in_force_until or date.max
