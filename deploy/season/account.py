"""What became of everybody, asked from the services when the season is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from messages.values import UnitRef

from deploy.season.calls import Calls, Json
from deploy.season.cast import YEAR, Applicant, Cast, HardCase
from deploy.season.decisions import Decisions, gather_decisions
from deploy.season.people import OPERATOR, REGION

LISTED, REFUSED, WITHDRAWN, OPEN = "listed", "refused", "withdrawn", "open"


@dataclass(frozen=True)
class Why:
    """One reason, as the person concerned reads it."""

    rule: str
    article: str
    text: str

    @classmethod
    def of(cls, reason: Json) -> Why:
        return cls(str(reason["rule"]), str(reason["article"]), str(reason["text"]))


@dataclass(frozen=True)
class Fate:
    """How one application ended."""

    applicant: Applicant
    ending: str
    """``listed``, ``refused``, ``withdrawn``, ``open``, or the outcome of its case."""
    reasons: tuple[Why, ...] = ()
    place: int | None = None
    score: Decimal | None = None
    energy_carbon: Decimal | None = None
    forwarded_on: str | None = None
    opinions: tuple[str, ...] = ()

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(sorted(each.rule for each in self.reasons))


@dataclass(frozen=True)
class Account:
    fates: tuple[Fate, ...]
    announced: Json
    """The annual list with its lines."""
    chain: Json
    rankings: list[Json]
    notice: Json
    quota: Json
    """Of the legal representative with two assessors."""
    sixteenth: tuple[Applicant, ...]
    """Whose items the one who asked for a sixteenth was shown."""
    decisions: Decisions
    undelivered: int
    """E-mails that could not be sent."""
    returned: tuple[str, ...] = field(default=())
    """Rules for which the amended application was refused before."""

    def of(self, case: HardCase) -> Fate:
        (only,) = self.playing(case)
        return only

    def playing(self, *cases: HardCase) -> tuple[Fate, ...]:
        return tuple(each for each in self.fates if each.applicant.case in cases)


async def gather(calls: Calls, cast: Cast) -> Account:
    region, public = calls.by(REGION), calls.by_anybody
    applications = {_key(each): each for each in await region.all("applications", "/applications", batch_year=YEAR)}
    cases = {each["case_id"]: each for each in await region.all("review", "/cases", batch_year=YEAR)}
    rankings = (await region.get("review", f"/batches/{YEAR}/ranking"))["items"]
    numbers = [each["number"] for each in await public.all("registry", "/lists", year=YEAR)]
    (notice,) = await public.all("review", "/notices", batch_year=YEAR)
    places = _places(rankings)
    fates = []
    for applicant in cast.applicants:
        application = applications[applicant.unit.key]
        number = application["application_id"]
        fates.append(_fate(applicant, application, cases.get(number), places.get(number, {})))
    return Account(
        fates=tuple(fates),
        announced=await public.get("registry", f"/lists/{min(numbers)}"),
        chain=await public.get("registry", "/lists/chain"),
        rankings=rankings,
        notice=notice,
        quota=await _quota(calls, cast),
        sixteenth=_shown_to_the_sixteenth(cast, applications),
        decisions=await gather_decisions(calls, cast, cases),
        undelivered=len(await calls.by(OPERATOR).all("notify", "/deliveries", state="failed")),
        returned=await _returned(calls, applications[cast.the(HardCase.RETURNED).unit.key]),
    )


def _key(application: Json) -> str:
    return UnitRef.model_validate(application["unit"]).key


def _places(rankings: list[Json]) -> dict[str, Json]:
    groups = [group for each in rankings for group in each["ranking"]["groups"]]
    return {line["case_id"]: line for group in groups for line in group["lines"]}


def _fate(applicant: Applicant, application: Json, case: Json | None, line: Json) -> Fate:
    told = case or {}
    score = line.get("score")
    return Fate(
        applicant=applicant,
        ending=_ending(application, told),
        reasons=tuple(Why.of(each) for each in told.get("reasons") or application["refusals"]),
        place=line.get("place"),
        score=Decimal(score) if score is not None else None,
        energy_carbon=Decimal(line["energy_carbon"]) if score is not None else None,
        forwarded_on=told.get("forwarded_on"),
        opinions=tuple(str(each["opinion"]) for each in told.get("opinions", ())),
    )


def _ending(application: Json, case: Json) -> str:
    if case.get("listed_on"):
        return LISTED
    return str(case.get("outcome") or (application["state"] if application["state"] in (REFUSED, WITHDRAWN) else OPEN))


def _shown_to_the_sixteenth(cast: Cast, applications: dict[str, Json]) -> tuple[Applicant, ...]:
    """The refusal names the items in use by their applications (Q1)."""
    (refusal,) = applications[cast.the(HardCase.QUOTA_EXHAUSTED).unit.key]["refusals"]
    by_application = {applications[each.unit.key]["application_id"]: each for each in cast.applicants}
    return tuple(by_application[name] for name in str(refusal["evidence"]).split(", "))


async def _quota(calls: Calls, cast: Cast) -> Json:
    one = cast.assessor_of(HardCase.QUOTA_EXHAUSTED)
    own = await calls.by(REGION).get("assessor-quota", f"/assessors/{one.uscc}/items", year=YEAR)
    digest = own["representative"]["digest"]
    return await calls.by(REGION).get("assessor-quota", f"/representatives/{digest}/items", year=YEAR)


async def _returned(calls: Calls, application: Json) -> tuple[str, ...]:
    path = f"/applications/{application['application_id']}/versions"
    versions = (await calls.by(REGION).get("applications", path))["items"]
    return tuple(reason["rule"] for reason in versions[0]["application"]["refusals"])
