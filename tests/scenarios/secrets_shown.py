"""Secrets that the crawler searches for, and how it finds one in an answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from deploy.demo.calls import Json

REVIEWING = frozenset({"the region", "the review organisation"})
OF_OTHERS_KINDS = frozenset({"self_score", "value", "claimed", "sha256"})
"""Keys under which a number is the applicant's own and equals a secret one by chance only."""


@dataclass(frozen=True)
class Secret:
    kind: str
    text: str
    known_to: frozenset[str]
    whole: bool = True
    """Whether a value must equal it; else it is searched for in every text."""


def secrets_in(
    answer: httpx2.Response, path: str, secrets: Iterable[Secret], hidden_place: str
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the secrets in an answer and who may see each; what the caller has asked by is nothing told.

    ``hidden_place`` is a case whose place in a ranking is secret.
    """
    kind = answer.headers.get("content-type", "")
    if "json" not in kind:
        text = answer.text if kind.startswith("text/") else ""
        yield from ((each.kind, each.known_to) for each in secrets if not each.whole and each.text in text)
        return
    content = json.loads(answer.text.replace(path, "")) if answer.text else None
    values = list(_values(content))
    texts = [text for _, text in values]
    for secret in secrets:
        if secret.whole:
            found = any(text == secret.text and key not in OF_OTHERS_KINDS for key, text in values)
        else:
            found = any(secret.text in text for text in texts)
        if found:
            yield secret.kind, secret.known_to
    if hidden_place and any(_is_placed(each, hidden_place) for each in _objects(content)):
        yield "the place", REVIEWING


def _is_placed(node: Json, case_id: str) -> bool:
    named = case_id in {node.get("case_id"), node.get("application_id"), node.get("source")}
    return named and any(node.get(key) is not None for key in ("rank", "place", "position"))


def _values(node: Any, key: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON
    if isinstance(node, dict):
        for name, value in node.items():
            yield "", str(name)
            yield from _values(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value, key)
    elif node is not None:
        yield key, str(node)


def _objects(node: Any) -> Iterator[Json]:  # noqa: ANN401 - any JSON
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _objects(value)
