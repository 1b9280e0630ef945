import re
from datetime import UTC, datetime
from types import ModuleType

from devkit.api_harness import api_harness
from devkit.clock import FixedClock
from messages.values import Role

from .readme_example import README, example_code

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def load_example() -> ModuleType:
    module = ModuleType("example")
    exec(compile(example_code(), str(README), "exec"), vars(module))  # noqa: S102 - the page's own example
    return module


async def test_example_of_the_readme_works() -> None:
    example = load_example()

    async with api_harness(
        "notify", example.router, example.Store, aggregates=example.AGGREGATES, clock=FixedClock(NOW)
    ) as api:
        li, wang = (api.client_as(Role.EXPERT, subject=name) for name in ("li", "wang"))
        first = await li.post("/v1/notices/n-1")
        again = await li.post("/v1/notices/n-1")

        assert (first.status_code, first.json()) == (201, {"notice_id": "n-1", "reader": "li"})
        assert (again.status_code, again.json()["code"]) == (409, "notice-known")
        assert (await li.get("/v1/notices")).json() == [first.json()]
        assert (await wang.get("/v1/notices")).json() == []
        assert [event.type for event in api.events] == ["notify.notice.delivered.v1"]


def test_readme_names_every_module_of_the_package() -> None:
    named = set(re.findall(r"`([a-z_]+)`", README.read_text(encoding="utf-8")))
    package = README.parent / "chassis"
    modules = {path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert {module for module in modules if not module.startswith("_")} - named == set()
