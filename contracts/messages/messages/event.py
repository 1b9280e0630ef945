"""The base of all events: one fact, past tense, one class."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from messages.values import Value

Sharing = Literal["public", "concerned", "internal"]
"""Who may see an event outside its consumers: everyone, those concerned, nobody (N4, X1)."""

FOR_CONCERNED: Final = Field(json_schema_extra={"x-sharing": "concerned"})
"""Marks a field of a public event that is for those concerned only: whoever shows the event to all leaves it out."""

_TYPE = re.compile(
    r"^(?P<owner>[a-z]+(-[a-z]+)*)\.(?P<aggregate>[a-z]+)\.(?P<fact>[a-z]+(-[a-z]+)*)\.v(?P<major>[0-9]+)$"
)


class Event(Value):
    """One fact that one service publishes.

    ``type`` is the CloudEvents type and the routing key, ``<owner>.<aggregate>.<fact>.v<major>``. ``sequence`` counts
    the events of one aggregate from 1 without gaps; the delivery fills it in when the fact is committed.
    """

    type: ClassVar[str]
    owner: ClassVar[str]
    aggregate: ClassVar[str]
    fact: ClassVar[str]
    subject_field: ClassVar[str]
    sharing: ClassVar[Sharing]

    sequence: Annotated[int, Field(ge=0)] = 0

    def __init_subclass__(cls, *, type: str, subject: str, sharing: Sharing = "concerned") -> None:
        """Hold each event class to the grammar of its type."""
        super().__init_subclass__()
        found = _TYPE.match(type)
        if found is None:
            raise TypeError(f"{cls.__name__}: {type!r} is no event type")
        cls.type, cls.subject_field, cls.sharing = type, subject, sharing
        cls.owner, cls.aggregate, cls.fact = found["owner"], found["aggregate"], found["fact"]

    @classmethod
    def restricted_fields(cls) -> tuple[str, ...]:
        """The fields that are shared with fewer than the event is (N4)."""
        return tuple(name for name, field in cls.model_fields.items() if _marked(field.json_schema_extra))

    def public_view(self) -> dict[str, Any]:
        """The fields of a public fact that anybody may see, as plain JSON."""
        return self.model_dump(mode="json", exclude={*self.restricted_fields()})

    @property
    def subject(self) -> str:
        """The identifier of the aggregate this fact is about."""
        return str(getattr(self, self.subject_field))


def _marked(extra: object) -> bool:
    return isinstance(extra, Mapping) and "x-sharing" in extra
