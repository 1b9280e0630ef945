"""One process of a service: wires, starts and stops in order what its role needs, and registers the pings."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from fastapi import FastAPI

from chassis.broker.paths import PATHS
from chassis.broker.publisher import BrokerPublisher
from chassis.clock import clock_of
from chassis.handling import TransientError
from chassis.http.app import create_app, create_monitoring_app
from chassis.http.endpoint import ApiContext
from chassis.http.rates import OpenCommandRates
from chassis.http.spool import UploadSpool
from chassis.inbox.consumer import Consumer
from chassis.inbox.dispatcher import Dispatcher
from chassis.inbox.parking_lot import ParkingLot
from chassis.observability.gauges import GaugeReader
from chassis.observability.health import Health, NotReadyError
from chassis.observability.logs import logger
from chassis.observability.metrics import Metrics
from chassis.observability.tracing import tracing_of
from chassis.outbox.relay import Relay
from chassis.persistence.files import FileStore
from chassis.persistence.leases import Leases
from chassis.persistence.mongo import open_database
from chassis.runtime.service import ServiceDefinition
from chassis.scheduling.scheduler import JobScheduler, ParkedMessageReplayer
from chassis.scheduling.sweeper import UploadSweeper
from chassis.security.tokens import TokenVerifier
from chassis.settings import ProcessRole
from chassis.tasks import cancel_all
from chassis.transactions.commands import CommandExecutor
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.step_runner import StepRunner
from chassis.transactions.transaction import BatchTransaction

PATIENCE = 60.0
"""Seconds to wait at start for a server that is not up yet."""
PAUSE = 0.5

Start = Callable[[], Awaitable[object]]


class Process:
    """Every role has the committer and the relay; ``api`` adds the routes, ``worker`` the queues, ``jobs`` the jobs.

    Entering starts; leaving stops in the reverse order: jobs and consumers first, then the committer, the relay, and
    the database last.
    """

    def __init__(self, service: ServiceDefinition) -> None:
        settings = service.settings
        self._service = service
        self._settings = settings
        self.clock = clock_of(settings)
        self.metrics = Metrics().with_process()
        self.health = Health()
        self.tracing = service.tracing or tracing_of(service.name, settings.otlp_endpoint)
        listeners = self.tracing.command_listeners()
        self.database = open_database(settings.mongo_url, settings.database, settings.mongo_driver, listeners)
        self.publisher = BrokerPublisher(settings.amqp_url, write=PATHS[settings.broker_path].write)
        self._lease_holder = f"{service.name}:{uuid.uuid4().hex}"
        self.relay = self._relay()
        self.transaction = self._transaction()
        self.committer = self._committer()
        self.parking_lot = ParkingLot(self.database)
        self.dispatcher = self._dispatcher()
        self.app = self._app()
        """The service's routes; None where the role serves none."""
        self.monitoring_app = create_monitoring_app(
            service.name, health_of=self.health, metrics=self.metrics, documented=self.app
        )
        self._exit_stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._exit_stack.aclose()
            raise
        logger(__name__).info("started", role=self._settings.role, port=self._settings.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exit_stack.aclose()
        logger(__name__).info("stopped", role=self._settings.role)

    async def _start(self) -> None:
        self._exit_stack.push_async_callback(asyncio.to_thread, self.tracing.close)
        self._exit_stack.push_async_callback(self.database.close)
        layout = self._service.layout
        await _retry_until_up("database", lambda: self.database.prepare(layout.collections, layout.indexes))
        self.relay.start()
        self._exit_stack.push_async_callback(self.relay.stop)
        self.committer.start()
        self._exit_stack.push_async_callback(self.committer.stop)
        self._watch()
        if self._has(ProcessRole.WORKER) and self._service.subscriptions:
            await self._consume()
        if self._has(ProcessRole.JOBS):
            self._run_jobs()

    def _has(self, role: ProcessRole) -> bool:
        return self._settings.role in {role, ProcessRole.ALL}

    def _relay(self) -> Relay:
        return Relay(
            self.database,
            self.publisher,
            self._lease_holder,
            metrics=self.metrics,
            failpoints=self._service.failpoints,
            tracing=self.tracing,
        )

    def _transaction(self) -> BatchTransaction:
        return BatchTransaction(
            self.database,
            self._service.name,
            self._service.aggregates,
            self.clock,
            self.metrics,
            wake_relay=self.relay.enqueue,
            failpoints=self._service.failpoints,
            lease_holder=self._lease_holder,
            tracing=self.tracing,
        )

    def _committer(self) -> GroupCommitter:
        settings = self._settings
        return GroupCommitter(self.transaction, max_batch_size=settings.max_batch_size, workers=settings.commit_workers)

    def _dispatcher(self) -> Dispatcher:
        return Dispatcher(
            self._service.name,
            self._service.store,
            self._service.subscriptions,
            self.committer,
            self.parking_lot,
            clock=self.clock,
            metrics=self.metrics,
            tracing=self.tracing,
        )

    def _app(self) -> FastAPI | None:
        if not self._has(ProcessRole.API) or self._service.router is None:
            return None
        settings = self._settings
        verifier = TokenVerifier(settings.jwks_file, settings.issuer, settings.audience)
        self.health.add_ping("identity", verifier.ping)
        spool = UploadSpool(settings.min_free_disk_bytes)
        self.health.add_ping("scratch", spool.ping)
        commands = CommandExecutor(self.committer, self._service.regulation)
        api = ApiContext(
            verifier,
            commands,
            self.database,
            self.clock,
            self.metrics,
            self._service.regulation,
            self._service.store,
            OpenCommandRates(settings.open_commands_by_caller, settings.open_commands_by_address),
        )
        return create_app(
            self._service.name,
            api,
            self._service.router,
            metrics=self.metrics,
            body_max=settings.max_body_bytes,
            max_in_flight=settings.max_requests_in_flight,
            state=self._service.state,
            spool=spool,
            tracing=self.tracing,
        )

    async def _consume(self) -> None:
        consumer = Consumer(
            self._settings.amqp_url,
            self._service.name,
            self._service.subscriptions,
            self.dispatcher,
            prefetch=self._settings.prefetch,
            path=PATHS[self._settings.broker_path],
        )
        self._exit_stack.push_async_callback(consumer.stop)
        self.health.add_task("consumer", lambda: consumer.running)
        self.health.add_ping("consumer", consumer.ping)
        await consumer.start()

    def _run_jobs(self) -> None:
        leases = Leases(self.database, self._lease_holder)
        step_runner = StepRunner(self.transaction)
        self._exit_stack.push_async_callback(step_runner.stop)
        scheduler = JobScheduler(
            self.database,
            self._service.store,
            leases,
            self._service.jobs,
            self.committer,
            clock=self.clock,
            metrics=self.metrics,
            step_runner=step_runner,
            max_poll_interval=self._settings.jobs_poll_interval_seconds,
        )
        replayer = ParkedMessageReplayer(leases, self.parking_lot, self.dispatcher, self.metrics)
        sweepers = [UploadSweeper(leases, FileStore(self.database), self.metrics)] if self._service.stores_files else []
        swept = (loop for each in sweepers for loop in each.loops())
        loops = (*scheduler.loops(), *replayer.loops(), *self._gauge_reader().loops(), *swept)
        tasks = [asyncio.ensure_future(loop()) for loop in loops]
        self.health.add_task("jobs", lambda: not any(task.done() for task in tasks))
        # Cancelling a job is safe: it only waits for the committer, which finishes what it has begun.
        self._exit_stack.push_async_callback(cancel_all, tasks)

    def _gauge_reader(self) -> GaugeReader:
        return GaugeReader(
            self.database,
            self._service.store,
            self._service.gauges,
            clock=self.clock,
            metrics=self.metrics,
            interval_seconds=self._settings.gauges_interval_seconds,
        )

    def _watch(self) -> None:
        self.health.add_task("committer", lambda: self.committer.running)
        self.health.add_task("relay", lambda: self.relay.running)
        self.health.add_ping("database", self.database.ping)
        # A command needs only the database; its events wait in the outbox for the broker (decision 0024).
        needs_broker = self._settings.role is not ProcessRole.API
        self.health.add_ping("broker", self.publisher.probe, needed=needs_broker)
        self.health.add_ping("relay", self._check_relay_lag, needed=needs_broker)
        for name, ping in self._service.pings.items():
            self.health.add_ping(name, ping)

    async def _check_relay_lag(self) -> None:
        """Raise NotReadyError when the relays lag; ask the database, because the gauge stops with the sweep."""
        age = await self.relay.oldest_unattempted()
        if age > self._settings.ready_lag_seconds:
            raise NotReadyError(f"the oldest event not tried is {age:.0f} s old")


async def _retry_until_up(server: str, start: Start) -> None:
    """Retry ``start`` until the server is up; after ``PATIENCE`` raise its last error.

    Consuming needs none of this: its links wait for the broker while the process already answers.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            await start()
        except (TransientError, OSError) as problem:
            if time.monotonic() > deadline:
                raise
            logger(__name__).warning("waiting for a server", server=server, problem=type(problem).__name__)
            await asyncio.sleep(PAUSE)
        else:
            return
