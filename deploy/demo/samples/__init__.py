"""Files of the season in their real form: work plans, evaluation reports, evidence and the roster of the personas.

The same personas give the same bytes, so that a restarted season sends the same files.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import applications.workbooks

from deploy.demo.personas import Applicant, EdgeCase, Personas
from deploy.demo.samples import annex1, evidence, report, roster
from deploy.demo.samples.packing import packed

__all__ = ["Samples", "make"]

_MADE_BY = "made-by"
_SOURCES = (Path(__file__).parent, Path(__file__).parents[1] / "personas", Path(applications.workbooks.__file__).parent)


@dataclass(frozen=True)
class Samples:
    """Paths of the files of the season."""

    folder: Path

    @property
    def roster(self) -> Path:
        return self.folder / "annex2-roster.xlsx"

    def work_plan(self, applicant: Applicant) -> Path:
        return self.folder / "annex1" / f"{applicant.id}.xlsx"

    def report(self, applicant: Applicant, *, amended: bool = False) -> Path:
        return self.folder / "reports" / f"{applicant.id}{'-amended' if amended else ''}.xlsx"

    def evidence(self, applicant: Applicant) -> list[Path]:
        return sorted((self.folder / "evidence").glob(f"{applicant.id}-*"))


def make(folder: Path, personas: Personas) -> Samples:
    """Write the files below ``folder``, unless the same generator has already written them."""
    samples, stamp = Samples(folder), folder / _MADE_BY
    made_by = _fingerprint()
    if not stamp.exists() or stamp.read_text("utf-8") != made_by:
        _write(samples.roster, packed(roster.FORM, roster.filled(personas.applicants)))
        _write_all(samples, personas)
        stamp.write_text(made_by, "utf-8")
    return samples


def _write_all(samples: Samples, personas: Personas) -> None:
    """Write in processes of their own, or here where the machine has no room for their locks (/dev/shm)."""
    try:
        # Not forked: whoever calls this may have threads and connections.
        pool = ProcessPoolExecutor(mp_context=get_context("spawn"))
    except (OSError, ImportError):
        for each in personas.applicants:
            _write_files_of(samples, each)
        return
    with pool:
        list(pool.map(partial(_write_files_of, samples), personas.applicants, chunksize=5))


def _write_files_of(samples: Samples, applicant: Applicant) -> None:
    attached, form = evidence.of(applicant), report.form_of(applicant)
    _write(samples.work_plan(applicant), packed(annex1.form_of(applicant), annex1.values(applicant)))
    _write(samples.report(applicant), packed(form, report.filled(applicant, attached)))
    if applicant.case is EdgeCase.RETURNED:
        amended = report.filled(applicant, attached, amended=True)
        _write(samples.report(applicant, amended=True), packed(form, amended))
    for each in attached:
        _write(samples.folder / "evidence" / each.name, each.content)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _fingerprint() -> str:
    """Return a digest of all sources that determine the content of the files."""
    digest = sha256()
    for source in sorted(file for folder in _SOURCES for file in folder.rglob("*.*") if file.suffix != ".pyc"):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()
