"""The mutants of a source: one change each, by the operators of mutmut and of this folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path
from random import Random

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

from tests.mutation.operators import OPERATORS

PROGRAMMING_ERRORS = frozenset({"AssertionError", "KeyError", "RuntimeError", "TypeError", "ValueError"})


@dataclass(frozen=True)
class Mutant:
    path: Path
    """From the root."""
    line: int
    """The first line of what is changed."""
    last: int
    kind: str
    original: cst.CSTNode = field(repr=False, compare=False)
    changed: cst.CSTNode = field(repr=False, compare=False)
    module: cst.Module = field(repr=False, compare=False)

    @property
    def source(self) -> str:
        changed = self.module.deep_replace(self.original, self.changed)
        assert isinstance(changed, cst.Module)
        return changed.code

    @property
    def lines(self) -> tuple[str, str]:
        """The lines that the mutation takes away and those it puts there, each as one text without indentation."""
        changes = list(unified_diff(self.module.code.splitlines(), self.source.splitlines(), lineterm="", n=0))[2:]
        gone, come = ([each[1:].strip() for each in changes if each.startswith(sign)] for sign in "-+")
        return " ".join(gone), " ".join(come)

    @property
    def diff(self) -> str:
        name = f"{self.path}:{self.line}"
        old, new = self.module.code.splitlines(keepends=True), self.source.splitlines(keepends=True)
        return "".join(unified_diff(old, new, name, f"{name} {self.kind}", n=1))


def mutants_of(path: Path, source: str) -> list[Mutant]:
    """Return every mutant of a source that differs from it and can be compiled."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    collector = _Collector(path, wrapper.module)
    wrapper.visit(collector)
    return collector.found


def draw(mutants: Iterable[Mutant], sample: int, seed: int) -> list[Mutant]:
    """Draw so many mutants, each kind with the same chance: there are a hundred times more arguments than filters."""
    random = Random(seed)  # noqa: S311 - a lot that can be drawn again
    kinds: dict[str, list[Mutant]] = {}
    for each in mutants:
        kinds.setdefault(each.kind, []).append(each)
    for same in kinds.values():
        random.shuffle(same)
    drawn: list[Mutant] = []
    while len(drawn) < sample and kinds:
        kind = random.choice(sorted(kinds))
        drawn.append(kinds[kind].pop())
        if not kinds[kind]:
            del kinds[kind]
    return drawn


class _Collector(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, path: Path, module: cst.Module) -> None:
        super().__init__()
        self.path, self.module = path, module
        self.found: list[Mutant] = []
        self._targets: set[cst.CSTNode] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _is_no_rule(node):
            return False
        if isinstance(node, cst.AssignTarget | cst.CompFor | cst.For | cst.NamedExpr):
            self._targets.add(node.target)
        if node not in self._targets:
            self._mutate(node)
        return True

    def _mutate(self, node: cst.CSTNode) -> None:
        place = self.get_metadata(PositionProvider, node, None)
        for kind, changed in _changes(node):
            if place is None or (isinstance(node, cst.BaseString) and _is_for_people(node)):
                continue
            mutant = Mutant(self.path, place.start.line, place.end.line, kind, node, changed, self.module)
            self.found.append(mutant)


def compiles(mutant: Mutant) -> bool:
    """Whether it is Python and another program than the original."""
    source = mutant.source
    if source == mutant.module.code:
        return False
    try:
        compile(source, str(mutant.path), "exec")
    except SyntaxError:
        return False
    return True


def _changes(node: cst.CSTNode) -> Iterator[tuple[str, cst.CSTNode]]:
    for node_type, operator in mutation_operators:
        if isinstance(node, node_type):
            yield from ((operator.__name__.removeprefix("operator_"), each) for each in operator(node))
    for node_types, own in OPERATORS:
        if isinstance(node, node_types):
            yield from ((own.__name__, each) for each in own(node))


def _is_no_rule(node: cst.CSTNode) -> bool:
    """Annotations, imports, descriptions, logs, turns of the event loop, and errors of a programmer."""
    match node:
        case cst.Annotation() | cst.Import() | cst.ImportFrom() | cst.Decorator():
            return True
        case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()) | cst.Call(func=cst.Name("TypeVar")):
            return True
        case cst.AnnAssign(annotation=cst.Annotation(annotation=cst.Name("TypeAlias"))):
            return True
        case (
            cst.Expr(value=cst.Call(func=cst.Attribute(value=cst.Name("log"))))
            | cst.Expr(value=cst.Await(expression=cst.Call(func=cst.Attribute(value=cst.Name("asyncio")))))
        ):
            return True
        case cst.SimpleStatementLine(body=[cst.Raise(exc=cst.Call(func=cst.Name(error)))]):
            return error in PROGRAMMING_ERRORS
        case _:
            return False


def _is_for_people(node: cst.BaseString) -> bool:
    """A text that an office writes, or a sentence: its wording is no rule."""
    text = node.evaluated_value if isinstance(node, cst.SimpleString) else ""
    if isinstance(text, bytes):
        return False
    return text is None or not text.isascii() or " " in text.strip()
