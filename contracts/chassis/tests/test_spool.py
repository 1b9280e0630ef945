"""Uploads are received in bounded number, and only while the disk has room."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import BinaryIO

import pytest
from chassis.handling import Refusal, StorageFullError
from chassis.http.spool import OF_ONE_CALLER, UPLOADS_AT_ONCE, UploadSpool
from chassis.observability.health import Health
from devkit.api_harness import ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.values import Role
from starlette import formparsers

from . import sample_api, upload_app

MORE_THAN_ANY_DISK = 2**60


@pytest.fixture
async def api() -> AsyncIterator[ApiHarness]:
    async with api_harness(
        "plans",
        upload_app.router,
        sample_api.Store,
        aggregates={},
        clock=FixedClock(sample_api.NOW),
    ) as harness:
        yield harness


def full_disk(**_options: object) -> BinaryIO:
    """Return a file on a disk that is full: the kernel itself refuses each write with ENOSPC."""
    return os.fdopen(os.open("/dev/full", os.O_RDWR), "w+b", buffering=0)  # type: ignore[return-value]


async def test_an_upload_to_a_full_disk_is_answered_503_and_may_be_sent_again(
    api: ApiHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formparsers, "SpooledTemporaryFile", full_disk)

    answer = await api.client_as(Role.APPLICANT).post("/v1/uploads", files={"file": ("a", b"x" * 1000)})

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert [(each["code"], each["text"]) for each in answer.json()["reasons"]] == [
        ("storage-full", "系统存储空间不足，本次提交未保存，请稍后重新提交")
    ]


async def test_without_room_a_process_takes_no_upload_and_is_not_ready(api: ApiHarness) -> None:
    spool = api.app.state.spool = UploadSpool(MORE_THAN_ANY_DISK)
    health = Health(pings={"scratch": spool.ping})

    answer = await api.client_as(Role.APPLICANT).post("/v1/uploads", files={"file": ("a", b"x")})
    report = await health.ready()

    assert answer.status_code == 503
    assert (report.ok, "MB left" in report.checks["scratch"]) == (False, True)


async def test_with_room_it_is_ready() -> None:
    assert (await Health(pings={"scratch": UploadSpool(1).ping}).ready()).ok


def test_one_caller_has_some_uploads_under_way_and_the_others_theirs() -> None:
    spool = UploadSpool()
    with ExitStack() as held:
        for _ in range(OF_ONE_CALLER):
            held.enter_context(spool.hold("one"))
        with pytest.raises(Refusal) as refused, spool.hold("one"):
            pass
        with spool.hold("another"):
            pass

    assert (refused.value.code, refused.value.status) == ("too-many-uploads", 429)
    with spool.hold("one"):
        pass


def test_a_process_has_so_many_uploads_under_way() -> None:
    spool = UploadSpool()
    with ExitStack() as held:
        for number in range(UPLOADS_AT_ONCE):
            held.enter_context(spool.hold(str(number)))
        with pytest.raises(Refusal) as refused, spool.hold("one more"):
            pass

    assert (refused.value.code, refused.value.status) == ("overloaded", 503)


def test_an_error_that_is_not_about_room_stays_what_it_is() -> None:
    with pytest.raises(FileNotFoundError), UploadSpool().hold("one"):
        tempfile.TemporaryFile(dir="/nonexistent").close()


def test_a_refused_upload_leaves_its_place() -> None:
    spool = UploadSpool()
    for _ in range(2 * OF_ONE_CALLER):
        with pytest.raises(StorageFullError), spool.hold("one"):
            raise OSError(28, "No space left on device")
