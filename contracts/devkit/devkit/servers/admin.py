"""Administration of a running broker or database: users, vhosts, definitions, counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import httpx2
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from devkit.servers.processes import ManagedProcess, UnfitServerError

REPLICA_SET = "green"
PATIENCE_MS = 30_000
FIRST_PATIENCE_MS = 5_000
"""For a server that somebody else runs: a wrong address must fail soon."""


@dataclass
class BrokerAdmin:
    """The management API of a broker, and the address of its AMQP listener."""

    address: str
    """Host and port of AMQP."""
    management_url: str
    prometheus_url: str | None
    """The URL of its metrics; None without the plugin."""
    admin_user: str
    admin_password: str

    @staticmethod
    async def of_url(url: str) -> BrokerAdmin:
        """Return the broker with the management API at ``http://user:password@host:port``; query its listeners."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UnfitServerError(
                "the address of a broker is that of its management API: http://user:password@host:15672"
            )
        management = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        account = (unquote(parts.username or "guest"), unquote(parts.password or "guest"))
        listeners = await BrokerAdmin("", management, None, *account).find_listeners()
        if "amqp" not in listeners:
            raise UnfitServerError(f"the broker at {management} has no listener for AMQP")
        metrics = listeners.get("http/prometheus")
        return BrokerAdmin(
            f"{parts.hostname}:{listeners['amqp']}",
            management,
            f"http://{parts.hostname}:{metrics}/metrics" if metrics else None,
            *account,
        )

    @property
    def process(self) -> ManagedProcess | None:
        """The server's process; None for a server that somebody else runs."""
        return None

    def url(self, user: str, password: str, vhost: str) -> str:
        return f"amqp://{_account(user, password)}@{self.address}/{quote(vhost, safe='')}"

    def admin_url(self, vhost: str) -> str:
        return self.url(self.admin_user, self.admin_password, vhost)

    async def is_serving(self) -> bool:
        """Return whether the AMQP listener is open and the queues on disk are recovered."""
        try:
            answer = await self._send("GET", f"health/checks/port-listener/{self.address.rpartition(':')[2]}")
        except httpx2.TransportError:
            return False
        return answer.is_success

    async def import_definitions(self, definitions: Mapping[str, Any]) -> None:
        await self._request("POST", "definitions", definitions)

    async def add_vhost(self, name: str) -> None:
        """Create a vhost that the administrator may use, if it does not exist."""
        await self._request("PUT", f"vhosts/{quote(name, safe='')}", {})
        await self.permit(self.admin_user, name, configure=".*", write=".*", read=".*")

    async def remove_vhost(self, name: str) -> None:
        await self._request("DELETE", f"vhosts/{quote(name, safe='')}")

    async def put_user(self, user: str, password: str, *, tags: str = "") -> None:
        await self._request("PUT", f"users/{quote(user, safe='')}", {"password": password, "tags": tags})

    async def remove_user(self, user: str) -> None:
        await self._request("DELETE", f"users/{quote(user, safe='')}")

    async def list_names(self, kind: str) -> set[str]:
        """Return the names of its ``vhosts`` or ``users``."""
        return {each["name"] for each in (await self._request("GET", kind)).json()}

    async def permit(self, user: str, vhost: str, *, configure: str = "", write: str = "", read: str = "") -> None:
        path = f"permissions/{quote(vhost, safe='')}/{quote(user, safe='')}"
        await self._request("PUT", path, {"configure": configure, "write": write, "read": read})

    async def queue_counts(self, vhost: str) -> dict[str, int]:
        """Count ready and unacknowledged messages by queue; the figures are up to a second old."""
        queues = (await self._request("GET", f"queues/{quote(vhost, safe='')}")).json()
        return {queue["name"]: queue.get("messages", 0) for queue in queues}

    async def find_listeners(self) -> dict[str, int]:
        """Return protocol → port; raise UnfitServerError when the management API is not usable."""
        try:
            answer = await self._send("GET", "overview")
        except httpx2.TransportError as problem:
            raise UnfitServerError(f"no broker answers at {self.management_url} ({type(problem).__name__})") from None
        if answer.is_error:
            raise UnfitServerError(f"the broker at {self.management_url} does not let {self.admin_user} administer it")
        return {each["protocol"]: int(each["port"]) for each in answer.json().get("listeners", [])}

    async def _request(self, method: str, path: str, body: object = None) -> httpx2.Response:
        answer = await self._send(method, path, body)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    async def _send(self, method: str, path: str, body: object = None) -> httpx2.Response:
        account = (self.admin_user, self.admin_password)
        async with httpx2.AsyncClient(auth=account, timeout=30, trust_env=False) as client:
            return await client.request(method, f"{self.management_url}/api/{path}", json=body)


