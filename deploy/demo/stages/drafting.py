"""February and March: the prefectures' lists are recorded, and units upload their files."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from email import message_from_bytes, policy
from pathlib import Path

from applications.workbooks import read
from devkit.workbooks import open_workbook
from messages.values import Prefecture
from rulebook.regions import PREFECTURES

from deploy.demo import timeline
from deploy.demo.actors import officer, unit
from deploy.demo.calls import until
from deploy.demo.personas import YEAR, Applicant, EdgeCase
from deploy.demo.samples import roster
from deploy.demo.samples.annex1 import email
from deploy.demo.season import Season

CODE_SUBJECT = "确认接收通知的电子邮箱"
FACT = {"kind": "supervision_penalty", "happened_on": "2024-09-03", "reference": "示例市工业节能监察〔2024〕6号"}


async def record_prefecture_lists(season: Season) -> None:
    """Record the roster: each officer its prefecture's own units (E10)."""
    season.stage("Prefectures record their own lists", timeline.PREFECTURE_LISTS)
    rows = read(roster.FORM, open_workbook(season.samples.roster.read_bytes())).values["rows"]
    named = {str(row["name"]) for row in rows} if isinstance(rows, list) else set()

    async def record(prefecture: Prefecture) -> None:
        on_it = [each for each in season.personas.applicants if each.unit.name in named]
        body = _list(prefecture, [each for each in on_it if each.unit.prefecture is prefecture])
        await season.calls.as_person(officer(prefecture)).post(
            "applications", "/prefecture-lists", f"list:{prefecture}", body
        )

    await season.each(Prefecture, record)
    await _record_fact(season)


def _list(prefecture: Prefecture, applicants: Sequence[Applicant]) -> dict[str, object]:
    return {
        "prefecture": prefecture,
        "document_number": f"{PREFECTURES[prefecture]}工信发〔{YEAR - 1}〕18号",
        "published_on": f"{YEAR - 1}-11-20",
        "units": [each.unit.model_dump(mode="json") for each in applicants],
    }


async def _record_fact(season: Season) -> None:
    """Record a fact of an officer: it outweighs the declaration of the unit (E4)."""
    applicant = season.personas.by_edge_case(EdgeCase.SEVERAL_FAULTS)
    by = officer(applicant.unit.prefecture)
    fact = {**FACT, "uscc": applicant.unit.uscc}
    recorded = await season.calls.as_person(by).post("applications", "/facts", "fact", fact)
    season.fact_id = str(recorded.body["fact_id"])


async def draft_applications(season: Season) -> None:
    """Upload work plan, evidence and evaluation report of each unit."""
    season.stage("Plans, evidence, reports are imported", timeline.DRAFTS)

    async def draft(applicant: Applicant) -> None:
        if applicant.case:
            await _ask_for_mail(season, applicant)
        await _import_work_plan(season, applicant)
        for number, file in enumerate(season.samples.evidence(applicant)):
            key = f"file:{applicant.id}:{number}"
            await season.calls.as_person(unit(applicant)).send_file("applications", "/files", key, file)
        await import_report(season, applicant)

    await season.each(season.personas.applicants, draft)


async def _ask_for_mail(season: Season, applicant: Applicant) -> None:
    """Ask for notices by e-mail too, for the edge cases, and confirm the address by the code sent there (N1)."""
    person, address = season.calls.as_person(unit(applicant)), email(applicant)
    await person.put("notify", "/contacts/applicant", f"contact:{applicant.id}", {"email": address})
    code = await until(lambda: asyncio.to_thread(_code_sent_to, address, season.mail), f"a code for {address}")
    await person.post("notify", "/contacts/applicant/confirmation", f"confirmation:{applicant.id}", {"code": code})


def _code_sent_to(address: str, folder: Path) -> str | None:
    """Return the code in the newest e-mail to the address; None before it has arrived."""
    for file in sorted(folder.glob("*.eml"), reverse=True):
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        is_code = message["To"] == address and message["Subject"] == CODE_SUBJECT
        if is_code and (found := re.search(r"\d{8}", str(message.get_content()))):
            return found.group()
    return None


async def _import_work_plan(season: Season, applicant: Applicant) -> None:
    answer = await season.calls.as_person(unit(applicant)).send_file(
        "applications",
        "/imports/annex1",
        f"annex1:{applicant.id}",
        season.samples.work_plan(applicant),
        {"prefecture": applicant.unit.prefecture, "batch_year": YEAR},
    )
    season.application_ids[applicant.id] = answer.body["application_id"]


async def import_report(season: Season, applicant: Applicant, *, amended: bool = False) -> None:
    await season.calls.as_person(unit(applicant)).send_file(
        "applications",
        "/imports/evaluation-report",
        f"report:{applicant.id}{':amended' if amended else ''}",
        season.samples.report(applicant, amended=amended),
        {"application_id": season.id_of(applicant)},
    )
