"""Results of all applications, read from the services at the end of the season."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from messages.values import UnitRef

from deploy.demo.actors import OPERATOR, REGION
from deploy.demo.calls import Caller, Calls, Json
from deploy.demo.decisions import Decisions, collect_decisions
from deploy.demo.personas import YEAR, Applicant, EdgeCase, Personas

LISTED, REFUSED, WITHDRAWN, OPEN = "listed", "refused", "withdrawn", "open"


@dataclass(frozen=True)
class RefusalReason:
    """One reason, as the applicant reads it."""

    rule: str
    article: str
    text: str

    @classmethod
    def of(cls, reason: Json) -> RefusalReason:
        return cls(str(reason["rule"]), str(reason["article"]), str(reason["text"]))


@dataclass(frozen=True)
class ApplicationResult:
    """How one application ended."""

    applicant: Applicant
    ending: str
    """``listed``, ``refused``, ``withdrawn``, ``open``, or the outcome of its case."""
    reasons: tuple[RefusalReason, ...] = ()
    rank: int | None = None
    score: Decimal | None = None
    energy_carbon: Decimal | None = None
    forwarded_on: str | None = None
    opinions: tuple[str, ...] = ()

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(sorted(each.rule for each in self.reasons))


@dataclass(frozen=True)
class SeasonResult:
    applications: tuple[ApplicationResult, ...]
    announced: Json
    lines: list[Json]
    """Of the announced list."""
    """The annual list with its lines."""
    chain: Json
    rankings: list[Json]
    notice: Json
    quota: Json
    """Quota of the legal representative with two assessors."""
    shown_in_refusal: tuple[Applicant, ...]
    """Applicants whose items the refusal over the quota lists."""
    decisions: Decisions
    undelivered: int
    """E-mails that could not be sent."""
    returned: tuple[str, ...] = field(default=())
    """Rules for which the amended application was refused at first."""

    def of(self, case: EdgeCase) -> ApplicationResult:
        (only,) = self.all_of(case)
        return only

    def all_of(self, *cases: EdgeCase) -> tuple[ApplicationResult, ...]:
        return tuple(each for each in self.applications if each.applicant.case in cases)


async def collect_results(calls: Calls, personas: Personas) -> SeasonResult:
    region, public = calls.as_person(REGION), calls.anonymous
    applications = {_key(each): each for each in await region.all("applications", "/applications", batch_year=YEAR)}
    cases = {each["case_id"]: each for each in await region.all("review", "/cases", batch_year=YEAR)}
    rankings = (await region.get("review", f"/batches/{YEAR}/ranking"))["items"]
    numbers = [each["number"] for each in await public.all("registry", "/lists", year=YEAR)]
    (notice,) = await public.all("review", "/notices", batch_year=YEAR)
    ranked = await _lines_by_case(region, rankings)
    results = []
    for applicant in personas.applicants:
        application = applications[applicant.unit.key]
        number = application["application_id"]
        results.append(_application_result(applicant, application, cases.get(number), ranked.get(number, {})))
    return SeasonResult(
        applications=tuple(results),
        announced=await public.get("registry", f"/lists/{min(numbers)}"),
        lines=await public.all("registry", f"/lists/{min(numbers)}/lines"),
        chain=await public.get("registry", "/lists/chain"),
        rankings=rankings,
        notice=notice,
        quota=await _quota(calls, personas),
        shown_in_refusal=_shown_in_refusal(personas, applications),
        decisions=await collect_decisions(calls, personas, cases),
        undelivered=len(await calls.as_person(OPERATOR).all("notify", "/deliveries", state="failed")),
        returned=await _returned(calls, applications[personas.by_edge_case(EdgeCase.RETURNED).unit.key]),
    )


def _key(application: Json) -> str:
    return UnitRef.model_validate(application["unit"]).key


async def _lines_by_case(region: Caller, rankings: list[Json]) -> dict[str, Json]:
    paths = [f"/batches/{YEAR}/ranking/{each['number']}/lines" for each in rankings]
    lines = [line for path in paths for line in await region.all("review", path)]
    return {line["case_id"]: line for line in lines}


def _application_result(applicant: Applicant, application: Json, case: Json | None, line: Json) -> ApplicationResult:
    told = case or {}
    score = line.get("score")
    return ApplicationResult(
        applicant=applicant,
        ending=_ending(application, told),
        reasons=tuple(RefusalReason.of(each) for each in told.get("reasons") or application["refusals"]),
        rank=line.get("rank"),
        score=Decimal(score) if score is not None else None,
        energy_carbon=Decimal(line["energy_carbon"]) if score is not None else None,
        forwarded_on=told.get("forwarded_on"),
        opinions=tuple(str(each["opinion"]) for each in told.get("opinions", ())),
    )


def _ending(application: Json, case: Json) -> str:
    if case.get("listed_on"):
        return LISTED
    return str(case.get("outcome") or (application["state"] if application["state"] in (REFUSED, WITHDRAWN) else OPEN))


def _shown_in_refusal(personas: Personas, applications: dict[str, Json]) -> tuple[Applicant, ...]:
    """Return the applicants whose applications the refusal names (Q1)."""
    (refusal,) = applications[personas.by_edge_case(EdgeCase.QUOTA_EXHAUSTED).unit.key]["refusals"]
    by_application = {applications[each.unit.key]["application_id"]: each for each in personas.applicants}
    return tuple(by_application[name] for name in str(refusal["evidence"]).split(", "))


async def _quota(calls: Calls, personas: Personas) -> Json:
    one = personas.assessor_of(EdgeCase.QUOTA_EXHAUSTED)
    own = await calls.as_person(REGION).get("assessor-quota", f"/assessors/{one.uscc}/items", year=YEAR)
    digest = own["representative"]["digest"]
    return await calls.as_person(REGION).get("assessor-quota", f"/representatives/{digest}/items", year=YEAR)


async def _returned(calls: Calls, application: Json) -> tuple[str, ...]:
    path = f"/applications/{application['application_id']}/versions"
    versions = (await calls.as_person(REGION).get("applications", path))["items"]
    return tuple(reason["rule"] for reason in versions[0]["application"]["refusals"])
