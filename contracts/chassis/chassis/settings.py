"""Settings from the environment, with the same names in every service; a service adds its own in a subclass.

Production refuses what is sent in clear, needs no password, or serves development only: each check takes a value and
returns the fault with its remedy, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar
from urllib.parse import parse_qsl, urlsplit

from limits import parse_many
from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "GREEN_"
MIB = 1024 * 1024
MAX_REQUESTS_IN_FLIGHT = 300
"""Three batches: one commits, one is being handled, one waits."""
OPEN_COMMANDS_BY_CALLER = "40/minute; 200/day"
OPEN_COMMANDS_BY_ADDRESS = "60/minute; 600/day"
"""An office has one address and several people."""


Check = Callable[[Any], str | None]

OFF = frozenset({"false", "0", "no", "off"})
TLS_OPTIONS = frozenset({"tls", "ssl"})
UNVERIFIED_OPTIONS = frozenset({"tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames"})
"""Options of a database URL, in small letters as they are compared: a server that anybody can pretend to be."""


def broker_fault(url: str) -> str | None:
    """Return what is wrong with the address of a broker."""
    if urlsplit(url).scheme != "amqps":
        return "what is sent to the broker is not encrypted: name its TLS listener (amqps://)"
    if any(name == "no_verify_ssl" and value != "0" for name, value in _options(url)):
        return "the broker's certificate is not verified: leave no_verify_ssl out, and name the authority with cafile"
    return _account_fault(url)


def database_fault(url: str) -> str | None:
    """Return what is wrong with the address of a database."""
    options = [(name.lower(), value.lower()) for name, value in _options(url)]
    named = [value for name, value in options if name in TLS_OPTIONS]
    is_on = bool(named) or urlsplit(url).scheme == "mongodb+srv"
    if not is_on or OFF.intersection(named):
        return "what is sent to the database is not encrypted: add tls=true to its options"
    if any(name in UNVERIFIED_OPTIONS and value not in OFF for name, value in options):
        return "the database's certificate is not verified: leave the options tlsInsecure and tlsAllowInvalid… out"
    return _account_fault(url)


def _account_fault(url: str) -> str | None:
    parts = urlsplit(url)
    if not parts.username or parts.username == "guest":
        return "it names no user of the service's own: name the user and the password in the address"
    return None if parts.password else "the password is empty: name the user's password in the address"


def issuer_fault(url: str) -> str | None:
    """Return what is wrong with the identity provider's name."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        return "the identity provider is not named by https: name the issuer that its tokens carry"
    return "this issuer is invented: name the identity provider" if url.endswith(".invalid") else None


def collector_fault(url: str | None) -> str | None:
    """Return what is wrong with the address of a trace collector."""
    if url is None or urlsplit(url).scheme == "https":
        return None
    return "spans are sent in clear: name the collector by https, or leave it out"


def log_level_fault(level: str) -> str | None:
    """Return what is wrong with a level: at DEBUG the libraries log what they send and receive."""
    return "libraries log what they send and receive: set INFO or higher" if level == "DEBUG" else None


def clock_fault(path: Path | None) -> str | None:
    """Return what is wrong with a simulated clock."""
    return None if path is None else "legal dates need the system's clock: leave the simulated one out"


def _options(url: str) -> list[tuple[str, str]]:
    """Return the options of an address; semicolons part them as well (MongoDB)."""
    return parse_qsl(urlsplit(url).query.replace(";", "&"), keep_blank_values=True)


class Mode(StrEnum):
    """The purpose of an installation."""

    LOCAL = "local"
    """One machine, invented data: development tokens and the simulated clock are allowed."""
    PRODUCTION = "production"
    """Real data: a process refuses to start with a setting that is for development, in clear or without a password."""


class ProcessRole(StrEnum):
    """The part of a service that a process runs; start more processes to scale a part."""

    ALL = "all"
    API = "api"
    WORKER = "worker"
    JOBS = "jobs"


