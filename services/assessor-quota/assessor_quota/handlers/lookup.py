"""An assessor found for a command, the reply of the command, and the refusal of an unknown one."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.handling import Refusal
from rulebook import reason

from assessor_quota.domain.assessor import Assessor
from assessor_quota.handlers.ports import Store


@dataclass(frozen=True)
class VersionedAssessor:
    """The assessor with the version of its document."""

    assessor: Assessor
    version: int


async def find_assessor(uscc: str, store: Store) -> Assessor:
    """Return the assessor; raise the Refusal (404) of a code that nobody registered."""
    if (assessor := await store.assessors.get(uscc)) is not None:
        return assessor
    text = f"统一社会信用代码为{uscc}的第三方服务机构未在自治区登记"
    raise Refusal("not-found", reason("S7", "assessor-unknown", text, uscc), status=404, title="Not found")


def versioned(assessor: Assessor, store: Store) -> VersionedAssessor:
    return VersionedAssessor(assessor, store.assessors.version(assessor.uscc))
