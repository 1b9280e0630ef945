"""Settings from the environment, with the same names in every service; a service subclasses them for its own."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "GREEN_"
MIB = 1024 * 1024


class Mode(StrEnum):
    """Purpose of the process."""

    LOCAL = "local"
    """One machine, invented data: development tokens and the simulated clock are allowed."""
    PRODUCTION = "production"
    """Real data: what only development may use is refused at start."""


class ProcessRole(StrEnum):
    """Which part of a service a process carries; any part is scaled by starting more of it."""

    ALL = "all"
    API = "api"
    WORKER = "worker"
    JOBS = "jobs"


class SettingsError(SystemExit):
    """Every setting that is missing or wrong, one line each; uncaught, it ends the process with just these lines."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("\n".join(f"{name}: {text}" for name, text in problems.items()))


class Settings(BaseSettings):
    """Read from variables that begin with ``GREEN_``; see ``load`` for all problems in one answer."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    mode: Mode = Mode.LOCAL
    """First, because the checks of later fields look at it."""
    role: ProcessRole = ProcessRole.ALL
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    mongo_url: Annotated[str, Field(pattern="^mongodb([+]srv)?://")]
    """With user, password and replica set; the service's own user."""
    database: Annotated[str, Field(min_length=1, max_length=38)]
    mongo_driver: Literal["motor", "pymongo"] = "motor"
    amqp_url: Annotated[str, Field(pattern="^amqps?://")]
    """With user, password and virtual host; the service's own user."""

    jwks_file: Path
    """The identity provider's public keys (RFC 7517); read again when the file changes."""
    issuer: str = "https://issuer.green.invalid"
    audience: str = "green"

    clock_file: Path | None = None
    """Shared setting of the simulated clock; refused in production."""

    max_batch_size: Annotated[int, Field(ge=1, le=1000)] = 100
    """How many waiting messages one transaction takes at most."""
    commit_workers: Annotated[int, Field(ge=1, le=4)] = 2
    """Two halve the waiting time; four were measured to be no better."""
    prefetch: Annotated[int, Field(ge=1, le=5000)] = 200
    """A little more than the batches in flight; never unlimited, the library's default."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = MIB
    """For bodies of HTTP requests, unless a route accepts more."""
    jobs_poll_interval_seconds: Annotated[float, Field(gt=0)] = 1.0
    """How often the jobs look whether something is due."""
    gauges_interval_seconds: Annotated[float, Field(gt=0)] = 15.0
    """How often the jobs read what the service counts in its field."""
    shutdown_timeout_seconds: Annotated[float, Field(gt=0)] = 15.0
    """How long work in flight may take when the process is asked to stop."""
    otlp_endpoint: Annotated[str | None, Field(pattern="^https?://")] = None
    """Base address of a collector of traces (OTLP over HTTP), for example http://collector:4318; none: no tracing."""
    ready_lag_seconds: Annotated[float, Field(gt=0)] = 30.0
    """An event that no relay has tried to send for longer makes a process not ready, but for the role api."""

    @field_validator("clock_file")
    @classmethod
    def _real_time_in_production(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("mode") is Mode.PRODUCTION:
            raise ValueError("the simulated clock is refused in production mode")
        return value

    @field_validator("issuer")
    @classmethod
    def _real_issuer_in_production(cls, value: str, info: ValidationInfo) -> str:
        invented = value.endswith(".invalid") or not value.startswith("https://")
        if invented and info.data.get("mode") is Mode.PRODUCTION:
            raise ValueError("name the identity provider (https) in production mode")
        return value

    @field_validator("amqp_url", "mongo_url")
    @classmethod
    def _own_user_in_production(cls, value: str, info: ValidationInfo) -> str:
        nobody = "@" not in value or "://guest:" in value
        if nobody and info.data.get("mode") is Mode.PRODUCTION:
            raise ValueError("name the service's own user in production mode")
        return value

    @classmethod
    def load(cls) -> Self:
        """Read the environment; raises ``SettingsError`` with every problem at once."""
        return load(cls)


S = TypeVar("S", bound=Settings)


def load(settings: type[S]) -> S:
    """Read ``settings`` from the environment; raises ``SettingsError`` with every problem at once."""
    try:
        return settings()
    except ValidationError as error:
        raise SettingsError({_variable(e["loc"]): e["msg"] for e in error.errors()}) from None


def _variable(location: tuple[int | str, ...]) -> str:
    return PREFIX + "_".join(str(part) for part in location).upper()
