"""Notes each distinct query that the product asks in a test run, and examples of the documents that it stores.

Both stores note: the one in memory by itself, MongoDB through a listener of the driver. A query that a test asks for
itself is left out, recognised by the code that asks. Notes are lines of extended JSON, a file for each process.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import cache, wraps
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NamedTuple

from bson import json_util
from chassis.persistence.mongo import Database, Reader
from chassis.persistence.system_collections import FILE_COLLECTIONS, SYSTEM_COLLECTIONS
from pymongo import monitoring

FOLDER = "NOTED_QUERIES"
"""Environment variable with the folder of the notes; without it nothing is noted."""
CHASSIS = "chassis"
CHASSIS_COLLECTIONS = frozenset({*SYSTEM_COLLECTIONS, *FILE_COLLECTIONS})
UNKNOWN = "?"
"""The place of a question asked by a task of its own."""
Act = Literal["find", "count", "change"]
EXAMPLES = 24
"""Documents noted of each collection at most, all of different forms."""
LONGEST_LIST = 20

_SOURCES = (
    (re.compile(r"/contracts/devkit/devkit/sample\.py$"), "test"),
    (re.compile(r"/contracts/devkit/devkit/|/chassis/persistence/"), "seam"),
    (re.compile(r"/contracts/chassis/chassis/"), CHASSIS),
    (re.compile(r"/services/[a-z-]+/(?!tests/)(?P<package>[a-z_]+)/"), "service"),
    (re.compile(r"/tests/"), "test"),
)


class Asker(NamedTuple):
    """The code that asks: its service, if one of its frames is of a service, and its line."""

    service: str | None
    place: str


_asker: ContextVar[Asker | None] = ContextVar("asker", default=None)


class QueryLog:
    """The notes of this process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8")
        self._noted: set[object] = set()
        self._examples: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def note_query(  # noqa: PLR0913, PLR0917 - the parts of a query
        self,
        asker: Asker | None,
        service: str,
        collection: str,
        where: Mapping[str, Any],
        sort: Sequence[tuple[str, int]] = (),
        limit: int = 0,
        *,
        act: Act = "find",
    ) -> None:
        """Note a query of the product, once for each shape; one by ``_id`` needs no thought."""
        is_system = collection in CHASSIS_COLLECTIONS
        if asker is None or by_id(where) or not (is_system or asker.service or asker.place == UNKNOWN):
            return
        owner = CHASSIS if is_system else asker.service or service
        order = dict(reversed([*sort]))  # a path named twice is sorted by once, the first time
        order = {path: order[path] for path, _ in sort}
        key = (owner, collection, act, shape(where), tuple(order.items()), bool(limit))
        query = {"act": act, "where": _shortened(where), "sort": [*map(list, order.items())], "limit": limit}
        self._write(key, {"service": owner, "collection": collection, "query": query, "place": asker.place})

    def note_document(self, service: str, collection: str, document: Mapping[str, Any]) -> None:
        """Note a stored document of a form not seen yet."""
        owner = CHASSIS if collection in CHASSIS_COLLECTIONS else service
        if self._examples[owner, collection] >= EXAMPLES:
            return
        key = (owner, collection, form(document))
        if key not in self._noted:
            self._examples[owner, collection] += 1
            self._write(key, {"service": owner, "collection": collection, "document": _shortened(document)})

    def _write(self, key: object, note: Mapping[str, Any]) -> None:
        with self._lock:
            if key not in self._noted:
                self._noted.add(key)
                self._file.write(json_util.dumps(note) + "\n")
                self._file.flush()


_log: QueryLog | None = None


def current() -> QueryLog | None:
    return _log


def install() -> None:
    """Begin to note in this process, if the environment names a folder."""
    global _log  # noqa: PLW0603 - one for each process, as the driver's listeners are
    if _log is None and FOLDER in os.environ:
        folder = os.environ[FOLDER] = str(Path(os.environ[FOLDER]).absolute())
        _let_processes_note()
        _log = QueryLog(Path(folder))
        monitoring.register(_Listener(_log))
        for class_ in (Reader, Database):
            for name, method in list(vars(class_).items()):
                if inspect.iscoroutinefunction(method) and not name.startswith("_"):
                    setattr(class_, name, _with_asker(method))


def _let_processes_note() -> None:
    """Let the services that this process starts note as well: they find ``sitecustomize`` on their path."""
    startup, path = str(Path(__file__).parent / "startup"), os.environ.get("PYTHONPATH", "")
    if startup not in path.split(os.pathsep):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (startup, path)))


def asker() -> Asker | None:
    """Find who asks, from the present frame outwards; None for a test."""
    found = None
    for frame in _frames():
        kind = _kind(frame.f_code.co_filename)
        if kind in {"", "seam"}:
            continue
        if kind == "test":
            return found
        if kind != CHASSIS:
            return Asker(kind, _place(frame))
        found = found or Asker(None, _place(frame))
    return found or Asker(None, UNKNOWN)


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to a frame
    while frame is not None:
        yield frame
        frame = frame.f_back


def _place(frame: FrameType) -> str:
    name = re.sub(r"^.*/(contracts|services)/", r"\1/", frame.f_code.co_filename)
    return f"{name}:{frame.f_lineno} {frame.f_code.co_name}"


