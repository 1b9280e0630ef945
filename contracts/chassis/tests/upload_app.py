"""An API that accepts one file."""

from typing import Annotated

from chassis.http.endpoint import Authorize
from chassis.http.problems import based_on_rule
from chassis.http.routing import APIRouter
from chassis.http.uploads import FORM, Upload, upload_dependency
from chassis.security.policies import NobodyApart, Policy, Rule, everything
from fastapi import Depends
from messages.values import Reason, Role

UPLOAD = Policy("send", (Rule(Role.APPLICANT, everything),), duties=NobodyApart("a file decides nothing"))
MISSING = Reason(rule="A3", article="第十四条", code="file-missing", text="缺少文件")

router = APIRouter(prefix="/v1")


YEAR = {"parameters": [{"name": "year", "in": "query", "schema": {"type": "integer"}}]}


@router.post("/uploads", openapi_extra=FORM | YEAR | based_on_rule(MISSING), max_body_size=2048)
async def upload_file(
    upload: Annotated[Upload, Depends(upload_dependency(Authorize(UPLOAD), MISSING))],
) -> dict[str, object]:
    return {"name": upload.name, "size": len(await upload.read()), "fields": dict(upload.fields)}
