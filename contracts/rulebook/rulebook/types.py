"""The closed words that dated data may use, and the frozen values it is read into."""

from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict

UnitTypeName = Literal["factory", "park", "supply_chain"]
LevelName = Literal["prefecture", "region", "nation"]

UNIT_TYPES: Final[tuple[str, ...]] = get_args(UnitTypeName)
LEVELS: Final[tuple[str, ...]] = get_args(LevelName)


def _unit_type(value: str) -> str:
    if value not in UNIT_TYPES:
        raise ValueError(f"{value!r} is no unit type; known are {', '.join(UNIT_TYPES)}")
    return value


# A plain string to callers, so that their own enumerations of the same words fit as keys.
UnitTypeKey = Annotated[str, AfterValidator(_unit_type)]


class Frozen(BaseModel):
    """A value read from dated data: unknown keys are refused, nothing changes afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid")
