"""What an administrator does on a running broker or database: users, vhosts, definitions, counts."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from chassis.servers.processes import HOST

REPLICA_SET = "green"


def amqp_url(port: int, user: str, password: str, vhost: str) -> str:
    return f"amqp://{quote(user, safe='')}:{quote(password, safe='')}@{HOST}:{port}/{quote(vhost, safe='')}"


def mongo_url(port: int, user: str, password: str, database: str) -> str:
    account = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return f"mongodb://{account}@{HOST}:{port}/{database}?authSource={database}&replicaSet={REPLICA_SET}"


@dataclass
class BrokerAdmin:
    """The management API of a broker."""

    amqp_port: int
    management_port: int
    prometheus_port: int
    admin_user: str
    admin_password: str

    @property
    def management_url(self) -> str:
        return f"http://{HOST}:{self.management_port}"

    @property
    def prometheus_url(self) -> str:
        return f"http://{HOST}:{self.prometheus_port}/metrics"

    def url(self, user: str, password: str, vhost: str) -> str:
        return amqp_url(self.amqp_port, user, password, vhost)

    def admin_url(self, vhost: str) -> str:
        return self.url(self.admin_user, self.admin_password, vhost)

    async def serves(self) -> bool:
        """Say whether the AMQP listener is open and the queues on disk are recovered."""
        try:
            answer = await self._send("GET", f"health/checks/port-listener/{self.amqp_port}")
        except httpx2.TransportError:
            return False
        return answer.is_success

    async def import_definitions(self, definitions: Mapping[str, Any]) -> None:
        await self._done("POST", "definitions", definitions)

    async def add_vhost(self, name: str) -> None:
        """Make a vhost that the administrator may use; making it again changes nothing."""
        await self._done("PUT", f"vhosts/{quote(name, safe='')}", {})
        await self.permit(self.admin_user, name, configure=".*", write=".*", read=".*")

    async def remove_vhost(self, name: str) -> None:
        await self._done("DELETE", f"vhosts/{quote(name, safe='')}")

    async def put_user(self, user: str, password: str, *, tags: str = "") -> None:
        await self._done("PUT", f"users/{quote(user, safe='')}", {"password": password, "tags": tags})

    async def permit(self, user: str, vhost: str, *, configure: str = "", write: str = "", read: str = "") -> None:
        path = f"permissions/{quote(vhost, safe='')}/{quote(user, safe='')}"
        await self._done("PUT", path, {"configure": configure, "write": write, "read": read})

    async def queue_counts(self, vhost: str) -> dict[str, int]:
        """Count ready and unacknowledged messages by queue; the figures are up to a second old."""
        queues = (await self._done("GET", f"queues/{quote(vhost, safe='')}")).json()
        return {queue["name"]: queue.get("messages", 0) for queue in queues}

    async def _done(self, method: str, path: str, body: object = None) -> httpx2.Response:
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
    """The administrator of a one-node replica set."""

    port: int
    admin_user: str
    admin_password: str

    def url(self, user: str, password: str, database: str) -> str:
        return mongo_url(self.port, user, password, database)

    @property
    def admin_url(self) -> str:
        return self.url(self.admin_user, self.admin_password, "admin")

    async def add_user(self, database: str, user: str, password: str) -> None:
        """Make a user who may read and write this one database; an existing one gets the password."""
        await asyncio.to_thread(self._add_user, database, user, password)

    async def remove_database(self, database: str) -> None:
        await self.run("dropAllUsersFromDatabase", 1, database=database)
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
        """Make the replica set and its administrator where they are not there yet; say whether it takes writes."""
        return await asyncio.to_thread(self._ensure_primary)

    def _add_user(self, database: str, user: str, password: str) -> None:
        with _client(self.admin_url) as client:
            known = client[database].command("usersInfo", user)
            command = "updateUser" if known["users"] else "createUser"
            client[database].command(command, user, pwd=password, roles=[{"role": "readWrite", "db": database}])

    def _run(self, command: str, value: object, database: str, more: Mapping[str, Any]) -> dict[str, Any]:
        with _client(self.admin_url) as client:
            answer: dict[str, Any] = client[database].command(command, value, **more)
            return answer

    def _ensure_primary(self) -> bool:
        try:
            url = f"mongodb://{HOST}:{self.port}/?directConnection=true"
            with _client(url, patience_ms=1_000) as client:
                hello = client.admin.command("hello")
                if not hello.get("setName"):
                    self._initiate(client)
                return bool(hello.get("isWritablePrimary")) and self._admin_known(client)
        except PyMongoError:
            return False

    def _initiate(self, client: MongoClient[dict[str, Any]]) -> None:
        members = [{"_id": 0, "host": f"{HOST}:{self.port}"}]
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})

    def _admin_known(self, client: MongoClient[dict[str, Any]]) -> bool:
        try:
            self._run("ping", 1, "admin", {})
        except PyMongoError:
            # mongod lets one user be made over loopback without an account: the first.
            client.admin.command("createUser", self.admin_user, pwd=self.admin_password, roles=["root"])
        return True


def _client(url: str, patience_ms: int = 30_000) -> MongoClient[dict[str, Any]]:
    # Not PyMongo's asynchronous client: it leaves the socket of a failed connection to the garbage collector.
    return MongoClient(url, serverSelectionTimeoutMS=patience_ms)
