from __future__ import annotations

import pytest
from chassis.http.files import file_response


@pytest.mark.parametrize(
    ("name", "ascii_name", "disposition"),
    [
        ("list.csv", None, 'attachment; filename="list.csv"'),
        ("名单2026.csv", None, "attachment; filename=\"2026.csv\"; filename*=UTF-8''%E5%90%8D%E5%8D%952026.csv"),
        ("名单.csv", None, "attachment; filename=\"csv\"; filename*=UTF-8''%E5%90%8D%E5%8D%95.csv"),
        ("名单.csv", "list-1.csv", "attachment; filename=\"list-1.csv\"; filename*=UTF-8''%E5%90%8D%E5%8D%95.csv"),
    ],
)
def test_file_name_is_sent_in_utf_8_beside_an_ascii_name(name: str, ascii_name: str | None, disposition: str) -> None:
    response = file_response(b"", "text/csv", name, ascii_name=ascii_name)

    assert response.headers["Content-Disposition"] == disposition