@cache
def _kind(file: str) -> str:
    """The kind of code in a file: "seam", "test", the chassis, a service by its name, or "" for a library."""
    for pattern, kind in _SOURCES:
        if found := pattern.search(file):
            return service_of(found["package"]) if kind == "service" else kind
    return ""


def service_of(name: str) -> str:
    """The service of a package, or of a test's database."""
    return re.sub(r"_[0-9a-f]{12}$", "", name).replace("_", "-")


def by_id(where: Mapping[str, Any]) -> bool:
    """Whether a filter names the documents by ``_id``."""
    operand = where.get("_id")
    named = "_id" in where and (not isinstance(operand, Mapping) or bool({"$in", "$eq"} & set(operand)))
    return named or any(by_id(part) for part in where.get("$and", ()))


def shape(where: Mapping[str, Any]) -> str:
    """A filter without its values: paths and operators, and the values that partial indexes distinguish."""
    return "{" + ", ".join(sorted(f"{path}: {_clause(path, operand)}" for path, operand in where.items())) + "}"


def _clause(path: str, operand: Any) -> str:  # noqa: ANN401 - a filter holds any value
    if path in {"$and", "$or"}:
        return "[" + ", ".join(sorted({shape(each) for each in operand})) + "]"
    if path == "$expr":
        return re.sub(r"\d+", "0", repr(operand))
    if isinstance(operand, Mapping) and any(str(name).startswith("$") for name in operand):
        return " ".join(sorted(f"{name} {_value(each)}".strip() for name, each in operand.items()))
    return f"= {_value(operand)}".strip()


def _value(value: Any) -> str:  # noqa: ANN401
    return repr(value) if value is None or isinstance(value, bool) else ""


def form(document: Mapping[str, Any]) -> frozenset[str]:
    """The paths of a document with the types of their values."""
    return frozenset(_paths(document, ""))


def _paths(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _paths(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for each in value[:LONGEST_LIST]:
            yield from _paths(each, path)
    else:
        yield f"{path} {type(value).__name__}"


def _shortened(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Mapping):
        return {name: _shortened(each) for name, each in value.items()}
    return [_shortened(each) for each in value[:LONGEST_LIST]] if isinstance(value, list | tuple) else value


def _with_asker(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Note who calls: the driver runs its commands in other threads."""

    @wraps(method)
    async def called(*args: Any, **options: Any) -> Any:  # noqa: ANN401
        token = _asker.set(_asker.get() or asker())
        try:
            return await method(*args, **options)
        finally:
            _asker.reset(token)

    return called


class _Listener(monitoring.CommandListener):
    """Reads the filters and documents of the driver's commands."""

    def __init__(self, log: QueryLog) -> None:
        self._log = log

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        command, name = event.command, event.command_name
        if _asker.get() is None or (name not in _QUERIES and name != "insert"):
            return
        service, collection = service_of(event.database_name), str(command.get(name))
        for where, sort, limit in _QUERIES.get(name, _nothing)(command):
            self._log.note_query(_asker.get(), service, collection, where, sort, limit, act=_act(name, command))
        for document in _stored(command):
            self._log.note_document(service, collection, document)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


_Query = tuple[Mapping[str, Any], Sequence[tuple[str, int]], int]


def _nothing(_command: Mapping[str, Any]) -> Iterator[_Query]:
    return iter(())


def _found(command: Mapping[str, Any]) -> Iterator[_Query]:
    yield command.get("filter", {}), [*dict(command.get("sort", {})).items()], command.get("limit", 0)


def _aggregated(command: Mapping[str, Any]) -> Iterator[_Query]:
    """The first steps of a pipeline: what it reads, and in which order."""
    where: Mapping[str, Any] = {}
    sort: Sequence[tuple[str, int]] = ()
    limit = 0
    for step in command["pipeline"]:
        (operator, operand), *_ = step.items()
        if operator == "$match":
            where = {"$and": [where, operand]} if where else operand
        elif operator == "$sort":
            sort = [*operand.items()]
        elif operator == "$limit":
            limit = operand
        else:
            break
    yield where, sort, limit


def _updated(command: Mapping[str, Any]) -> Iterator[_Query]:
    for each in command.get("updates", command.get("deletes", ())):
        yield each["q"], (), 0


def _modified(command: Mapping[str, Any]) -> Iterator[_Query]:
    yield command.get("query", {}), [*dict(command.get("sort", {})).items()], 1


def _act(name: str, command: Mapping[str, Any]) -> Act:
    if name == "find":
        return "find"
    groups = any("$group" in step for step in command.get("pipeline", ()))
    return "count" if groups else "find" if name == "aggregate" else "change"


_QUERIES: Mapping[str, Callable[[Mapping[str, Any]], Iterator[_Query]]] = {
    "find": _found,
    "aggregate": _aggregated,
    "update": _updated,
    "delete": _updated,
    "findAndModify": _modified,
}


def _stored(command: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from command.get("documents", ())
    for each in command.get("updates", ()):
        change = each["u"]
        if isinstance(change, Mapping) and not any(key[0] == "$" for key in change):
            yield change
        elif each.get("upsert") and isinstance(change, Mapping):
            yield {**each["q"], **change.get("$setOnInsert", {}), **change.get("$set", {})}
