"""Parts that the bodies of several routes share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

ShortText = Annotated[str, Field(max_length=2000)]
