from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from chassis.http import forms
from devkit.api_harness import ApiHarness, api_harness
from devkit.clock import FixedClock
from httpx2 import Response
from messages.values import Role

from . import sample_api, upload_app


@pytest.fixture
async def api() -> AsyncIterator[ApiHarness]:
    async with api_harness(
        "plans",
        upload_app.router,
        sample_api.Store,
        aggregates={},
        clock=FixedClock(sample_api.NOW),
        body_max=500,
    ) as harness:
        yield harness


async def test_upload_has_file_name_content_and_form_fields(api: ApiHarness) -> None:
    answer = await api.client_as(Role.APPLICANT).post(
        "/v1/uploads", files={"file": ("名单.xlsx", b"PK")}, data={"dry_run": "true", "year": "1"}, params={"year": "2"}
    )

    assert answer.json() == {"name": "名单.xlsx", "size": 2, "fields": {"dry_run": "true", "year": "2"}}


async def test_form_without_a_file_is_refused_with_the_given_reason(api: ApiHarness) -> None:
    answer = await api.client_as(Role.APPLICANT).post("/v1/uploads", files={"other": ("a", b"")})

    assert (answer.status_code, answer.json()["code"]) == (422, "file-missing")
    assert [each["text"] for each in answer.json()["reasons"]] == ["缺少文件"]


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ("filename*=utf-8''%E8%A1%A8.xlsx", "表.xlsx"),
        ("filename*=UTF-8'zh-CN'%E8%A1%A8%22.xlsx", '表".xlsx'),
        ("filename*=iso-8859-1'en'%A3.xlsx", "£.xlsx"),
        ("filename=\"a.xlsx\"; filename*=utf-8''%E8%A1%A8.xlsx", "a.xlsx"),
    ],
)
async def test_file_with_its_name_in_the_extended_form_is_taken(api: ApiHarness, parameters: str, name: str) -> None:
    body = f"--b\r\nContent-Disposition: form-data; name=file; {parameters}\r\n\r\nPK\r\n--b--\r\n".encode()
    headers = {"content-type": "multipart/form-data; boundary=b"}

    answer = await api.client_as(Role.APPLICANT).post("/v1/uploads", content=body, headers=headers)

    assert (answer.status_code, answer.json()["name"], answer.json()["size"]) == (200, name, 2)


async def test_values_beside_the_file_have_a_greatest_size(api: ApiHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "FIELD_SIZE", 100)
    applicant = api.client_as(Role.APPLICANT)
    sizes = (90, 110)

    sent = [
        await applicant.post("/v1/uploads", files={"file": ("f", b"x" * 500)}, data={"year": "1" * size})
        for size in sizes
    ]

    assert [answer.status_code for answer in sent] == [200, 400]


async def test_broken_form_is_refused(api: ApiHarness) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}

    answer = await api.client_as(Role.APPLICANT).post("/v1/uploads", content=b"no form", headers=headers)

    assert answer.status_code in {400, 422}


async def test_body_that_is_no_form_is_refused(api: ApiHarness) -> None:
    assert (await api.client_as(Role.APPLICANT).post("/v1/uploads", json={})).status_code == 415


async def test_file_over_the_limit_of_the_route_is_refused_while_it_streams(api: ApiHarness) -> None:
    answers = [await _upload(api, size) for size in (900, 2400)]

    assert [answer.status_code for answer in answers] == [200, 413]
    (reason,) = answers[1].json()["reasons"]
    assert (reason["rule"], reason["article"], reason["evidence"]) == ("A3", "第十四条", "2048")
    assert reason["text"] == "提交的内容超过大小上限（2 KB）"


async def test_oversized_file_without_content_length_is_refused_with_the_same_reason(api: ApiHarness) -> None:
    async def streamed() -> AsyncIterator[bytes]:
        yield b"--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n"
        for _ in range(3):
            yield b"x" * 1000

    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = await api.client_as(Role.APPLICANT).post("/v1/uploads", content=streamed(), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert [each["text"] for each in answer.json()["reasons"]] == ["提交的内容超过大小上限（2 KB）"]


async def _upload(api: ApiHarness, size: int) -> Response:
    return await api.client_as(Role.APPLICANT).post("/v1/uploads", files={"file": ("a", b"x" * size)})


async def test_caller_without_permission_is_refused_before_the_form_is_read(api: ApiHarness) -> None:
    answer = await api.client_as(Role.EXPERT).post("/v1/uploads", content=b"no form", headers={"content-type": "x/y"})

    assert answer.status_code == 403


FORM = {"content-type": "multipart/form-data; boundary=b"}


def form_with(disposition: bytes, more: bytes = b"") -> bytes:
    return b"--b\r\nContent-Disposition: form-data; name=file; " + disposition + b"\r\n\r\nPK\r\n" + more + b"--b--\r\n"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b"filename*=utf-8''%E5%90%8D%E5%8D%95.xlsx", "名单.xlsx"),
        (b"filename*=UTF-8'zh'a%22b.pdf", 'a"b.pdf'),
        (b"filename=\"plain.pdf\"; filename*=utf-8''other.pdf", "plain.pdf"),
    ],
)
async def test_file_named_in_the_extended_spelling_has_its_name(api: ApiHarness, disposition: bytes, name: str) -> None:
    answer = await api.client_as(Role.APPLICANT).post("/v1/uploads", content=form_with(disposition), headers=FORM)

    assert (answer.status_code, answer.json()["name"]) == (200, name)


@pytest.mark.parametrize("charset", ["punycode", "zlib", "utf-16", "latin-1", "none-such"])
async def test_form_in_another_charset_is_refused_before_it_is_read(api: ApiHarness, charset: str) -> None:
    headers = {"content-type": f"multipart/form-data; boundary=b; charset={charset}"}
    answer = await api.client_as(Role.APPLICANT).post("/v1/uploads", content=form_with(b"filename=a"), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (415, "media-type-unsupported")


@pytest.mark.parametrize(
    "body", [b"", b"--b", b"--b\r\n\r\n", b"--c--", b"--b\r\nContent-Disposition: x\r\n\r\n\r\n--b--"]
)
async def test_form_that_breaks_off_is_refused(api: ApiHarness, body: bytes) -> None:
    answer = await api.client_as(Role.APPLICANT).post("/v1/uploads", content=body, headers=FORM)

    assert answer.status_code in {400, 422}
