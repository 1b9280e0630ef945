"""setup.sh judges what is missing as it is, says so on stderr, and names the way without a network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

SETUP = ROOT / "deploy" / "setup.sh"
BASH = shutil.which("bash") or "bash"
MANY_LIBRARIES = """#!/bin/sh
echo "        libcurl.so.4 (libc6,x86-64) => /lib/libcurl.so.4"
seq -f "        libother%g.so.1 (libc6,x86-64) => /lib/other" 20000
"""
"""More than a pipe holds, after the line that is looked for."""


def run_in_setup(words: str, folder: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run shell commands with the functions of setup.sh, in ``folder``."""
    environment = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"]}
    script = f'source "{SETUP}"; cd "{folder}"; {words}'
    return subprocess.run(
        [BASH, "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Folder of programs that stand before the machine's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "ldconfig").write_text(MANY_LIBRARIES)
    (folder / "ldconfig").chmod(0o755)
    return folder


def test_library_that_is_there_is_found_whatever_follows_it(tmp_path: Path, programs: Path) -> None:
    found = run_in_setup("for _ in 1 2 3 4 5; do has_library libcurl.so.4; done; echo all", tmp_path, programs)
    missing = run_in_setup("has_library libabsent.so.4 || echo missing", tmp_path, programs)

    assert found.stdout == "all\n", found.stderr
    assert missing.stdout == "missing\n"


@pytest.mark.parametrize("file", [SETUP, ROOT / "Makefile"], ids=lambda file: file.name)
def test_no_reader_of_a_pipe_leaves_before_its_writer(file: Path) -> None:
    early = re.findall(r"^(?!\s*#).*\|\s*(?:grep -\w*q|head|sed \S*q).*$", file.read_text(), re.MULTILINE)

    assert "pipefail" in file.read_text()
    assert early == []


def test_what_it_says_stays_out_of_the_output_of_a_command(tmp_path: Path) -> None:
    said = run_in_setup("say installing; echo token", tmp_path)

    assert (said.stdout, said.stderr) == ("token\n", "setup: installing\n")


def test_installation_that_fails_names_the_way_without_a_network(tmp_path: Path) -> None:
    failing = "install_python() { echo 'no such host'; false; echo 'went on'; }; try_python"
    alone = run_in_setup(failing, tmp_path)
    (tmp_path / "wheelhouse").mkdir()
    beside = run_in_setup(failing, tmp_path)

    assert (alone.returncode, beside.returncode) == (1, 1)
    assert "no such host" in alone.stderr
    assert "went on" not in alone.stderr
    assert "run make wheelhouse on a machine that has one" in alone.stderr
    assert "make wheelhouse again" in beside.stderr
    assert alone.stdout == beside.stdout == ""


def test_wheelhouse_replaces_every_index(tmp_path: Path) -> None:
    assert run_in_setup("offline", tmp_path).stdout == ""
    (tmp_path / "wheelhouse").mkdir()
    assert run_in_setup("offline", tmp_path).stdout.split() == ["--no-index", "--find-links", "wheelhouse"]


def test_user_without_root_is_told_of_the_services_that_debian_starts(tmp_path: Path) -> None:
    told = run_in_setup("own_services libcurl4 rabbitmq-server prometheus; own_services libcurl4; echo .", tmp_path)

    assert told.stdout.count("systemctl disable --now rabbitmq-server prometheus") == 1
    assert told.stdout.endswith("prometheus.\n")
