"""Sanctions under Art. 31 and their revocation over HTTP (S1, S4)."""

from datetime import date
from typing import Annotated

from chassis.access import Policy, Rule, everything
from chassis.http import PROBLEMS, Call, Gate, refuses
from fastapi import APIRouter, Depends
from messages.values import Role, Text, Uscc
from pydantic import BaseModel, ConfigDict, Field
from rulebook import shanghai_date

from assessor_quota import handlers
from assessor_quota.api.views import AssessorDetail
from assessor_quota.domain.sanction import Finding
from assessor_quota.store import Store

SANCTION = Policy("assessor.sanction", (Rule(Role.REGIONAL_OFFICER, everything),))
REVOKE = Policy("assessor.revoke-sanction", (Rule(Role.REGIONAL_OFFICER, everything),))


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Found(Body):
    text: Text
    evidence: Text | None = None


class Decision(Body):
    decided_on: date
    document_number: Text
    reasons: Annotated[tuple[Found, ...], Field(min_length=1)]


class Revocation(Body):
    document_number: Text
    revoked_on: date | None = None
    """Today when absent."""
    decision: Text | None = None
    """Number of the decision revoked; needed only where more than one holds."""


def router(gate: Gate) -> APIRouter:
    routes = APIRouter(prefix="/assessors/{uscc}/sanctions", tags=["sanctions"], responses=PROBLEMS)

    @routes.post("", status_code=201, responses=refuses("decision-refused"))
    async def decide(uscc: Uscc, body: Decision, call: Annotated[Call, Depends(gate.call(SANCTION))]) -> AssessorDetail:
        findings = tuple(Finding(each.text, each.evidence) for each in body.reasons)
        command = handlers.SanctionAssessor(uscc, body.document_number, body.decided_on, findings)
        return await call.perform(handlers.sanction_assessor, command, Store, reply=AssessorDetail)

    @routes.post("/revocation", responses=refuses("revocation-refused"))
    async def revoke(uscc: Uscc, body: Revocation, call: Annotated[Call, Depends(gate.call(REVOKE))]) -> AssessorDetail:
        day = body.revoked_on or shanghai_date(call.now)
        command = handlers.RevokeSanction(uscc, body.document_number, day, body.decision)
        return await call.perform(handlers.revoke_sanction, command, Store, reply=AssessorDetail)

    return routes