@dataclass
class MongodAdmin:
    """Administration of a replica set."""

    address: str
    """Host and port; of each member, if there are several."""
    admin_user: str
    admin_password: str
    options: str = f"replicaSet={REPLICA_SET}"
    """Options of the connection URL, the same for every user."""

    @staticmethod
    async def of_url(url: str) -> MongodAdmin:
        """Return the replica set at ``mongodb://user:password@host/?replicaSet=…``; check the access to it."""
        parts = urlsplit(url)
        account, _, hosts = parts.netloc.rpartition("@")
        user, _, password = account.partition(":")
        if parts.scheme != "mongodb" or not (user and hosts):
            raise UnfitServerError("the address of a database is mongodb://user:password@host:27017/?replicaSet=…")
        options = urlencode([each for each in parse_qsl(parts.query) if each[0].lower() != "authsource"])
        admin = MongodAdmin(hosts, unquote(user), unquote(password), options)
        await admin._require_replica_set()
        return admin

    @property
    def process(self) -> ManagedProcess | None:
        """The server's process; None for a server that somebody else runs."""
        return None

    def url(self, user: str, password: str, database: str) -> str:
        return f"mongodb://{_account(user, password)}@{self.address}/{database}?authSource={database}&{self.options}"

    @property
    def admin_url(self) -> str:
        return self.url(self.admin_user, self.admin_password, "admin")

    async def add_user(self, database: str, user: str, password: str, role: Mapping[str, Any] | None = None) -> None:
        """Create a user of this database alone, with a role of its own (the command that creates it) or ``readWrite``.

        An existing user gets the password and the role.
        """
        await asyncio.to_thread(self._add_user, database, user, password, role)

    async def databases(self) -> set[str]:
        """Return the names of the databases with documents or users."""
        listed = await self.run("listDatabases", 1, nameOnly=True)
        users = await self.run("usersInfo", {"forAllDBs": True})
        return {each["name"] for each in listed["databases"]} | {each["db"] for each in users["users"]}

    async def remove_database(self, database: str) -> None:
        await self.run("dropAllUsersFromDatabase", 1, database=database)
        await self.run("dropAllRolesFromDatabase", 1, database=database)
        await self.run("dropDatabase", 1, database=database)

    async def run(
        self,
        command: str,
        value: Any,  # noqa: ANN401 - as in the driver
        *,
        database: str = "admin",
        **more: Any,  # noqa: ANN401 - as in the driver
    ) -> dict[str, Any]:
        return await asyncio.to_thread(self._run, command, value, database, more)

    async def ensure_primary(self) -> bool:
        """Create the replica set and its administrator, if missing; return whether it accepts writes."""
        return await asyncio.to_thread(self._ensure_primary)

    async def _require_replica_set(self) -> None:
        """Raise UnfitServerError without a replica set, which transactions need."""
        try:
            hello = await asyncio.to_thread(self._run, "hello", 1, "admin", {}, FIRST_PATIENCE_MS)
        except OperationFailure:
            raise UnfitServerError(f"the database at {self.address} does not let {self.admin_user} in") from None
        except PyMongoError as problem:
            raise UnfitServerError(f"no replica set answers at {self.address} ({type(problem).__name__})") from None
        if not hello.get("setName"):
            raise UnfitServerError(f"the database at {self.address} is not a replica set, which transactions need")

    def _add_user(self, database: str, user: str, password: str, role: Mapping[str, Any] | None) -> None:
        with _client(self.admin_url) as client:
            held = "readWrite" if role is None else _put_role(client, database, role)
            existing = client[database].command("usersInfo", user)
            command = "updateUser" if existing["users"] else "createUser"
            client[database].command(command, user, pwd=password, roles=[{"role": held, "db": database}])

    def _run(
        self, command: str, value: object, database: str, more: Mapping[str, Any], patience_ms: int = PATIENCE_MS
    ) -> dict[str, Any]:
        with _client(self.admin_url, patience_ms) as client:
            answer: dict[str, Any] = client[database].command(command, value, **more)
            return answer

    def _ensure_primary(self) -> bool:
        try:
            url = f"mongodb://{self.address}/?directConnection=true"
            with _client(url, patience_ms=1_000) as client:
                hello = client.admin.command("hello")
                if not hello.get("setName"):
                    self._initiate(client)
                return bool(hello.get("isWritablePrimary")) and self._ensure_admin(client)
        except PyMongoError:
            return False

    def _initiate(self, client: MongoClient[dict[str, Any]]) -> None:
        members = [{"_id": 0, "host": self.address}]
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})

    def _ensure_admin(self, client: MongoClient[dict[str, Any]]) -> bool:
        try:
            self._run("ping", 1, "admin", {})
        except PyMongoError:
            # mongod allows one unauthenticated command over loopback: creating the first user.
            client.admin.command("createUser", self.admin_user, pwd=self.admin_password, roles=["root"])
        return True


def _put_role(client: MongoClient[dict[str, Any]], database: str, role: Mapping[str, Any]) -> str:
    """Create or replace the role, and return its name."""
    name, content = str(role["createRole"]), {key: value for key, value in role.items() if key != "createRole"}
    exists = client[database].command("rolesInfo", name)["roles"]
    client[database].command("updateRole" if exists else "createRole", name, **content)
    return name


def _account(user: str, password: str) -> str:
    return f"{quote(user, safe='')}:{quote(password, safe='')}"


def _client(url: str, patience_ms: int = PATIENCE_MS) -> MongoClient[dict[str, Any]]:
    # The asynchronous client of PyMongo leaves the socket of a failed connection to the garbage collector.
    return MongoClient(url, serverSelectionTimeoutMS=patience_ms)
