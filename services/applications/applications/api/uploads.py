"""One uploaded file, asked for in the regulation's words."""

from functools import partial

from chassis.http import uploads
from chassis.http.uploads import FORM, ROOM_FOR_FORM, Upload
from rulebook import reason

__all__ = ["FORM", "ROOM_FOR_FORM", "Upload", "uploading"]

uploading = partial(uploads.upload_dependency, missing=reason("A3", "file-missing", "缺少文件", pointer="/file"))
