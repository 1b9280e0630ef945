"""HTTP to handler: applications, files, imports, forms, and the records of officers."""

from __future__ import annotations

from chassis.http import ROOM_FOR_FORM, BodyLimit
from fastapi import APIRouter
from rulebook import load_rule_sets

from applications.api import applications, codes, files, forms, imports, records, units

UPLOADS = ("/v1/files", "/v1/imports/annex1", "/v1/imports/evaluation-report")
BODY_LIMITS = tuple(
    BodyLimit(path, max(rules.files.max_bytes for rules in load_rule_sets().all) + ROOM_FOR_FORM) for path in UPLOADS
)
"""Uploads take the largest file of any rule set."""

router = APIRouter(prefix="/v1")
for each in (applications, files, imports, forms, records, units, codes):
    router.include_router(each.router)
