"""The crawler: asks every GET route of every service as every role, and searches the answers for known secrets.

The routes come from the documents that the services serve, so that a new one is asked as well; a parameter that nobody
has a value for is an error. A secret names who may see it; whoever else finds it in an answer is a leak. Seeds are
searched for afterwards, when they are revealed: every digest that was shown before is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import httpx2
from messages.values import Department, Prefecture, Role

from deploy.demo.actors import (
    CITIZEN,
    OPERATOR,
    REGION,
    REVIEWERS,
    Actor,
    Tokens,
    assessor,
    department,
    expert,
    officer,
    unit,
)
from deploy.demo.calls import Calls, Json
from deploy.demo.personas import YEAR, EdgeCase
from deploy.demo.samples.annex1 import email
from deploy.demo.samples.report import scheme_of
from deploy.demo.season import Season
from deploy.demo.stack import Stack
from tests.scenarios.secrets_shown import REVIEWING, Secret, secrets_in

AT_ONCE = 12
STAGES_CRAWLED = (
    "draft_applications",
    "forward",
    "appoint_panels",
    "score",
    "visit_sites",
    "rank",
    "publish",
    "conclude",
    "announce",
)
"""The stages of the season after which something else may be known; the others open no route and show no new fact."""
UNTIL_THE_NOTICE = STAGES_CRAWLED[: STAGES_CRAWLED.index("publish")]
WATCHED, OTHER = EdgeCase.OBJECTION_DISMISSED, EdgeCase.BORDERLINE
OBJECTOR, OBJECTORS_CONTACT = "示例居民", "示例街道1号"
"""As the demo lodges its objections."""
ANYBODY = Actor(Role.PUBLIC, subject="somebody")
AGENCY = Actor(Role.AGENCY, organisation="示例生态环境厅")
OTHERS_ROUTES = {
    "assessor-quota GET /v1/assessors/{uscc}/statements/{year}",
    "registry GET /v1/lists/acts/{act_id}",
    "registry GET /v1/lists/{year}/closed",
    "registry GET /v1/lists/{year}/closed/lines",
    "registry GET /v1/lists/acts/{act_id}/held-back",
    "review GET /v1/acts/{act_id}",
}
"""Routes to what the season does not have, or only for a moment: nobody is shown anything."""
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Route:
    service: str
    path: str
    parameters: tuple[str, ...]
    query: tuple[str, ...]
    """Required parameters of the query."""
    limit: int | None
    """The greatest page, where it is a list."""


@dataclass(frozen=True)
class Finding:
    """A secret in an answer."""

    secret: str
    route: str
    role: str
    stage: str

    def __str__(self) -> str:
        return f"{self.route} shows {self.secret} to {self.role} after {self.stage}"


@dataclass
class Crawler:
    stack: Stack
    leaks: list[Finding] = field(default_factory=list)
    shown: list[Finding] = field(default_factory=list)
    """Secrets found by those who may see them: a crawler that finds none has searched for the wrong words."""
    asked: set[tuple[str, str, str]] = field(default_factory=set)
    """(route, role, stage) of every question that was answered with success."""
    routes: tuple[Route, ...] = ()
    digests: dict[str, Finding] = field(default_factory=dict)
    """Digest → where it was shown before the notice."""
    _draft: str = ""

    def __post_init__(self) -> None:
        self._tokens = Tokens(self.stack.keys)

    async def visit(self, season: Season, stage: str) -> None:
        """Crawl after a stage of the season, once."""
        if stage not in STAGES_CRAWLED or any(stage == done for _, _, done in self.asked):
            return
        self.routes = self.routes or tuple(await self._read_routes())
        facts = await self._facts(season, stage)
        actors = self._actors(season, facts)
        turns = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for route in self.routes:
                for name, actor in actors.items():
                    group.create_task(self._ask(season.calls, route, (name, actor), facts, turns))

    async def seed_of_the_lots(self, calls: Calls) -> tuple[str, Finding | None]:
        """Return the revealed seed, and where it was shown before the notice."""
        draws = (await calls.anonymous.get("review", f"/batches/{YEAR}/draws"))["items"]
        seed = str(draws[0]["seed"])
        return seed, self.digests.get(seed)

    async def _read_routes(self) -> list[Route]:
        found = []
        async with httpx2.AsyncClient(trust_env=False) as client:
            for service, address in self.stack.monitoring.items():
                document = (await client.get(f"{address}/openapi.json")).json()
                for path, operations in document["paths"].items():
                    if "get" in operations and path.startswith("/v1/"):
                        found.append(_route(service, path, operations["get"]))
        return found

    async def _facts(self, season: Season, stage: str) -> Facts:
        """Read as the region what is to be found, and the identifiers that routes ask for."""
        applicant = season.personas.by_edge_case(WATCHED)
        region = season.calls.as_person(REGION)
        case: Json = {}
        if stage != STAGES_CRAWLED[0]:
            case = await region.get("review", f"/cases/{season.id_of(applicant)}")
        panel = case.get("panel") or {}
        notices = (await season.calls.anonymous.get("review", "/notices"))["items"]
        objections: list[Json] = []
        if notices:
            lodged = await region.all("review", f"/notices/{notices[0]['notice_id']}/objections")
            objections = [each for each in lodged if each["case_id"] == season.id_of(applicant)]
        named = applicant.assessor or season.personas.assessors[0]
        items = await region.get("assessor-quota", f"/assessors/{named.uscc}/items", year=YEAR)
        removals = (await region.get("registry", "/removals"))["items"]
        evidence = season.samples.evidence(applicant)[0].read_bytes()
        facts = Facts(
            stage=stage,
            case_id=season.id_of(applicant),
            experts=tuple(panel.get("experts", ())),
            score=str((case.get("score") or {}).get("total", "")),
            draft=await self._draft_a_sheet(season, stage, panel),
            parameters={
                "application_id": season.id_of(applicant),
                "case_id": season.id_of(applicant),
                "assessor-quota uscc": named.uscc,
                "uscc": applicant.unit.uscc,
                "key": applicant.unit.key,
                "digest": items["representative"]["digest"],
                **dict.fromkeys(("expert", "expert_id"), (*panel.get("experts", ()), "expert-01")[0]),
                "notice_id": notices[0]["notice_id"] if notices else "notice-of-nobody",
                "objection_id": objections[0]["objection_id"] if objections else "objection-of-nobody",
                "removal_id": removals[0]["removal_id"] if removals else "removal-of-nobody",
                "act_id": "act-of-nobody",
                "fact_id": season.fact_id or "fact-of-nobody",
                "year": str(YEAR),
                "number": "1",
                "name": "evaluation-report",
                "prefecture": applicant.unit.prefecture,
                "sha256": hashlib.sha256(evidence).hexdigest(),
            },
        )
        return replace(facts, secrets=tuple(self._secrets(season, facts)))

    async def _draft_a_sheet(self, season: Season, stage: str, panel: Json) -> str:
        """Save a draft of a score sheet with a value that stands nowhere else; it is gone when the sheet is signed."""
        if stage != "appoint_panels":
            return ""
        applicant, name = season.personas.by_edge_case(WATCHED), panel["experts"][0]
        scheme = scheme_of(applicant)
        of_percent = next(each for each in scheme.indicators if each.unit == "%")
        least, greatest = scheme.range_of(of_percent)
        value = str((least + (greatest - least) * Decimal("0.37")).quantize(Decimal("0.0001")) + Decimal("0.0003"))
        body = {"values": {of_percent.id: value}, "mandatory_items": {}}
        path = f"/cases/{season.id_of(applicant)}/score-sheets/{name}"
        await season.calls.as_person(expert(name)).put("review", path, "sheet:draft", body)
        return value

    def _actors(self, season: Season, facts: Facts) -> Mapping[str, Actor | None]:
        applicant, other = (season.personas.by_edge_case(each) for each in (WATCHED, OTHER))
        here = applicant.unit.prefecture
        elsewhere = next(each for each in Prefecture if each is not here)
        seated = facts.experts or ("expert-01",)
        return {
            "the public": None,
            "somebody": ANYBODY,
            "the objector": CITIZEN,
            "the region": REGION,
            "the review organisation": REVIEWERS,
            "an operator": OPERATOR,
            "an agency": AGENCY,
            "the unit": unit(applicant),
            "another unit": unit(other),
            "the prefecture": officer(here),
            "another prefecture": officer(elsewhere),
            "a consulted department": department(Department.ECOLOGY_ENVIRONMENT, here),
            "an expert of the panel": expert(seated[0]),
            "an expert of no panel": expert("expert-99"),
            "an assessor": assessor(applicant.assessor or season.personas.assessors[0]),
        }

    def _secrets(self, season: Season, facts: Facts) -> Iterator[Secret]:
        applicant = season.personas.by_edge_case(WATCHED)
        panel = REVIEWING | {"an expert of the panel"}
        for name in facts.experts:
            # Operators read in the audit log who asked for what.
            yield Secret("an expert of the panel", name, panel | {"an operator"}, whole=False)
        if facts.score:
            yield Secret("the score", facts.score, REVIEWING)
            yield Secret("the score", f"{facts.score}分", REVIEWING, whole=False)
        yield Secret("the ground of a visit", "borderline", panel)
        yield Secret("the ground of a visit", "临界区间", REVIEWING, whole=False)
        if facts.draft:
            yield Secret("a sheet that is not signed", facts.draft, frozenset({"an expert of the panel"}))
        for text in (OBJECTOR, OBJECTORS_CONTACT):
            yield Secret("the objector", text, frozenset({"the region", "the objector"}), whole=False)
        if facts.stage == STAGES_CRAWLED[0]:
            known_to = frozenset({"the unit", "an operator"})  # as above
            yield Secret("a draft application", facts.case_id, known_to, whole=False)
        # The address stands in Annex 1 as well, which the assessor and the offices of the application read.
        readers = frozenset({"the unit", "an assessor", "the prefecture", "the region"})
        yield Secret("an e-mail address", email(applicant), readers, whole=False)
        for one in season.personas.assessors:
            yield Secret("a person's number", one.representative.document_number, frozenset(), whole=False)

    async def _ask(
        self, calls: Calls, route: Route, who: tuple[str, Actor | None], facts: Facts, turns: asyncio.Semaphore
    ) -> None:
        name, actor = who
        path = route.path
        role = actor.role if actor else Role.PUBLIC
        for parameter in route.parameters:
            path = path.replace(f"{{{parameter}}}", facts.value_of(route, parameter, role))
        query = {parameter: facts.value_of(route, parameter, role) for parameter in route.query}
        query |= {} if route.limit is None else {"limit": str(route.limit)}
        headers = {} if actor is None else {"Authorization": f"Bearer {self._tokens.of(actor)}"}
        async with turns:
            answer = await calls.send("GET", route.service, path.removeprefix("/v1"), params=query, headers=headers)
        if answer.is_success:
            self.asked.add((f"{route.service} GET {route.path}", role, facts.stage))
        place = Finding("", f"{route.service} GET {route.path}", name, facts.stage)
        for kind, known_to in secrets_in(answer, path, facts.secrets, facts.hidden_place):
            (self.shown if name in known_to else self.leaks).append(replace(place, secret=kind))
        if facts.stage in UNTIL_THE_NOTICE:
            self.digests |= {each: replace(place, secret="the seed") for each in DIGEST.findall(answer.text)}


@dataclass(frozen=True)
class Facts:
    """Identifiers to ask for and secrets to find after one stage."""

    stage: str
    case_id: str
    experts: tuple[str, ...]
    score: str
    draft: str
    parameters: Mapping[str, str]
    secrets: tuple[Secret, ...] = ()

    @property
    def hidden_place(self) -> str:
        """Return the case whose place is secret: the notice shows it."""
        return self.case_id if self.stage in UNTIL_THE_NOTICE else ""

    def value_of(self, route: Route, parameter: str, role: Role) -> str:
        """Return a value for a parameter; a new route may need a new one here."""
        if parameter == "role":
            return role
        known = self.parameters.get(f"{route.service} {parameter}") or self.parameters.get(parameter)
        if known is None:
            raise KeyError(f"{route.service} GET {route.path}: the crawler has no value for {parameter}")
        return known


def _route(service: str, path: str, operation: Json) -> Route:
    query = [each for each in operation.get("parameters", ()) if each.get("in") == "query"]
    required = tuple(each["name"] for each in query if each.get("required"))
    limit = next((each["schema"]["maximum"] for each in query if each["name"] == "limit"), None)
    return Route(service, path, tuple(re.findall(r"{(\w+)}", path)), required, limit)
