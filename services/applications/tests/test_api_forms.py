"""Empty forms: written once for all strangers who download them, and refused for a day without a scheme."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from applications.api import forms
from applications.workbooks import Form, write
from devkit.api_harness import ApiHarness

FORM = "/v1/forms/evaluation-report.xlsx"


async def test_form_of_a_scheme_is_written_once_whatever_the_day(
    api: ApiHarness[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def count(form: Form, values: Mapping[str, Any] | None = None) -> bytes:
        written.append(form.id)
        return write(form, values)

    monkeypatch.setattr(forms, "write", count)
    forms._written.cache_clear()
    for day in ("2026-03-01", "2026-03-02", "2026-03-01"):
        answer = await api.anonymous().get(FORM, params={"on": day})
        assert answer.status_code == 200, answer.text

    assert len(written) == 1


@pytest.mark.parametrize("day", ["2017-06-01", "1900-01-01", "0001-01-01", "9999-12-31"])
async def test_form_of_a_day_without_a_scheme_is_refused(api: ApiHarness[Any], day: str) -> None:
    answer = await api.anonymous().get(FORM, params={"on": day})

    assert answer.status_code == 422
