"""HTTP to handler: applications, files, imports, forms, and the records of officers."""

from __future__ import annotations

from chassis.http import APIRouter

from applications.api import applications, codes, files, forms, imports, records, units

router = APIRouter(prefix="/v1")
for each in (applications, files, imports, forms, records, units, codes):
    router.include_router(each.router)
