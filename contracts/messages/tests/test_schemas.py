import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from messages.compatibility import breaking_changes, breaking_changes_since
from messages.schemas import rendered, schemas

RECORD = Path(__file__).parents[2] / "schemas"
OPENED = schemas()["review.case.opened.v1"]


def test_the_committed_schemas_are_those_of_the_code() -> None:
    committed = {file.stem: file.read_text(encoding="utf-8") for file in RECORD.iterdir()}

    assert committed == {name: rendered(schema) for name, schema in schemas().items()}
    assert breaking_changes_since(RECORD) == []


def changed(**properties: object) -> dict[str, Any]:
    schema = deepcopy(OPENED)
    schema["properties"] |= properties
    return schema


def test_an_added_optional_field_breaks_nobody() -> None:
    assert breaking_changes(OPENED, changed(remark={"type": "string"})) == []


def test_an_added_required_field_breaks_new_readers_of_old_speakers() -> None:
    schema = changed(remark={"type": "string"})
    schema["required"].append("remark")

    assert [each.split(":")[0] for each in breaking_changes(OPENED, schema)] == ["backward"]


def test_a_dropped_required_field_breaks_old_readers_of_new_speakers() -> None:
    schema = deepcopy(OPENED)
    del schema["properties"]["opened_on"]
    schema["required"].remove("opened_on")

    assert [each.split(":")[0] for each in breaking_changes(OPENED, schema)] == ["forward"]


def test_a_changed_type_breaks_both() -> None:
    assert len(breaking_changes(OPENED, changed(batch_year={"type": "string"}))) == 2


def test_a_narrowed_choice_breaks_new_readers() -> None:
    schema = deepcopy(OPENED)
    schema["$defs"]["UnitType"]["enum"].remove("park")

    assert [each.split(":")[0] for each in breaking_changes(OPENED, schema)] == ["backward"]


@pytest.fixture
def record(tmp_path: Path) -> Path:
    for name, schema in schemas().items():
        (tmp_path / f"{name}.json").write_text(rendered(schema))
    return tmp_path


def test_the_gate_names_a_breaking_change_and_a_type_that_disappeared(record: Path) -> None:
    was = changed(gone={"type": "string"})
    was["required"].append("gone")
    (record / "review.case.opened.v1.json").write_text(rendered(was))
    (record / "review.case.forgotten.v1.json").write_text(json.dumps({}))

    broken = breaking_changes_since(record)

    assert len(broken) == 2
    assert broken[0].startswith("review.case.opened.v1: forward")
    assert broken[1].startswith("review.case.forgotten.v1: a published type may not disappear")
