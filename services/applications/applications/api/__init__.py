"""HTTP to handler: applications, files, imports, forms, and what officers put on record."""

from __future__ import annotations

from chassis.http.endpoint import ApiContext
from chassis.security.pseudonyms import KeyRing
from fastapi import APIRouter
from rulebook import load_rule_sets

from applications.api import applications, files, forms, imports, records, units
from applications.api.uploads import ROOM_FOR_FORM
from applications.file_store import FileStore

UPLOADS = ("/v1/files", "/v1/imports/annex1", "/v1/imports/evaluation-report")


def router(gate: ApiContext, vault: FileStore, keys: KeyRing) -> APIRouter:
    """``keys`` make the digests by which legal representatives are known."""
    largest = max(rules.files.max_bytes for rules in load_rule_sets().all)
    for path in UPLOADS:
        gate.allow_body_size(path, largest + ROOM_FOR_FORM)
    routes = APIRouter(prefix="/v1")
    routes.include_router(applications.router(gate, keys))
    routes.include_router(files.router(gate, vault))
    routes.include_router(imports.router(gate, keys))
    routes.include_router(forms.router(gate))
    routes.include_router(records.router(gate))
    routes.include_router(units.router(gate))
    return routes
