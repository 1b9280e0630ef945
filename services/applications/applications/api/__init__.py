"""HTTP to handler: applications, files, imports, forms, and what officers put on record."""

from __future__ import annotations

from chassis.http.middleware import BodyLimit
from chassis.security.pseudonyms import KeyRing
from fastapi import APIRouter
from rulebook import load_rule_sets

from applications.api import applications, files, forms, imports, records, units
from applications.api.uploads import ROOM_FOR_FORM
from applications.file_store import FileStore

UPLOADS = ("/v1/files", "/v1/imports/annex1", "/v1/imports/evaluation-report")


def body_limits() -> list[BodyLimit]:
    """Uploads take the largest file of any rule set."""
    largest = max(rules.files.max_bytes for rules in load_rule_sets().all)
    return [BodyLimit(path, largest + ROOM_FOR_FORM) for path in UPLOADS]


def router(vault: FileStore, keys: KeyRing) -> APIRouter:
    """``keys`` make the digests by which legal representatives are known."""
    routes = APIRouter(prefix="/v1")
    routes.include_router(applications.router(keys))
    routes.include_router(files.router(vault))
    routes.include_router(imports.router(keys))
    routes.include_router(forms.router())
    routes.include_router(records.router())
    routes.include_router(units.router())
    return routes
