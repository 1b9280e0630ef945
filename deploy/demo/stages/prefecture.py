"""April to June: initial review, opinion documents, and forwarding to the region by 31 May."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from messages.values import Department
from rulebook.regions import PREFECTURES

from deploy.demo import timeline
from deploy.demo.actors import officer
from deploy.demo.calls import Json
from deploy.demo.personas import YEAR, Applicant, EdgeCase
from deploy.demo.samples import evidence
from deploy.demo.season import Season

WHY_REFUSED = "能耗数据与统计部门核定数据差异较大，且未按生态环境部门意见完成整改。"
DEALT_WITH = {
    EdgeCase.DEPARTMENT_OBJECTS: (Department.ECOLOGY_ENVIRONMENT, "企业已办理排污许可变更，经复核一致。"),
    EdgeCase.DEPARTMENT_SILENT: (Department.EMERGENCY_MANAGEMENT, "经查询安全生产信用信息系统，无不良记录。"),
}


async def review(season: Season) -> None:
    season.stage("Prefectures decide on initial review", timeline.INITIAL_REVIEW)
    await season.until_cases(season.reviewed, _answered, "every department has answered or let its day pass")

    async def decide(applicant: Applicant) -> None:
        refuse = applicant.case is EdgeCase.INITIAL_REVIEW_REFUSED
        body = {"decision": "refuse", "reasons": WHY_REFUSED} if refuse else {"decision": "accept"}
        await _command(season, applicant, "initial-review", body)

    await season.each(season.reviewed, decide)


def _answered(case: Json) -> bool:
    return all(each["opinion"] is not None for each in case["opinions"])


async def issue_opinions(season: Season) -> None:
    season.stage("Opinion documents are issued", timeline.OPINION_DOCUMENTS)
    numbers = dict(_numbers(season.reviewed))

    async def issue(applicant: Applicant) -> None:
        body = {
            "number": numbers[applicant.id],
            "conclusion": "recommended",
            "attachments": [_signed(applicant)],
            "dealt_with": _dealt_with(applicant),
        }
        await _command(season, applicant, "opinion-document", body)

    await season.each(_accepted(season), issue)


def _accepted(season: Season) -> list[Applicant]:
    return [each for each in season.reviewed if each.case is not EdgeCase.INITIAL_REVIEW_REFUSED]


def _numbers(applicants: Sequence[Applicant]) -> Iterator[tuple[str, str]]:
    """Number the documents within each prefecture (V3)."""
    counts: dict[str, int] = {}
    for each in applicants:
        area = each.unit.prefecture
        counts[area] = counts.get(area, 0) + 1
        yield each.id, f"{PREFECTURES[area]}工信审〔{YEAR}〕{counts[area]}号"


def _signed(applicant: Applicant) -> dict[str, object]:
    """Return the signed document, identified by its content."""
    content = evidence.pdf("Opinion of the prefecture department", applicant.unit.uscc)
    name, digest = f"{applicant.id}-opinion.pdf", sha256(content).hexdigest()
    return {"name": name, "sha256": digest, "size": len(content), "media_type": "application/pdf"}


def _dealt_with(applicant: Applicant) -> dict[str, str]:
    found = DEALT_WITH.get(applicant.case) if applicant.case else None
    return {} if found is None else {found[0]: found[1]}


async def forward(season: Season) -> None:
    """Forward in May, in the last minutes of 31 May, and four days too late."""
    season.stage("Forwarded to the region", timeline.FORWARDING)
    exceptional = {EdgeCase.LAST_DAY: timeline.LAST_MINUTES, EdgeCase.LATE: timeline.TOO_LATE}

    async def send(applicant: Applicant) -> None:
        await _command(season, applicant, "forward", may_be_refused=applicant.case is EdgeCase.LATE)

    await season.each([each for each in _accepted(season) if each.case not in exceptional], send)
    for case, instant in exceptional.items():
        season.go_on_to(instant)
        await season.each([season.personas.by_edge_case(case)], send)


async def _command(
    season: Season, applicant: Applicant, what: str, body: object = None, *, may_be_refused: bool = False
) -> None:
    path, by = f"/cases/{season.id_of(applicant)}/{what}", officer(applicant.unit.prefecture)
    await season.calls.as_person(by).post("review", path, f"{what}:{applicant.id}", body, may_be_refused=may_be_refused)
