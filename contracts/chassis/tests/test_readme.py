import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from chassis.clock import FixedClock
from devkit.api_harness import api_harness
from messages.values import Role

README = Path(__file__).parents[1] / "README.md"
NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def example() -> ModuleType:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    module = ModuleType("example")
    exec(compile(code, str(README), "exec"), vars(module))  # noqa: S102 - the page's own example
    return module


async def test_the_example_does_what_the_page_says() -> None:
    shown = example()

    async with api_harness("notify", shown.router, aggregates=shown.AGGREGATES, clock=FixedClock(NOW)) as api:
        li, wang = (api.client_as(Role.EXPERT, subject=name) for name in ("li", "wang"))
        first = await li.post("/v1/notices/n-1")
        again = await li.post("/v1/notices/n-1")

        assert (first.status_code, first.json()) == (201, {"notice_id": "n-1", "reader": "li"})
        assert (again.status_code, again.json()["code"]) == (409, "notice-known")
        assert (await li.get("/v1/notices")).json() == [first.json()]
        assert (await wang.get("/v1/notices")).json() == []
        assert [event.type for event in api.events] == ["notify.notice.delivered.v1"]


def test_every_room_of_the_package_is_named_on_the_page() -> None:
    named = set(re.findall(r"`([a-z_]+)`", README.read_text(encoding="utf-8")))
    package = README.parent / "chassis"
    rooms = {path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert {room for room in rooms if not room.startswith("_")} - named == set()
