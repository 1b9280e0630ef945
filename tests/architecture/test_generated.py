"""Generated files agree with the code, and one command writes or checks them all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.generate import __main__ as command
from deploy.generate import readmes, schemas
from deploy.generate.generated import DIFF_LINES, differences, outdated, write
from tests.architecture.sources import ROOT, SERVICES

GENERATORS = (
    "deploy.generate.documents.generator",
    "deploy.generate.dashboards.generator",
    "deploy.generate.broker_definitions",
)
IMPORTING = """
import importlib, sys
for name in sys.argv[2].split(","):
    sys.modules[name] = None
importlib.import_module(sys.argv[1])
print(",".join(sys.modules))
"""
"""Imports one module where others are missing, and prints every module that is loaded then."""


def loaded_by(module: str, missing: str = "") -> set[str]:
    command = [sys.executable, "-c", IMPORTING, module, missing]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.strip().split(","))


def test_every_generated_file_agrees_with_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--check"]) == 0, capsys.readouterr().err


def test_every_kind_of_file_is_generated() -> None:
    folders = {str(file.parent.relative_to(ROOT)) for file in command.generated_files()}

    assert folders == {
        "contracts/schemas",
        "contracts/openapi",
        "contracts/asyncapi",
        "deploy/rabbitmq",
        "deploy/mongodb",
        "deploy/generate/dashboards/grafana",
        "deploy/generate/dashboards/consoles",
        *(f"services/{service}" for service in SERVICES),
    }


def test_a_check_names_an_outdated_file_and_the_difference_and_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "review.json"
    file.write_text("one\ntwo\n")

    (found,) = differences({file: "one\nthree\n"}, tmp_path)

    assert found.splitlines()[0] == "review.json is outdated"
    assert "-two\n+three" in found
    assert file.read_text() == "one\ntwo\n"


def test_a_long_difference_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "review.json"

    (found,) = differences({file: "line\n" * 10 * DIFF_LINES}, tmp_path)

    assert len(found.splitlines()) == DIFF_LINES + 2
    assert found.endswith("…")


def test_a_file_that_the_code_no_longer_generates_is_named_and_removed(tmp_path: Path) -> None:
    files = {tmp_path / "boards" / "review.json": "{}"}
    assert write(files) == list(files)
    orphan = tmp_path / "boards" / "gone.json"
    orphan.write_text("{}")

    assert outdated(files) == [orphan]
    assert write(files) == [orphan]
    assert not orphan.exists()
    assert write(files) == []


def test_what_lies_beside_a_readme_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "README.md").write_text("old")
    files = {tmp_path / "README.md": "new"}

    assert write(files) == [tmp_path / "README.md"]
    assert outdated(files) == []
    assert (tmp_path / "pyproject.toml").exists()


def test_the_events_of_a_readme_replace_those_between_its_marks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(readmes, "FOLDER", tmp_path)
    texts = {"review": f"# review\n{readmes.BEGIN}\nold\n{readmes.END}\n## Limits\n"}
    for service in SERVICES:
        (tmp_path / service).mkdir()
        (tmp_path / service / "README.md").write_text(texts.get(service, "# new\n"))

    written = readmes.generate()

    review = written[tmp_path / "review" / "README.md"]
    assert review.startswith("# review\n")
    assert review.endswith("\n## Limits\n")
    assert "old" not in review
    assert "`CaseOpened`" in review
    assert written[tmp_path / "notify" / "README.md"].startswith(f"# new\n\n{readmes.BEGIN}")
    write(written)
    assert readmes.generate() == written


def test_help_writes_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "GENERATORS", ())
    monkeypatch.setattr(command, "write", pytest.fail)

    with pytest.raises(SystemExit) as ended:
        command.main(["--help"])

    assert ended.value.code == 0
    assert "--check" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [[], ["--check"]], ids=["write", "check"])
def test_a_breaking_change_of_an_event_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, argv: list[str]
) -> None:
    (tmp_path / "review.case.forgotten.v1.json").write_text("{}")
    monkeypatch.setattr(schemas, "SCHEMAS", tmp_path)
    monkeypatch.setattr(command, "write", pytest.fail)

    assert command.main(argv) == 1
    assert "review.case.forgotten.v1: a published type may not disappear" in capsys.readouterr().err


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_generator_needs_no_development_server(generator: str) -> None:
    assert generator in loaded_by(generator, missing="aiosmtpd,devkit.servers,deploy.local")


def test_the_local_stack_reads_the_definitions_without_loading_a_service() -> None:
    loaded = loaded_by("deploy.local.servers")

    assert loaded & {"applications", "assessor_quota", "review", "registry", "notify"} == set()
