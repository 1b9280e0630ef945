"""Environment variables of every process of a service under test."""

from __future__ import annotations

from chassis.security.dev_issuer import DevelopmentIssuer
from devkit.private_servers import ServiceDatabase


def service_environment(amqp_url: str, database: ServiceDatabase, issuer: DevelopmentIssuer) -> dict[str, str]:
    return {
        "GREEN_MODE": "local",
        "GREEN_AMQP_URL": amqp_url,
        "GREEN_MONGO_URL": database.url,
        "GREEN_DATABASE": database.name,
        "GREEN_JWKS_FILE": str(issuer.jwks_file),
        "GREEN_LOG_LEVEL": "WARNING",
    }
