"""Documents found for a command: an assessor, its reply or the refusal of an unknown one; and many by their keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from chassis.handling import Collection, Refusal
from rulebook import reason

from assessor_quota.domain.assessor import Assessor
from assessor_quota.handlers.ports import Store

T = TypeVar("T")


@dataclass(frozen=True)
class VersionedAssessor:
    """The assessor with the version of its document."""

    assessor: Assessor
    version: int


async def find_assessor(uscc: str, store: Store) -> Assessor:
    """Return the assessor; raise the Refusal (404) of a code that nobody registered."""
    if (assessor := await store.assessors.get(uscc)) is not None:
        return assessor
    raise unknown_assessor(uscc)


def unknown_assessor(uscc: str) -> Refusal:
    text = f"统一社会信用代码为{uscc}的第三方服务机构未在自治区登记"
    return Refusal("not-found", reason("S7", "assessor-unknown", text, uscc), status=404, title="Not found")


def versioned(assessor: Assessor, store: Store) -> VersionedAssessor:
    return VersionedAssessor(assessor, store.assessors.version(assessor.uscc))


async def by_keys(collection: Collection[T], keys: Iterable[str], key: Callable[[T], str]) -> dict[str, T]:
    """Return the documents that exist by their ``key``: one query, however many they are."""
    wanted = sorted(set(keys))
    found = await collection.find({"_id": {"$in": wanted}}) if wanted else []
    return {key(each): each for each in found}
