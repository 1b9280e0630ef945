"""Sending files costs what they are: no byte stays of what is refused, and no organisation sends without end (A3)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from hashlib import sha256
from threading import get_ident
from typing import Any, BinaryIO

import pytest
from applications.api import files
from applications.domain.files import MAX_NAME_LENGTH, FileUsage
from applications.recognition import detected_media_type
from applications.store import Store
from bson import encode
from chassis.persistence.files import CHUNK_SIZE
from devkit.api_harness import ApiClient, ApiHarness
from httpx2 import Response
from messages.values import Role

from .api_calls import PDF, reason_codes, send_file
from .builders import RULES, STEEL, TODAY
from .test_api_files import stored_files

UNKNOWN = "91150100MA0QUNKN0X"
LIMITS = RULES.files


def pdf(number: int) -> bytes:
    return PDF + f"% {number}\n".encode()


async def post(caller: ApiClient, content: bytes, key: str | None = None, name: str = "a.pdf") -> Response:
    options: dict[str, Any] = {"key": key} if key else {}
    return await caller.post("/v1/files", files={"file": (name, content)}, **options)


async def use(api: ApiHarness[Any], usage: FileUsage) -> None:
    await api.perform(_save_usage, usage)


async def _save_usage(command: FileUsage, store: Store, _now: object) -> list[Any]:
    store.file_usage.save(command.organisation, command)
    return []


@pytest.mark.rule("A3")
async def test_ten_uploads_of_one_file_under_one_key_leave_one_file(applicant: ApiClient, api: ApiHarness[Any]) -> None:
    answers = await asyncio.gather(*(post(applicant, PDF, "same") for _ in range(5)))
    answers += [await post(applicant, PDF, "same") for _ in range(5)]

    assert {(each.status_code, each.text) for each in answers} == {(201, answers[0].text)}
    assert stored_files(api) == 1
    assert (await api.store().file_usage.require(STEEL.uscc)).files == 1


@pytest.mark.rule("A3")
async def test_ten_different_files_under_one_key_leave_the_first(applicant: ApiClient, api: ApiHarness[Any]) -> None:
    answers = [await post(applicant, pdf(number), "same") for number in range(5)]
    answers += await asyncio.gather(*(post(applicant, pdf(number), "same") for number in range(5, 10)))

    assert [each.status_code for each in answers] == [201, *[409] * 9]
    assert stored_files(api) == 1


@pytest.mark.rule("A3")
async def test_a_content_that_many_send_at_once_is_stored_once(api: ApiHarness[Any]) -> None:
    senders = [
        api.client_as(Role.APPLICANT, organisation=f"911501000{number:09d}", subject=f"p-{number}")
        for number in range(10)
    ]

    answers = await asyncio.gather(*(post(each, PDF) for each in senders))

    assert {each.status_code for each in answers} == {201}
    assert stored_files(api) == 1
    assert await api.store().files.count({"sha256": sha256(PDF).hexdigest()}) == len(senders)


@pytest.mark.rule("A3")
@pytest.mark.parametrize("organisation", [STEEL.uscc, UNKNOWN])
async def test_who_has_sent_its_number_of_files_is_refused_until_the_next_day(
    api: ApiHarness[Any], organisation: str
) -> None:
    caller = api.client_as(Role.APPLICANT, organisation=organisation)
    await use(api, FileUsage(organisation, TODAY, files=LIMITS.max_files_per_day - 1))

    answers = [await post(caller, pdf(number)) for number in (1, 2)]

    assert [each.status_code for each in answers] == [201, 429]
    assert reason_codes(answers[1]) == ["daily-files-exceeded"]
    assert answers[1].json()["code"] == "storage-quota-exceeded"
    assert "零时（北京时间）起可继续上传" in answers[1].json()["detail"]
    assert stored_files(api) == 1


@pytest.mark.rule("A3")
async def test_yesterdays_files_do_not_count(applicant: ApiClient, api: ApiHarness[Any]) -> None:
    await use(api, FileUsage(STEEL.uscc, TODAY - timedelta(days=1), LIMITS.max_files_per_day, LIMITS.max_bytes_per_day))

    await send_file(applicant)

    assert await api.store().file_usage.require(STEEL.uscc) == FileUsage(STEEL.uscc, TODAY, 1, len(PDF))


@pytest.mark.rule("A3")
async def test_a_file_over_the_bytes_of_the_day_is_refused_and_leaves_no_piece(
    applicant: ApiClient, api: ApiHarness[Any]
) -> None:
    await use(api, FileUsage(STEEL.uscc, TODAY, bytes=LIMITS.max_bytes_per_day - 5))

    answer = await post(applicant, PDF)

    assert (answer.status_code, reason_codes(answer)) == (429, ["daily-bytes-exceeded"])
    assert stored_files(api) == 0


@pytest.mark.rule("A3")
async def test_who_may_send_nothing_more_is_refused_before_the_body_is_read(
    applicant: ApiClient, api: ApiHarness[Any]
) -> None:
    await use(api, FileUsage(STEEL.uscc, TODAY, files=LIMITS.max_files_per_day))
    read = 0

    async def body() -> Any:  # noqa: ANN401 - an async generator
        nonlocal read
        for _ in range(10):
            read += 1
            yield b"x" * 1000

    await applicant.post("/v1/files", content=body(), headers={"Content-Type": "multipart/form-data; boundary=x"})

    assert read == 0


@pytest.mark.rule("A3")
async def test_a_file_sent_again_costs_nothing_and_anothers_content_costs_what_it_is(
    applicant: ApiClient, other_applicant: ApiClient, api: ApiHarness[Any]
) -> None:
    for caller in (applicant, applicant, other_applicant):
        await send_file(caller)

    usages = await api.store().file_usage.find()
    assert [(each.files, each.bytes) for each in usages] == [(1, len(PDF))] * 2


@pytest.mark.rule("A3")
async def test_bytes_that_were_given_up_meanwhile_are_to_be_sent_again(
    applicant: ApiClient, api: ApiHarness[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    insert_all = api.memory.insert_all

    async def lose(collection: str, documents: Any) -> None:  # noqa: ANN401
        await insert_all(collection, documents)
        await api.memory.remove_all("uploads", {})

    with monkeypatch.context() as patched:
        patched.setattr(api.memory, "insert_all", lose)
        assert (await post(applicant, PDF)).status_code == 503
    assert (await post(applicant, PDF)).status_code == 201


@pytest.mark.rule("A3")
async def test_a_file_is_fetched_whole_by_range_and_not_again(applicant: ApiClient) -> None:
    file = await send_file(applicant)
    place = f"/v1/files/{file['sha256']}"

    whole = await applicant.get(place)
    part = await applicant.get(place, headers={"Range": "bytes=1-4"})
    known = await applicant.get(place, headers={"If-None-Match": whole.headers["ETag"]})

    assert (whole.content, whole.headers["Content-Length"]) == (PDF, str(len(PDF)))
    assert (part.status_code, part.content, known.status_code) == (206, PDF[1:5], 304)


@pytest.mark.rule("A3")
async def test_every_record_of_an_upload_has_a_greatest_size(applicant: ApiClient, api: ApiHarness[Any]) -> None:
    longest = "\U0002cb5a" * (MAX_NAME_LENGTH - 4) + ".pdf"

    answer = await post(applicant, PDF[:-6] + bytes(CHUNK_SIZE * 3) + PDF[-6:], "k" * 128, longest)

    assert answer.status_code == 201
    for name, held in api.memory.collections.items():
        most = CHUNK_SIZE + 1000 if name == "fs.chunks" else 4000
        assert max((len(encode(each)) for each in held.values()), default=0) < most, name


@pytest.mark.rule("A3")
async def test_a_file_is_examined_beside_the_event_loop(applicant: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []

    def noting(file: BinaryIO) -> str | None:
        threads.append(get_ident())
        return detected_media_type(file)

    monkeypatch.setattr(files, "detected_media_type", noting)
    await send_file(applicant)

    assert len(threads) == 1
    assert get_ident() not in threads
