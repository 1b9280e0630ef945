"""Base models of what an API shows and takes, and of filters made from query parameters."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """A representation for readers, made from a domain object by its attributes."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Body(BaseModel):
    """A request body or query; a field that the interface does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def filter_by(**values: object) -> dict[str, object]:
    """Return the filter of those parameters that were given; ``__`` in a name stands for the dot of a path."""
    return {name.replace("__", "."): value for name, value in values.items() if value is not None}
