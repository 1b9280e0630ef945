"""Reading dated documents: packaged ones, and a folder laid over them."""

import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

Document = TypeVar("Document", bound=BaseModel)
MAX_EXPONENT = 30


def read_documents(folder: str, extra: Path | None = None) -> dict[str, str]:
    """The packaged documents of a folder by file name; one of the same name in `extra` replaces it."""
    packaged = files("rulebook") / "data" / folder
    found = {f.name: f.read_text("utf-8") for f in packaged.iterdir() if f.name.endswith(".toml")}
    if extra is not None:
        found |= {f.name: f.read_text("utf-8") for f in _documents_at(extra)}
    return dict(sorted(found.items()))


def _documents_at(extra: Path) -> Iterable[Path]:
    return sorted(extra.glob("*.toml")) if extra.is_dir() else [extra]


def _number(text: str) -> Decimal:
    """A number with its decimals; one with a long exponent would be written out where a whole number is asked for."""
    number = Decimal(text)
    if number.is_finite() and abs(number.adjusted()) > MAX_EXPONENT:
        raise ValueError(f"{text} is beyond every number of the law")
    return number


def read(name: str, text: str, model: type[Document]) -> tuple[Document | None, list[str]]:
    """The document, or every problem in it as `file: path: problem`."""
    try:
        raw: Mapping[str, Any] = tomllib.loads(text, parse_float=_number)
    except (ValueError, ArithmeticError, RecursionError) as error:  # too deep, and numbers that Python does not build
        return None, [f"{name}: {error}"]
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        return None, [_line(name, problem["loc"], problem["msg"]) for problem in error.errors()]


def read_all(documents: Mapping[str, str], model: type[Document]) -> tuple[dict[str, Document], list[str]]:
    good: dict[str, Document] = {}
    problems: list[str] = []
    for name, text in documents.items():
        document, wrong = read(name, text, model)
        problems += wrong
        if document is not None:
            good[name] = document
    return good, problems


def _line(name: str, path: tuple[int | str, ...], message: str) -> str:
    return f"{name}: {'.'.join(map(str, path)) or 'document'}: {message.removeprefix('Value error, ')}"
