"""The files and the environment of a private RabbitMQ node."""

import os
import re
import shutil
from pathlib import Path
from typing import Protocol

from devkit.servers.processes import HOST, MissingServerError, new_secret, write_private

PLUGINS = ("rabbitmq_management", "rabbitmq_prometheus")
INSTALLED = "/usr/lib/rabbitmq/lib"


class Node(Protocol):
    folder: Path
    amqp_port: int
    management_port: int
    prometheus_port: int
    dist_port: int
    admin_user: str
    admin_password: str
    max_message_bytes: int


def prepare(node: Node) -> Path:
    """Write the node's files and return the program that starts it."""
    installed = installation()
    node.folder.mkdir(parents=True, exist_ok=True)
    write_private(node.folder / "rabbitmq.conf", _configuration(node))
    (node.folder / "advanced.config").write_text(_advanced())
    (node.folder / "enabled_plugins").write_text(f"[{','.join(PLUGINS)}].\n")
    # Names are looked up in this file only: Erlang's own resolver waits for name servers that are not there.
    (node.folder / "inetrc").write_text(f'{{lookup, [file]}}.\n{{host, {_tuple(HOST)}, ["localhost"]}}.\n')
    cookie = node.folder / ".erlang.cookie"
    if not cookie.exists():
        write_private(cookie, new_secret())
    _link_needed(installed, node.folder / "server")
    return node.folder / "server" / "sbin" / "rabbitmq-server"


def installation() -> Path:
    """Find the installed server by the folder that holds its `sbin` and `plugins`."""
    configured = os.environ.get("RABBITMQ_HOME")
    homes = [Path(configured)] if configured else sorted(Path(INSTALLED).glob("rabbitmq_server-*"))
    if not homes or shutil.which("erl") is None:
        raise MissingServerError(
            "RabbitMQ is missing: run `make setup`, or install the Debian package rabbitmq-server"
            " (the system's own service is not needed and may stay off)"
        )
    return homes[-1]


def environment(node: Node) -> dict[str, str]:
    folder, name = node.folder, f"green-{node.amqp_port}@localhost"
    return {
        "HOME": str(folder),
        "ERL_INETRC": str(folder / "inetrc"),
        "RABBITMQ_NODENAME": name,
        "RABBITMQ_SCRIPTS_DIR": str(folder / "server" / "sbin"),
        "RABBITMQ_PLUGINS_DIR": str(folder / "server" / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "generated"),
        "RABBITMQ_SCHEMA_DIR": str(folder / "schema"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_MNESIA_DIR": str(folder / "data" / "node"),
        "RABBITMQ_FEATURE_FLAGS_FILE": str(folder / "data" / "feature_flags"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "node.pid"),
        "RABBITMQ_DIST_PORT": str(node.dist_port),
        # The script then replaces itself by the Erlang VM instead of waiting for it, so that signals reach the VM.
        "RUNNING_UNDER_SYSTEMD": "true",
        # No epmd, which would listen on every address and outlive the node as a daemon; the node has no peers. Its own
        # monitor starts one all the same, after a minute and then each minute, by an Erlang that takes these flags: it
        # ends at once, without a dump, and nothing listens.
        "ERL_ZFLAGS": "-start_epmd false",
        "ERL_EPMD_ADDRESS": HOST,
        "ERL_CRASH_DUMP_SECONDS": "0",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            f"-sname {name} -start_epmd false -erl_epmd_port {node.dist_port}"
            f" -kernel inet_dist_use_interface {_tuple(HOST)}"
        ),
    }


def _configuration(node: Node) -> str:
    return f"""\
listeners.tcp.1 = {HOST}:{node.amqp_port}
management.tcp.ip = {HOST}
management.tcp.port = {node.management_port}
prometheus.tcp.ip = {HOST}
prometheus.tcp.port = {node.prometheus_port}
default_user = {node.admin_user}
default_pass = {node.admin_password}
collect_statistics_interval = 1000
log.file.level = warning
max_message_size = {node.max_message_bytes}
"""


def _advanced() -> str:
    # Quorum queues report their length at each tick, by default every five seconds: too slow for tests.
    return "[{rabbit, [{quorum_tick_interval, 1000}]}].\n"


def _tuple(address: str) -> str:
    return "{" + address.replace(".", ",") + "}"


def _link_needed(installed: Path, server: Path) -> None:
    """Link the scripts and only the plugins in use: Erlang looks into each folder for each of a thousand modules."""
    shutil.rmtree(server, ignore_errors=True)
    (server / "plugins").mkdir(parents=True)
    for part in ("sbin", "escript"):
        (server / part).symlink_to(installed / part)
    for plugin in _needed(installed / "plugins"):
        (server / "plugins" / plugin.name).symlink_to(plugin)


def _needed(plugins: Path) -> list[Path]:
    found: dict[str, Path] = {}
    waiting = ["rabbit", *PLUGINS]
    while waiting:
        name = waiting.pop()
        folder = next((path for path in plugins.glob(f"{name}-*") if path.name[len(name) + 1].isdigit()), None)
        if folder is not None and name not in found:
            found[name] = folder
            waiting += _requires(folder / "ebin" / f"{name}.app")
    return list(found.values())


def _requires(application: Path) -> list[str]:
    listed = re.search(r"{applications,\s*\[([^\]]*)\]", application.read_text())
    return re.findall(r"\w+", listed.group(1)) if listed else []
