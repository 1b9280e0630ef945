"""The shape that all services share, so that an engineer who knows one finds the way in the others.

Compared are the modules of the package, the names that ``store``, ``bus``, ``jobs``, ``gauges``, ``api`` and
``policies`` offer, the modules of the tests and the fixtures of their conftest. Each difference has its reason here.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

import pytest
from chassis.anchoring import AnchoredStore
from chassis.persistence.system_collections import FILE_COLLECTIONS

from tests.architecture.sources import ROOT, SERVICES, package

SHAPE = frozenset(
    {
        "main",
        "settings",
        "bus",
        "bus.SUBSCRIPTIONS",
        "store",
        "store.AGGREGATES",
        "store.APPEND_ONLY",
        "store.INDEXES",
        "store.Store",
        "jobs",
        "jobs.JOBS",
        "gauges",
        "gauges.GAUGES",
        "anchoring",
        "api",
        "api.router",
        "api/policies",
        "api/views",
        "api/bodies",
        "handlers",
        "handlers/ports",
        "domain",
        "domain/refusals",
        "tests/builders",
        "tests/harness",
        "tests/api_calls",
        "tests/conftest",
        "tests/test_access",
        "fixture handlers",
        "fixture api",
        "fixture applicant",
        "fixture other_applicant",
        "fixture officer",
        "fixture other_prefecture_officer",
    }
)
SHARED = tuple(name for name in SHAPE if "/" in name and not name.startswith("tests/"))
"""The modules of the folders that all services have; the others are their own subjects."""
NO_RECORD = "what it keeps is read and forgotten"
NO_SETTING = "it needs no setting but those of the chassis"


@dataclass(frozen=True)
class Difference:
    """The parts of the shape a service does without, and those of its own; each with the reason."""

    without: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    own: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


DIFFERENCES: Mapping[str, Difference] = MappingProxyType(
    {
        "applications": Difference(
            without={
                "jobs": "nothing falls due by the clock",
                "jobs.JOBS": "nothing falls due by the clock",
            },
            own={
                "recognition": "it alone stores files",
                "workbooks": "it alone reads and writes the forms of the regulation",
                "tests/builders_events": "events of the other services, too many for one module",
                "tests/builders_forms": "filled forms, too many for one module",
                "tests/eligibility_checks": "every condition of eligibility is checked in the same way",
                "fixture awaiting_item": "an application in the state most tests of quota begin with",
                "fixture in_review": "an application in the state most tests of progress begin with",
            },
        ),
        "assessor-quota": Difference(
            without={
                "fixture applicant": "no unit takes part: assessors and departments do",
                "fixture other_applicant": "no unit takes part: assessors and departments do",
                "fixture officer": "only the table of test_access asks as a prefecture's officer",
                "fixture other_prefecture_officer": "only the table of test_access asks as a prefecture's officer",
            },
            own={
                "bus.LEDGER_QUEUE": "its ledgers are written by one process",
                "tests/model": "a model of the quota that generated histories are compared with",
                "tests/words": "the assessor's own word, without which no submission gets an item",
                "tests/samples": "messages of every subscription, in the states that their handlers tell apart",
                "fixture regional_officer": "nearly every command is the region's",
                "fixture api_with_assessors": "most tests begin with three registered assessors",
            },
        ),
        "review": Difference(
            without={"settings": NO_SETTING},
            own={
                "fixture clock": "a case takes weeks",
                "fixture running_api": "the application is built once for the tests of a module",
                "fixture participants": "a case needs a panel, an organisation and departments",
                "fixture deliver": "every order of events is told once and with repeats",
            },
        ),
        "registry": Difference(
            without={"settings": NO_SETTING},
            own={
                "fixture clock": "the register answers as of any day",
                "fixture regional_officer": "every command is the region's",
            },
        ),
        "notify": Difference(
            without={
                "anchoring": NO_RECORD,
                "store.APPEND_ONLY": NO_RECORD,
                "jobs.JOBS": "jobs() makes them around the sender of mail that the settings choose",
                "api/bodies": "no two routes share a body",
            },
            own={
                "mail": "it alone sends mail",
                "templates": "it alone renders notices",
                "store.RETENTION_DAYS": "notices are deleted after a time",
                "fixture operator": "operators send failed mail again",
            },
        ),
    }
)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def public(path: Path, kinds: tuple[type[ast.AST], ...]) -> Iterator[str]:
    """Yield the public names of these kinds that a module defines at its top level."""
    for node in tree(path).body:
        if not isinstance(node, kinds):
            continue
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names = [name]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names = [name]
            case ast.Assign():
                names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            case _:
                names = []
        yield from (name for name in names if not name.startswith("_"))


def fixtures(conftest: Path) -> Iterator[str]:
    for node in tree(conftest).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
            "fixture" in ast.unparse(each) for each in node.decorator_list
        ):
            yield node.name


def modules(folder: Path) -> Iterator[str]:
    for path in folder.iterdir():
        if path.suffix == ".py" and path.stem != "__init__":
            yield path.stem
        elif (path / "__init__.py").exists():
            yield path.name


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
NAMES = (*FUNCTIONS, ast.ClassDef, ast.Assign, ast.AnnAssign)


def shape(service: str) -> frozenset[str]:
    """Return everything of the service that is compared."""
    code, tests = package(service), ROOT / "services" / service / "tests"
    found = set(modules(code))
    found |= {name for name in SHARED if (code / f"{name}.py").exists()}
    found |= {f"{module}.{name}" for module in ("store", "bus") for name in public(code / f"{module}.py", NAMES)}
    found |= {f"api.{name}" for name in public(code / "api/__init__.py", (ast.Assign, ast.AnnAssign)) if name.islower()}
    found |= {f"policies.{name}" for name in public(code / "api/policies.py", FUNCTIONS)}
    for module, table in (("jobs", "JOBS"), ("gauges", "GAUGES")):
        if (path := code / f"{module}.py").exists() and table in public(path, NAMES):
            found.add(f"{module}.{table}")
    found |= {f"tests/{name}" for name in modules(tests) if not name.startswith("test_") or name == "test_access"}
    found |= {f"fixture {name}" for name in fixtures(tests / "conftest.py")}
    return frozenset(found)


def api_modules(service: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((package(service) / "api").glob("*.py")):
        yield path.name, tree(path)


def is_route(node: ast.AST) -> bool:
    """Whether the node is a function with a decorator like ``@router.get(…)``."""
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
        isinstance(each, ast.Call)
        and isinstance(each.func, ast.Attribute)
        and each.func.attr in {"get", "post", "put", "patch", "delete"}
        for each in node.decorator_list
    )


def test_the_table_names_every_service() -> None:
    assert set(DIFFERENCES) == set(SERVICES)


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_service_has_the_common_shape_save_for_differences_with_a_reason(service: str) -> None:
    found, allowed = shape(service), DIFFERENCES[service]

    assert (sorted(SHAPE - found), sorted(found - SHAPE)) == (sorted(allowed.without), sorted(allowed.own))


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_handlers_have_one_store_protocol_and_no_front(service: str) -> None:
    handlers = package(service) / "handlers"

    assert [type(node) for node in tree(handlers / "__init__.py").body] == [ast.Expr]
    stores = [
        (path.name, node.name)
        for path in sorted(handlers.glob("*.py"))
        for node in tree(path).body
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base) == "Protocol" for base in node.bases)
        and "Collection[" in ast.unparse(node)
    ]
    assert stores == [("ports.py", "Store")]


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_policies_are_made_in_one_module(service: str) -> None:
    makers = {
        name
        for name, module in api_modules(service)
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Policy"
    }

    assert makers == {"policies.py"}


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_routes_stand_at_module_level_under_names_of_their_own(service: str) -> None:
    nested, names = [], Counter[str]()
    for module_name, module in api_modules(service):
        top = set(module.body)
        for node in ast.walk(module):
            if is_route(node):
                assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                names[node.name] += 1
                if node not in top:
                    nested.append(f"{module_name}: {node.name}")

    assert nested == []
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_indexes_and_aggregates_name_collections_of_the_store(service: str) -> None:
    """An index on a collection that nobody writes is silent: the query it was for scans."""
    module = import_module(f"{SERVICES[service]}.store")
    collections = {
        node.args[1].value
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "DocumentCollection"
        if isinstance(node.args[1], ast.Constant)
    }

    if issubclass(module.Store, AnchoredStore):
        collections |= {"anchored_heads", "anchoring"}

    assert {index.collection for index in module.INDEXES} <= {*collections, *FILE_COLLECTIONS}
    assert set(module.AGGREGATES.values()) <= collections
