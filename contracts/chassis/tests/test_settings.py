from __future__ import annotations

from pathlib import Path

import pytest
from chassis.settings import Mode, ProcessRole, Settings, SettingsError

NEEDED = {
    "GREEN_MONGO_URL": "mongodb://review:secret@127.0.0.1:27017/?replicaSet=rs0",
    "GREEN_DATABASE": "review",
    "GREEN_AMQP_URL": "amqp://review:secret@127.0.0.1:5672/green",
    "GREEN_JWKS_FILE": "/keys/jwks.json",
}


class OwnSettings(Settings):
    smtp_port: int


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("GREEN_MODE", "local")
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_settings_are_read_from_variables_with_one_prefix(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("GREEN_ROLE", "worker")
    environment.setenv("GREEN_MAX_BATCH_SIZE", "50")

    settings = Settings.load()

    assert settings.role is ProcessRole.WORKER
    assert settings.max_batch_size == 50
    assert settings.jwks_file == Path("/keys/jwks.json")


def test_every_problem_is_named_at_once_by_its_variable(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("GREEN_DATABASE")
    environment.setenv("GREEN_PORT", "0")
    environment.setenv("GREEN_AMQP_URL", "http://wrong")

    with pytest.raises(SettingsError) as refused:
        OwnSettings.load()

    assert set(refused.value.problems) == {
        "GREEN_DATABASE",
        "GREEN_PORT",
        "GREEN_AMQP_URL",
        "GREEN_SMTP_PORT",
    }


def test_rates_that_cannot_be_read_and_a_shared_port_are_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("GREEN_OPEN_COMMANDS_BY_CALLER", "often")
    environment.setenv("GREEN_OPEN_COMMANDS_BY_ADDRESS", "")
    environment.setenv("GREEN_PORT", "9000")
    environment.setenv("GREEN_MONITORING_PORT", "9000")

    with pytest.raises(SettingsError) as refused:
        Settings.load()

    assert set(refused.value.problems) == {
        "GREEN_OPEN_COMMANDS_BY_CALLER",
        "GREEN_OPEN_COMMANDS_BY_ADDRESS",
        "GREEN_MONITORING_PORT",
    }


def test_a_process_that_asks_for_nothing_is_in_production_mode(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("GREEN_MODE")

    with pytest.raises(SettingsError) as refused:
        Settings.load()

    assert set(refused.value.problems) == {"GREEN_AMQP_URL", "GREEN_ISSUER", "GREEN_MONGO_URL"}


def test_a_mode_that_does_not_exist_is_no_way_round_the_checks(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("GREEN_MODE", "staging")

    with pytest.raises(SettingsError) as refused:
        Settings.load()

    assert {"GREEN_MODE", "GREEN_AMQP_URL", "GREEN_MONGO_URL"} <= set(refused.value.problems)


def test_production_accepts_a_real_identity_provider_and_its_own_users_over_tls(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("GREEN_MODE", "production")
    environment.setenv("GREEN_ISSUER", "https://login.example.cn/realms/green")
    environment.setenv("GREEN_AMQP_URL", "amqps://review:secret@broker:5671/green?cafile=/etc/green/ca.pem")
    environment.setenv("GREEN_MONGO_URL", "mongodb://review:secret@mongo:27017/?replicaSet=rs0&tls=true")

    assert Settings.load().mode is Mode.PRODUCTION


def test_problem_never_shows_the_refused_value(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("GREEN_AMQP_URL", "http://review:topsecret@broker")

    with pytest.raises(SettingsError) as refused:
        Settings.load()

    assert "topsecret" not in str(refused.value)
