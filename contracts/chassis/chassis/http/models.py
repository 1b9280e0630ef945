"""Base models of responses and request bodies, and filters from query parameters."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """A representation in a response, built from a domain object by its attributes."""

    model_config = ConfigDict(frozen=True, from_attributes=True, use_attribute_docstrings=True)


class Body(BaseModel):
    """A request body or query; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def filter_by(**values: object) -> dict[str, object]:
    """Return a filter of the parameters that are not None; ``__`` in a name stands for the dot of a path."""
    return {name.replace("__", "."): value for name, value in values.items() if value is not None}
