"""A trace of one statement in so many: its POST, when the read models had it, when the readers of its course got it.

The rule of this file: nothing is stored or sent for a trace. Which positions of the log are traced, and the ids of a
trace and of its first span, follow from the position alone, which every process knows; so each adds its own spans.
Nobody waits for any of this, and a collector that is away is no outage.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Coroutine, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import aiosql
import psycopg
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceFlags, set_span_in_context
from psycopg_pool import PoolTimeout

from lrs.database import Pool

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("queries.sql"), "psycopg", mandatory_parameters=False)

MOST: Final = 1000
"""Positions that are looked for after one batch: there are more only where somebody is catching up."""
FLUSH_SECONDS: Final = 2.0

POSTED: Final = "statement posted"
PROJECTED: Final = "statement in the read models"
HANDED: Final = "statement handed to readers"

_LOG = logging.getLogger("lrs.tracing")


class Ids(NamedTuple):
    """Of a trace, and of its first span."""

    trace: int
    span: int


def ids_of(key: bytes, position: int) -> Ids:
    """Of the statement at a position; key: of the store."""
    digest = blake2b(position.to_bytes(8, "big"), key=key, digest_size=24).digest()
    return Ids(int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:], "big") or 1)


class Traces:
    """every: one in so many positions is traced. process: which one this is."""

    def __init__(self, pool: Pool, processor: SpanProcessor, *, every: int, process: str) -> None:
        self._pool = pool
        self._every = every
        self._ids = _Given()
        name = os.environ.get("OTEL_SERVICE_NAME", "live-lrs")
        resource = Resource.create({"service.name": name, "process.name": process})
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=resource, id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("lrs")
        self._key: bytes | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def posted(
        self, positions: Sequence[int], began: int, told: Mapping[str, str | int], caller: SpanContext | None
    ) -> None:
        """A request that began then (in nanoseconds) has just been answered, and stored these."""
        traced = [position for position in positions if position % self._every == 0]
        if traced:
            self._beside(self._posted(traced, began, time.time_ns(), told, caller))

    def projected(self, after: int, position: int) -> None:
        """The read models have just moved."""
        self._beside(self._moved(PROJECTED, None, after, position, time.time_ns()))

    def handed(self, course: UUID, after: int, position: int) -> None:
        """What changed in a course has just been handed to its readers."""
        self._beside(self._moved(HANDED, course, after, position, time.time_ns()))

    async def close(self) -> None:
        """Send what there is, but wait for no collector."""
        for task in self._tasks:
            task.cancel()
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        until = time.monotonic() + FLUSH_SECONDS
        while ending.is_alive() and time.monotonic() < until:  # noqa: ASYNC110 - a thread has no event for it
            await asyncio.sleep(0.02)

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_said(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _posted(
        self, traced: list[int], began: int, ended: int, told: Mapping[str, str | int], caller: SpanContext | None
    ) -> None:
        key = await self._store_key()
        links = [] if caller is None else [Link(caller)]
        for position in traced:
            self._ids.given = ids_of(key, position)
            attributes = {**told, "lrs.position": position}
            span = self._tracer.start_span(
                POSTED, kind=SpanKind.SERVER, start_time=began, attributes=attributes, links=links
            )
            span.end(ended)

    async def _moved(self, name: str, course: UUID | None, after: int, position: int, at: int) -> None:
        first = after + self._every - after % self._every
        wanted = list(range(first, position + 1, self._every))[-MOST:]
        if not wanted:
            return
        key = await self._store_key()
        async with self._pool.connection() as connection:
            found = await (await connection.execute(QUERIES.facts_at.sql, {"positions": wanted})).fetchall()
        for traced, of_course in found:
            if course is None or course == of_course:
                ids = ids_of(key, traced)
                root = SpanContext(ids.trace, ids.span, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
                attributes = {"lrs.position": traced, "lrs.course": str(of_course)}
                within = set_span_in_context(NonRecordingSpan(root))
                self._tracer.start_span(name, within, start_time=at, attributes=attributes).end(at)

    async def _store_key(self) -> bytes:
        if self._key is None:
            async with self._pool.connection() as connection:
                row = await (await connection.execute(QUERIES.store_key.sql)).fetchone()
            assert row is not None
            self._key = bytes(row[0])
        return self._key


class _Given(IdGenerator):
    """The ids that are given, for the next span; others otherwise. A span in a trace is asked for its own alone."""

    def __init__(self) -> None:
        self._others = RandomIdGenerator()
        self.given: Ids | None = None

    def generate_trace_id(self) -> int:
        return self._others.generate_trace_id() if self.given is None else self.given.trace

    def generate_span_id(self) -> int:
        given, self.given = self.given, None
        return self._others.generate_span_id() if given is None else given.span


async def _said(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except (psycopg.Error, PoolTimeout) as error:
        _LOG.info("a statement is not traced: %r", error)
