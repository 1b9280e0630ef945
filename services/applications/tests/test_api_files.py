"""Evidence files over HTTP: kept once, for those concerned, and never more than the limit (A3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from applications.vault import Vault
from chassis.testing.http import ApiStand, Caller

from .calls import PDF, codes, kept, sent


@pytest.mark.rule("A3")
async def test_200_megabytes_are_refused_while_they_stream_in(unit: Caller, served: ApiStand) -> None:
    read_so_far = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read_so_far
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-'
        for _ in range(200):
            read_so_far += 1
            yield bytes(1024 * 1024)

    answer = await unit.post(
        "/v1/files", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert read_so_far < 25
    assert kept(served) == []


@pytest.mark.rule("A3")
async def test_an_announced_200_megabytes_are_refused_unread(unit: Caller) -> None:
    answer = await unit.post(
        "/v1/imports/annex1",
        content=b"--x",
        headers={"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(200 * 1024 * 1024)},
    )

    assert answer.status_code == 413


@pytest.mark.rule("A3")
async def test_a_file_is_stored_once_for_both_who_sent_it_and_read_by_them_alone(
    unit: Caller, stranger: Caller, elsewhere: Caller, served: ApiStand
) -> None:
    file = await sent(unit)
    assert file["media_type"] == "application/pdf"
    place = f"/v1/files/{file['sha256']}"
    assert (await stranger.get(place)).status_code == 403

    await sent(stranger, "同一文件.pdf")

    assert len(served.memory.collections["files"]) == 1
    assert (await stranger.get(place)).content == PDF
    assert (await elsewhere.get(place)).status_code == 403


@pytest.mark.rule("A3")
async def test_a_file_that_is_not_what_it_says_is_refused(unit: Caller, served: ApiStand, tmp_path: Path) -> None:
    answer = await unit.post("/v1/files", files={"file": ("执照.pdf", b"MZ\x90")})

    assert (answer.status_code, codes(answer)) == (422, ["content-differs"])
    assert kept(served) == []
    assert Vault(tmp_path).place(sha256(b"MZ\x90").hexdigest()).exists() is False
