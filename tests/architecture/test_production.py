"""Production mode refuses whatever is in clear, passwordless or for development: every setting of every service."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from chassis.settings import PREFIX, Mode, Settings, SettingsError

from deploy.generate.documents.service_instances import settings_class
from deploy.services import SERVICES, Service

ROOT = Path(__file__).parents[2]

GOOD = {
    "amqp_url": "amqps://own:secret@broker:5671/green?cafile=/etc/ca.pem",
    "mongo_url": "mongodb://own:secret@mongo:27017/?replicaSet=rs&tls=true",
    "database": "own",
    "jwks_file": "/etc/green/jwks.json",
    "issuer": "https://login.example.cn",
    "person_key_file": "/etc/green/persons.toml",
    "smtp_sender": "green@gxt.example.cn",
}
"""Settings with which a process starts in production mode."""

BAD = {
    "log_level": ["DEBUG"],
    "amqp_url": [
        "amqp://own:secret@broker:5672/green",
        "amqps://own:@broker:5671/green",
        "amqps://own@broker:5671/green",
        "amqps://broker:5671/green",
        "amqps://guest:guest@broker:5671/green",
        "amqps://own:secret@broker:5671/green?no_verify_ssl=1",
    ],
    "mongo_url": [
        "mongodb://own:secret@mongo/?replicaSet=rs",
        "mongodb://own:secret@mongo/?tls=false",
        "mongodb://own:secret@mongo/?tls=true&ssl=false",
        "mongodb://own:secret@mongo/?TLS=true&TLS=False",
        "mongodb+srv://own:secret@mongo/?ssl=false",
        "mongodb://own:secret@mongo/?tls=true&tlsInsecure=true",
        "mongodb://own:secret@mongo/?tls=true;tlsAllowInvalidCertificates=true",
        "mongodb://own:secret@mongo/?tls=true&tlsallowinvalidhostnames=true",
        "mongodb://own:@mongo/?tls=true",
        "mongodb://mongo/?tls=true",
    ],
    "issuer": ["http://login.example.cn", "https://issuer.green.invalid"],
    "clock_file": ["/clock.json"],
    "otlp_endpoint": ["http://collector:4318"],
    "smtp_sender": ["green@green.invalid"],
    "smtp_tls": ["opportunistic"],
    "smtp_password_file": [str(ROOT / "deploy" / "__init__.py")],
}
"""Refused in production, by setting; that file is empty."""

HARMLESS = frozenset(
    {
        "mode",
        "role",
        "host",
        "port",
        "monitoring_port",
        "trusted_proxies",
        "database",
        "mongo_driver",
        "broker_path",
        "jwks_file",
        "audience",
        "max_batch_size",
        "commit_workers",
        "prefetch",
        "max_requests_in_flight",
        "open_commands_by_caller",
        "open_commands_by_address",
        "max_connections",
        "head_timeout_seconds",
        "body_timeout_seconds",
        "idle_timeout_seconds",
        "answer_timeout_seconds",
        "event_loop",
        "max_body_bytes",
        "min_free_disk_bytes",
        "workbooks_at_once",
        "workbook_memory_mib",
        "workbook_cpu_seconds",
        "workbook_wall_seconds",
        "jobs_poll_interval_seconds",
        "gauges_interval_seconds",
        "shutdown_timeout_seconds",
        "ready_lag_seconds",
        "person_key_file",
        "smtp_host",
        "smtp_port",
        "smtp_user",
        "smtp_timeout_seconds",
        "mail_batch_size",
    }
)
"""Settings that carry nothing in clear, no password and no way of development; decide about a new one here."""

CLASSES: dict[str, type[Settings]] = {each.name: settings_class(each) for each in SERVICES}
CASES = [
    pytest.param(each.name, setting, value, id=f"{each.name}-{setting}-{index}")
    for each in SERVICES
    for setting, values in BAD.items()
    for index, value in enumerate(values)
    if setting in CLASSES[each.name].model_fields
]


def enter(monkeypatch: pytest.MonkeyPatch, service: str, mode: Mode, **settings: str) -> Settings:
    """Load the settings of a service from an environment with these, and all else that it needs."""
    known = CLASSES[service].model_fields
    for name, value in {**GOOD, "mode": mode.value, **settings}.items():
        if name in known:
            monkeypatch.setenv(f"{PREFIX}{name.upper()}", value)
    if "smtp_password_file" in settings:
        monkeypatch.setenv(f"{PREFIX}SMTP_USER", "own")
    return CLASSES[service].load()


@pytest.mark.parametrize("service", CLASSES)
def test_every_setting_is_known_as_refused_or_harmless(service: str) -> None:
    fields = set(CLASSES[service].model_fields)

    assert fields - set(BAD) - HARMLESS == set(), "decide what production refuses of this setting"
    assert set(CLASSES[service].REFUSED_IN_PRODUCTION) == fields & set(BAD)


@pytest.mark.parametrize(("service", "setting", "value"), CASES)
def test_production_refuses_the_setting_and_names_the_remedy(
    service: str, setting: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingsError) as refused:
        enter(monkeypatch, service, Mode.PRODUCTION, **{setting: value})

    assert set(refused.value.problems) == {f"{PREFIX}{setting.upper()}"}
    text = str(refused.value)
    assert "refused in production mode: " in text
    assert text.count(": ") >= 3, "a fault is followed by its remedy"
    assert "secret" not in text
    assert enter(monkeypatch, service, Mode.LOCAL).mode is Mode.LOCAL


@pytest.mark.parametrize("service", CLASSES)
def test_production_starts_with_what_is_encrypted_and_has_a_password(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert enter(monkeypatch, service, Mode.PRODUCTION).mode is Mode.PRODUCTION


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_a_process_without_a_mode_refuses_to_start_with_every_reason_at_once(service: Service) -> None:
    """The process itself, as an image starts it: lines for an operator, no stack trace."""
    bad = {name: values[0] for name, values in BAD.items() if name in CLASSES[service.name].model_fields}
    needed = {name: GOOD[name] for name in ("database", "jwks_file", "person_key_file")}
    variables = {f"{PREFIX}{name.upper()}": value for name, value in {**needed, **bad, "smtp_user": "own"}.items()}

    ended = subprocess.run(
        [sys.executable, "-m", f"{service.package}.main"], env=variables, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert [line.partition(":")[0] for line in ended.stderr.splitlines()] == [
        f"{PREFIX}{name.upper()}" for name in CLASSES[service.name].model_fields if name in bad
    ]


def test_the_image_is_in_production_mode() -> None:
    assert Settings.model_fields["mode"].default is Mode.PRODUCTION
    dockerfile = (ROOT / "deploy" / "containers" / "Dockerfile").read_text(encoding="utf-8")
    assert "GREEN_MODE=local" not in dockerfile
