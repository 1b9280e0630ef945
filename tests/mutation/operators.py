"""Mutations beside those of mutmut: what this code was found to be weak in.

Second conditions, guards, what is kept in records, filters of comprehensions, and statements that may be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import libcst as cst

OTHER_BUILTIN = {"min": "max", "max": "min", "any": "all", "all": "any"}


def dropped_operands(node: cst.BooleanOperation) -> Iterator[cst.CSTNode]:
    yield node.left
    yield node.right


def negated_conditions(node: cst.If | cst.While) -> Iterator[cst.CSTNode]:
    test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    yield node.with_changes(test=cst.UnaryOperation(cst.Not(), test))


def dropped_items(node: cst.Tuple | cst.List | cst.Set | cst.Dict) -> Iterator[cst.CSTNode]:
    if len(node.elements) < 2:
        return
    for position in range(len(node.elements)):
        left = [each for at, each in enumerate(node.elements) if at != position]
        left[-1] = left[-1].with_changes(comma=cst.Comma() if len(left) == 1 else cst.MaybeSentinel.DEFAULT)
        yield node.with_changes(elements=left)


def dropped_filters(node: cst.CompFor) -> Iterator[cst.CSTNode]:
    for position in range(len(node.ifs)):
        yield node.with_changes(ifs=[each for at, each in enumerate(node.ifs) if at != position])


def other_builtins(node: cst.Call) -> Iterator[cst.CSTNode]:
    if isinstance(node.func, cst.Name) and node.func.value in OTHER_BUILTIN:
        yield node.with_changes(func=cst.Name(OTHER_BUILTIN[node.func.value]))


def empty_returns(node: cst.Return) -> Iterator[cst.CSTNode]:
    value = node.value
    if value is None or (isinstance(value, cst.Name) and value.value == "None"):
        return
    yield node.with_changes(value=cst.Name("None"), whitespace_after_return=cst.SimpleWhitespace(" "))
    if isinstance(value, cst.List) and value.elements:
        yield node.with_changes(value=cst.List([]))


def removed_statements(node: cst.SimpleStatementLine) -> Iterator[cst.CSTNode]:
    if len(node.body) == 1 and _may_be_left_out(node.body[0]):
        yield node.with_changes(body=[cst.Pass()])


def _waits_its_turn(value: cst.BaseExpression) -> bool:
    """Logs and turns of the event loop are no rules."""
    called = value.expression if isinstance(value, cst.Await) else value
    match called:
        case cst.Call(func=cst.Attribute(value=cst.Name("log" | "asyncio"))):
            return True
        case _:
            return False


def _may_be_left_out(statement: cst.BaseSmallStatement) -> bool:
    match statement:
        case cst.Expr(value=cst.Call() | cst.Await() as value):
            return not _waits_its_turn(value)
        case cst.Raise() | cst.Continue() | cst.Break() | cst.AugAssign() | cst.Del():
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Attribute() | cst.Subscript())]):
            return True
    return False


Operator = Callable[..., Iterator[cst.CSTNode]]
OPERATORS: Sequence[tuple[tuple[type[cst.CSTNode], ...], Operator]] = (
    ((cst.BooleanOperation,), dropped_operands),
    ((cst.If, cst.While), negated_conditions),
    ((cst.Tuple, cst.List, cst.Set, cst.Dict), dropped_items),
    ((cst.CompFor,), dropped_filters),
    ((cst.Call,), other_builtins),
    ((cst.Return,), empty_returns),
    ((cst.SimpleStatementLine,), removed_statements),
)
