"""The client: prepares drafts, then submits all of them under faults and records every outcome in the history."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx2
from messages.values import Prefecture

from tests.faults.cluster import Cluster
from tests.faults.history import History
from tests.support.load_data import Applicant, Assessor

CONCURRENCY = 24
SERVER_ERROR = 500
"""From this status on, the outcome of a request is unknown."""
IMPATIENT = 20
"""One request in so many is not retried and waits no longer than ``IMPATIENCE`` seconds for its answer."""
IMPATIENCE = 0.1


class Client:
    """An HTTP client that retries with the same idempotency key until it gets an answer."""

    def __init__(self, cluster: Cluster, history: History) -> None:
        self._cluster = cluster
        self._history = history
        self._http = httpx2.AsyncClient(timeout=20, limits=httpx2.Limits(max_connections=CONCURRENCY))
        self._tokens: dict[int, str] = {}
        self.retries = 0

    async def close(self) -> None:
        await self._http.aclose()

    async def register(self, assessors: Sequence[Assessor]) -> None:
        token = self._cluster.issuer.mint(role="regional_officer")

        async def send_one(assessor: Assessor) -> None:
            body = assessor.registration()
            answer = await self._send("assessor-quota", "POST", "/v1/assessors", assessor.uscc, token, json=body)
            _expect(answer, 201)

        await for_each(assessors, send_one)

    async def list_in_prefectures(self, applicants: Sequence[Applicant]) -> None:
        """Put every applicant on the list of its prefecture, as the region requires (E10)."""

        async def send_one(prefecture: Prefecture) -> None:
            token = self._cluster.issuer.mint(role="prefecture_officer", prefecture=prefecture)
            units = [applicant.unit for applicant in applicants if applicant.prefecture == prefecture]
            body = {"document_number": f"{prefecture}-1", "published_on": "2026-03-01", "units": units}
            answer = await self._send(
                "applications", "POST", "/v1/prefecture-lists", f"list-{prefecture}", token, json=body
            )
            _expect(answer, 201)

        await for_each(
            [prefecture for prefecture in Prefecture if any(a.prefecture == prefecture for a in applicants)], send_one
        )

    async def prepare(self, applicants: Sequence[Applicant]) -> dict[int, str]:
        """Upload the evidence and open a complete draft for everyone; number → application."""
        known: dict[int, str] = {}
        sent: dict[bytes, asyncio.Future[None]] = {}

        async def send_one(applicant: Applicant) -> None:
            if applicant.pdf not in sent:
                sent[applicant.pdf] = asyncio.ensure_future(self._upload(applicant))
            await sent[applicant.pdf]
            known[applicant.number] = await self._draft(applicant)

        await for_each(applicants, send_one)
        return known

    async def confirm(self, applicants: Sequence[Applicant], drafts: dict[int, str]) -> None:
        """Let each assessor confirm in one command all applications that name it, before any is submitted (Q5)."""
        named: dict[str, list[Applicant]] = {}
        for applicant in applicants:
            if applicant.assessor:
                named.setdefault(applicant.assessor.uscc, []).append(applicant)

        async def send_one(uscc: str) -> None:
            token = self._cluster.issuer.mint(role="assessor", organisation=uscc)
            rows = [{"application_id": drafts[each.number], "unit_uscc": each.uscc} for each in named[uscc]]
            path = f"/v1/assessors/{uscc}/namings/confirmations"
            answer = await self._send("assessor-quota", "POST", path, f"confirm-{uscc}", token, json={"namings": rows})
            _expect(answer, 200)

        await for_each(list(named), send_one)

    async def submit(self, applicants: Sequence[Applicant], drafts: dict[int, str]) -> None:
        async def send_one(applicant: Applicant) -> None:
            application = drafts[applicant.number]
            self._history.invoke(application)
            path, key = f"/v1/applications/{application}/submit", f"submit-{application}"
            request = "applications", "POST", path, key, self._applicant(applicant)
            if applicant.number % IMPATIENT == 1:
                answer = await self._send_once(*request, timeout=IMPATIENCE)
            else:
                answer = await self._send(*request)
            if answer is None:
                self._history.complete(application, "info")
            else:
                self._history.complete(application, "ok" if answer.is_success else "fail", answer.status_code)

        await for_each(applicants, send_one)

    async def _upload(self, applicant: Applicant) -> None:
        by = applicant.assessor
        token = self._cluster.issuer.mint(role="assessor", organisation=by.uscc) if by else self._applicant(applicant)
        files = {"file": ("evidence.pdf", applicant.pdf, "application/pdf")}
        key = hashlib.sha256(applicant.pdf).hexdigest()
        _expect(await self._send("applications", "POST", "/v1/files", key, token, files=files), 200, 201)

    async def _draft(self, applicant: Applicant) -> str:
        body = applicant.draft(hashlib.sha256(applicant.pdf).hexdigest())
        token, key = self._applicant(applicant), f"draft-{applicant.number}"
        answer = await self._send("applications", "POST", "/v1/applications", key, token, json=body)
        return str(_expect(answer, 201).json()["application_id"])

    def _applicant(self, applicant: Applicant) -> str:
        if applicant.number not in self._tokens:
            self._tokens[applicant.number] = self._cluster.issuer.mint(role="applicant", organisation=applicant.uscc)
        return self._tokens[applicant.number]

    async def _send(self, service: str, method: str, path: str, key: str, token: str, **body: Any) -> httpx2.Response:  # noqa: ANN401 - httpx's own arguments
        while (answer := await self._send_once(service, method, path, key, token, **body)) is None:
            self.retries += 1
            await asyncio.sleep(0.3)
        return answer

    async def _send_once(
        self,
        service: str,
        method: str,
        path: str,
        key: str,
        token: str,
        **body: Any,  # noqa: ANN401 - httpx's own arguments
    ) -> httpx2.Response | None:
        """Send once; None without an answer: the command may or may not have been executed."""
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        url = f"http://127.0.0.1:{self._cluster.ports[service]}{path}"
        try:
            answer = await self._http.request(method, url, headers=headers, **body)
        except httpx2.HTTPError:
            return None
        return answer if answer.status_code < SERVER_ERROR else None


async def for_each(items: Sequence[Any], do: Callable[[Any], Awaitable[None]]) -> None:
    """Run ``do`` for every item, ``CONCURRENCY`` at a time."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await do(item)

    await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))


def _expect(answer: httpx2.Response, *statuses: int) -> httpx2.Response:
    assert answer.status_code in statuses, answer.text
    return answer