class SettingsError(SystemExit):
    """Lists every missing or wrong setting, one line each; uncaught, it ends the process with just these lines."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("\n".join(f"{name}: {text}" for name, text in problems.items()))


class Settings(BaseSettings):
    """Settings from variables that begin with ``GREEN_``; ``load`` reports all problems at once."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    REFUSED_IN_PRODUCTION: ClassVar[Mapping[str, Check]] = MappingProxyType(
        {
            "log_level": log_level_fault,
            "mongo_url": database_fault,
            "amqp_url": broker_fault,
            "issuer": issuer_fault,
            "clock_file": clock_fault,
            "otlp_endpoint": collector_fault,
        }
    )
    """Checks by setting; a service adds those of its own settings."""

    mode: Mode = Mode.PRODUCTION
    """The first field, because validators of later ones read it; ``local`` must be asked for."""
    role: ProcessRole = ProcessRole.ALL
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    """Of the service's routes; a process whose role serves none does not open it."""
    monitoring_port: Annotated[int, Field(ge=1, le=65535)] = 8001
    """Of health, metrics and the document of the interface; for machines, not to be reached from outside."""
    trusted_proxies: str = ""
    """Addresses or networks, comma-separated, whose ``X-Forwarded-For`` names the caller's address; none by default."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    mongo_url: Annotated[str, Field(pattern="^mongodb([+]srv)?://")]
    """With the service's own user, password and replica set."""
    database: Annotated[str, Field(min_length=1, max_length=38)]
    mongo_driver: Literal["motor", "pymongo"] = "motor"
    amqp_url: Annotated[str, Field(pattern="^amqps?://")]
    """With the service's own user, password and virtual host."""

    broker_path: Literal["direct", "plain"] = "direct"
    """``plain`` uses the libraries' public interfaces alone: slower, the fallback should a library change."""

    jwks_file: Path
    """A file, never an address: the identity provider's public keys (RFC 7517); read again when the file changes."""
    issuer: str = "https://issuer.green.invalid"
    audience: str = "green"

    clock_file: Path | None = None
    """Shared setting of the simulated clock; refused in """

    max_batch_size: Annotated[int, Field(ge=1, le=1000)] = 100
    """Work items in one transaction at most."""
    commit_workers: Annotated[int, Field(ge=1, le=4)] = 2
    """Two halve the waiting time; four measured no better."""
    prefetch: Annotated[int, Field(ge=1, le=5000)] = 200
    """A little more than the batches in flight; the library's default is unlimited."""
    max_requests_in_flight: Annotated[int, Field(ge=1, le=10_000)] = MAX_REQUESTS_IN_FLIGHT
    """Requests at once in this process; further ones are answered 503 with Retry-After."""
    open_commands_by_caller: str = OPEN_COMMANDS_BY_CALLER
    """Commands open to anybody, for example objections, from one caller with a token: ``40/minute; 200/day``."""
    open_commands_by_address: str = OPEN_COMMANDS_BY_ADDRESS
    """The same from one network address, with or without a token; beyond either: 429 with Retry-After."""
    max_connections: Annotated[int, Field(ge=10, le=100_000)] = 2000
    """Open at once; never more than leave file descriptors for the database and the broker."""
    head_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    """Time from a connection, or from the first byte of a further request, to the end of the request's head."""
    body_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    """Time within which at least 4 KB of a body, or its end, arrive."""
    idle_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 5.0
    """Time between an answer and the next request on the same connection."""
    answer_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Time within which a caller takes some more of an answer that waits to be read."""
    event_loop: Literal["uvloop", "asyncio"] = "uvloop"
    """The event loop of the process."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = MIB
    """Limit of HTTP request bodies, unless a route accepts more."""
    min_free_disk_bytes: Annotated[int, Field(ge=0)] = 256 * MIB
    """Room that must be left where uploads are received; with less a process takes none and is not ready."""
    workbooks_at_once: Annotated[int, Field(ge=1, le=16)] = 2
    """Uploaded workbooks read at once, each in a process of its own; further ones are answered 503 with Retry-After."""
    workbook_memory_mib: Annotated[int, Field(ge=64, le=4096)] = 160
    """Address space of such a process."""
    workbook_cpu_seconds: Annotated[int, Field(ge=1, le=120)] = 10
    workbook_wall_seconds: Annotated[float, Field(gt=0, le=300)] = 20.0
    """A workbook that takes longer is refused (422)."""
    jobs_poll_interval_seconds: Annotated[float, Field(gt=0)] = 1.0
    """Longest interval between two polls of a job for due items."""
    gauges_interval_seconds: Annotated[float, Field(gt=0)] = 15.0
    """Interval between two readings of the domain gauges."""
    shutdown_timeout_seconds: Annotated[float, Field(gt=0)] = 15.0
    """Time that requests in flight have to finish when the process stops."""
    otlp_endpoint: Annotated[str | None, Field(pattern="^https?://")] = None
    """Base address of a trace collector (OTLP over HTTP), for example http://collector:4318; without it no tracing."""
    ready_lag_seconds: Annotated[float, Field(gt=0)] = 30.0
    """If an event waits longer for its first attempt to be published, processes of all roles but api are not ready."""

    @field_validator("monitoring_port")
    @classmethod
    def _port_of_its_own(cls, value: int, info: ValidationInfo) -> int:
        if value == info.data.get("port"):
            raise ValueError("name another port than GREEN_PORT: health and metrics are not for callers")
        return value

    @field_validator("open_commands_by_caller", "open_commands_by_address")
    @classmethod
    def _rates(cls, value: str) -> str:
        parse_many(value)
        return value

    @field_validator("*")
    @classmethod
    def _fit_for_production(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - the value of any setting
        check = cls.REFUSED_IN_PRODUCTION.get(info.field_name or "")
        is_production = info.data.get("mode", Mode.PRODUCTION) is Mode.PRODUCTION
        if check is not None and is_production and (fault := check(value)) is not None:
            raise ValueError(f"refused in production mode: {fault}")
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
        problems = {_variable(e["loc"]): e["msg"].removeprefix("Value error, ") for e in error.errors()}
        raise SettingsError(problems) from None


def _variable(location: tuple[int | str, ...]) -> str:
    return PREFIX + "_".join(str(part) for part in location).upper()
