"""An assessor found for a command, what the command answers with, and the refusals of an unknown or changed one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chassis.handling import Collection, Refusal
from rulebook import reason

from assessor_quota.domain.assessor import Assessor


class Assessors(Protocol):
    @property
    def assessors(self) -> Collection[Assessor]: ...


@dataclass(frozen=True)
class VersionedAssessor:
    """The assessor and the version it is kept in."""

    assessor: Assessor
    version: int


async def find_assessor(uscc: str, store: Assessors) -> Assessor:
    """Raises the 404 of a code that nobody registered."""
    if (assessor := await store.assessors.get(uscc)) is not None:
        return assessor
    text = f"统一社会信用代码为{uscc}的第三方服务机构未在自治区登记"
    raise Refusal("not-found", reason("S7", "assessor-unknown", text, uscc), status=404, title="Not found")


def versioned(assessor: Assessor, store: Assessors) -> VersionedAssessor:
    return VersionedAssessor(assessor, store.assessors.version(assessor.uscc))
