"""HTTP: authorization, request context, problem documents, pagination, uploads and downloads."""

from chassis.http.endpoint import ApiContext, Authorize, Limit, RequestContext
from chassis.http.files import file_response, file_responses, stored_file_response
from chassis.http.middleware import BodyLimit
from chassis.http.models import Body, View, filter_by
from chassis.http.openapi import IF_MATCH, IF_MATCH_REQUIRED
from chassis.http.pagination import DEFAULT_LIMIT, Page
from chassis.http.problems import PROBLEMS, based_on_rule, refuses
from chassis.http.uploads import (
    FORM,
    ROOM_FOR_FORM,
    SpooledUpload,
    Upload,
    spooled_upload_dependency,
    upload_dependency,
)
from chassis.http.waiting import Prefer, wait_until

__all__ = [
    "DEFAULT_LIMIT",
    "FORM",
    "IF_MATCH",
    "IF_MATCH_REQUIRED",
    "PROBLEMS",
    "ROOM_FOR_FORM",
    "ApiContext",
    "Authorize",
    "Body",
    "BodyLimit",
    "Limit",
    "Page",
    "Prefer",
    "RequestContext",
    "SpooledUpload",
    "Upload",
    "View",
    "based_on_rule",
    "file_response",
    "file_responses",
    "filter_by",
    "refuses",
    "spooled_upload_dependency",
    "stored_file_response",
    "upload_dependency",
    "wait_until",
]
