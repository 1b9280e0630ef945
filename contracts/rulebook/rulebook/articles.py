"""Which article each rule rests on."""

import tomllib
from functools import cache
from importlib.resources import files

from rulebook.types import Frozen


class Basis(Frozen):
    """A rule's id and the article of the regulation behind it, in the regulation's language."""

    rule: str
    article: str


class UnknownRuleError(LookupError):
    """No rule has this id; the ids are those of data/articles.toml."""


@cache
def catalogue() -> dict[str, Basis]:
    text = (files("rulebook") / "data" / "articles.toml").read_text("utf-8")
    articles: dict[str, str] = tomllib.loads(text)["articles"]
    return {rule: Basis(rule=rule, article=article) for rule, article in articles.items()}


def basis(rule_id: str) -> Basis:
    try:
        return catalogue()[rule_id]
    except KeyError:
        raise UnknownRuleError(f"no rule has the id {rule_id!r}") from None
