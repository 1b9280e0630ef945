"""HTTP: authorization, request context, problem documents, pagination, uploads and downloads."""

from chassis.http.bounds import CURSOR_LENGTH, Count, Cursor, Day, Key, Year
from chassis.http.contents import Contents, contents_of
from chassis.http.endpoint import ApiContext, Authorize, Limit, RequestContext
from chassis.http.files import file_response, file_responses, stored_file_response
from chassis.http.models import Body, View, filter_by
from chassis.http.openapi import IF_MATCH, IF_MATCH_REQUIRED
from chassis.http.pagination import DEFAULT_LIMIT, Page, name_unreadable
from chassis.http.problems import PROBLEMS, based_on_rule, refuses
from chassis.http.routing import APIRouter, located_at
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
    "CURSOR_LENGTH",
    "DEFAULT_LIMIT",
    "FORM",
    "IF_MATCH",
    "IF_MATCH_REQUIRED",
    "PROBLEMS",
    "ROOM_FOR_FORM",
    "APIRouter",
    "ApiContext",
    "Authorize",
    "Body",
    "Contents",
    "Count",
    "Cursor",
    "Day",
    "Key",
    "Limit",
    "Page",
    "Prefer",
    "RequestContext",
    "SpooledUpload",
    "Upload",
    "View",
    "Year",
    "based_on_rule",
    "contents_of",
    "file_response",
    "file_responses",
    "filter_by",
    "located_at",
    "name_unreadable",
    "refuses",
    "spooled_upload_dependency",
    "stored_file_response",
    "upload_dependency",
    "wait_until",
]
