"""The image of a service: the Dockerfile's own commands, run in a folder instead of the root of the file system."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

import pytest

from deploy.services import SERVICES

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "containers" / "Dockerfile"
CONTRACTS = ("messages", "rulebook", "chassis")
LIBRARY = f"lib/python{sys.version_info.major}.{sys.version_info.minor}"
UNWANTED = {"pip", "setuptools", "wheel", "uv", "rich", "typer"}
UNCHECKED_HASH = b"\x01\0\0\0"
"""Flags of bytecode that Python trusts without a look at its source (PEP 552)."""
SHOW_LOADED = """
import importlib, os, sys
importlib.import_module(sys.argv[1])
for each in list(sys.modules.values()):
    source = getattr(each, "__file__", None) or ""
    if source.startswith(sys.prefix) and source.endswith(".py") and not os.path.exists(each.__cached__):
        print("no bytecode of", source)
for name in {"rich", "typer", "pip"} & set(sys.modules):
    print(name, "is loaded")
"""


@dataclass(frozen=True)
class Stage:
    commands: tuple[str, ...]
    environment: Mapping[str, str]


def stages() -> list[Stage]:
    """The commands and the environment of each stage of the Dockerfile."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    found = []
    for part in re.split(r"^FROM .*\n", text, flags=re.MULTILINE)[1:]:
        lines = [line.partition(" ") for line in part.splitlines()]
        assignments = " ".join(rest for word, _, rest in lines if word == "ENV").split()
        commands = tuple(rest.strip() for word, _, rest in lines if word == "RUN")
        found.append(Stage(commands, dict(each.split("=", 1) for each in assignments)))
    return found


def run(root: Path, command: str, environment: Mapping[str, str]) -> None:
    """Run a command of the Dockerfile below ``root``."""
    here = re.sub(r"(?<![\w.])/(app|source|usr/local)\b", rf"{root}/\1", command).replace("lib/python3.11", LIBRARY)
    subprocess.run(["/bin/sh", "-ec", here], env=environment, cwd=root, check=True)


def copy_source(root: Path, name: str, source: Path) -> None:
    """Copy as COPY does, without what Dockerfile.dockerignore leaves out."""
    target = root / "source" / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("tests", "__pycache__"))


def names(packages: Path) -> set[str]:
    return {_normal(each.metadata["Name"]) for each in distributions(path=[str(packages)])}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def without_bytecode(folder: Path) -> list[str]:
    """Sources whose bytecode is missing, or would be compared with the source's time."""

    def trusted(source: Path) -> bool:
        cached = Path(importlib.util.cache_from_source(source))
        return cached.is_file() and cached.read_bytes()[4:8] == UNCHECKED_HASH

    return [str(each.relative_to(folder)) for each in folder.rglob("*.py") if not trusted(each)]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The requirements and all five services in one folder; an image holds one of them."""
    root, build = tmp_path_factory.mktemp("image"), stages()[0]
    environment = {
        **os.environ,
        **build.environment,
        "PATH": f"{ROOT}/.venv/tool/bin:{Path(sys.executable).parent}:/usr/bin:/bin",
    }
    prepare, install_requirements, install_service, write_start = build.commands
    install_uv, make_environment = prepare.split(" && ")
    assert install_uv.startswith("pip install uv==")
    for name in CONTRACTS:
        copy_source(root, name, ROOT / "contracts" / name)
    shutil.copy(ROOT / "requirements.txt", root / "source")
    for command in (make_environment, install_requirements):
        run(root, command, environment)
    for service in SERVICES:
        copy_source(root, "service", ROOT / "services" / service.name)
        run(root, install_service, environment)
        run(root, write_start, {**environment, "PACKAGE": service.package})
    return root


@pytest.fixture(scope="module")
def packages(image: Path) -> Path:
    return image / "app" / LIBRARY / "site-packages"


def test_image_carries_the_requirements_and_its_own_packages_alone(packages: Path) -> None:
    required = re.findall(r"^([\w.-]+)(?:\[.*])?==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    own = {f"green-{each}" for each in (*CONTRACTS, *(service.name for service in SERVICES))}

    assert own <= names(packages)
    assert names(packages) - own <= {*map(_normal, required)}
    assert not names(packages) & UNWANTED


def test_every_module_of_the_image_has_bytecode_that_is_trusted(packages: Path) -> None:
    assert not without_bytecode(packages)


@pytest.mark.parametrize("package", [each.package for each in SERVICES])
def test_service_starts_from_bytecode_and_without_rich(image: Path, packages: Path, package: str) -> None:
    before = sorted(packages.rglob("*.pyc"))
    command = [str(image / "app/bin/python"), "-c", SHOW_LOADED, f"{package}.main"]
    loaded = subprocess.run(command, env=stages()[1].environment, capture_output=True, text=True, check=False)

    assert (loaded.returncode, loaded.stdout, loaded.stderr) == (0, "", "")
    assert sorted(packages.rglob("*.pyc")) == before, "nothing is written at run time"


def test_final_stage_removes_the_installer_and_compiles_the_standard_library(tmp_path: Path) -> None:
    python = tmp_path / "usr" / "local"
    subprocess.run([sys.executable, "-m", "venv", python], check=True)
    library = python / LIBRARY
    (library / "ensurepip").mkdir()
    (library / "module.py").write_text("text = 'of the standard library'\n")
    assert names(library / "site-packages") & {"pip", "setuptools"}
    _add_user, clean = stages()[1].commands

    run(tmp_path, clean, {"PATH": f"{python}/bin:/usr/bin:/bin"})

    assert not names(library / "site-packages") & UNWANTED
    assert not (library / "ensurepip").exists()
    assert not without_bytecode(library)


def test_bytecode_that_is_missing_or_compared_by_time_is_found(tmp_path: Path) -> None:
    for name in ("missing", "timed"):
        (tmp_path / f"{name}.py").write_text("")
    subprocess.run([sys.executable, "-m", "compileall", "-q", tmp_path / "timed.py"], check=True)

    assert sorted(without_bytecode(tmp_path)) == ["missing.py", "timed.py"]
