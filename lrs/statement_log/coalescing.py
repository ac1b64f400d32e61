"""Group commit: requests that arrive while others are being written are written together, each judged by itself.

Nobody waits when nothing is being written; otherwise whatever has gathered goes with the next round trip. A request is
stored whole or not at all, and what is wrong with one fails no other. Acknowledged means committed.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests

from lrs.statement_log.commits import Commits
from lrs.statement_log.new_row import Row
from schemas.errors import Overloaded, StatementConflict

MOST_ROWS = 500
MOST_BYTES = 4_000_000
"""What goes in one round trip, unless one request alone is larger."""

WAITING_ROWS = 20_000
WAITING_BYTES = 64_000_000
"""What may wait before requests are turned away, unless nothing else waits."""

AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError, PoolTimeout, TooManyRequests)
"""What no request is to blame for; a database that takes no writes for now is an InternalError."""

Key = tuple[int, UUID]
"""Tenant and statement id."""


@dataclass(slots=True, eq=False)
class _Request:
    rows: list[Row]
    size: int
    positions: asyncio.Future[list[int]]
    keys: tuple[Key, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = tuple((row.tenant, row.id) for row in self.rows)

    def fail(self, error: BaseException) -> None:
        if not self.positions.done():  # whoever asked may have left
            self.positions.set_exception(error)

    def stored(self, positions: Sequence[int | None]) -> None:
        if not self.positions.done():
            self.positions.set_result([position for position in positions if position is not None])


class Waiting(NamedTuple):
    """What waits to be written."""

    rows: int
    bytes: int


class Coalescer:
    """Gathers requests and hands them to `write` in groups, `writers` groups at a time.

    write: stores rows of distinct keys, all or nothing, and answers the position of each that was new; raises
    StatementConflict. conflicts: which of the rows are known with other content.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Row]], Awaitable[list[int | None]]],
        conflicts: Callable[[Sequence[Row]], Awaitable[set[Key]]],
        writers: int,
    ) -> None:
        self._write = write
        self._conflicts = conflicts
        self._writers = writers
        self._queue: deque[_Request] = deque()
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.commits = Commits()

    @property
    def waiting(self) -> Waiting:
        """Just now."""
        return Waiting(self._waiting_rows, self._waiting_bytes)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another group: a batch that comes now would likely be turned away."""
        return self._waiting_rows > WAITING_ROWS - MOST_ROWS or self._waiting_bytes > WAITING_BYTES - MOST_BYTES

    async def store(self, rows: list[Row]) -> list[int]:
        """The positions of those rows that were new. Raises StatementConflict, Overloaded and what `write` raises."""
        size = sum(len(row.payload) for row in rows)
        full = self._waiting_rows + len(rows) > WAITING_ROWS or self._waiting_bytes + size > WAITING_BYTES
        if full and self._queue:
            raise Overloaded
        request = _Request(rows, size, asyncio.get_running_loop().create_future())
        self._queue.append(request)
        self._waiting_rows += len(rows)
        self._waiting_bytes += size
        if len(self._tasks) < self._writers:
            task = asyncio.create_task(self._drain())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await request.positions

    async def _drain(self) -> None:
        """Write group after group until nothing waits; no await lies between finding that and leaving."""
        try:
            while self._queue:
                group = self._next_group()
                try:
                    await self._settle(group)
                except BaseException as error:
                    for request in group:
                        request.fail(error)
                    if not isinstance(error, Exception):
                        raise
        finally:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.discard(task)  # before anyone else runs: the next request starts a task of its own

    def _next_group(self) -> list[_Request]:
        """The oldest requests that fit together; one whose statement is in the group already waits for the next."""
        group: list[_Request] = []
        later: list[_Request] = []
        keys: set[Key] = set()
        rows = size = 0
        while self._queue and rows < MOST_ROWS and size < MOST_BYTES:
            request = self._queue[0]
            if group and (rows + len(request.rows) > MOST_ROWS or size + request.size > MOST_BYTES):
                break
            self._queue.popleft()
            if keys.isdisjoint(request.keys):
                group.append(request)
                keys.update(request.keys)
                rows += len(request.rows)
                size += request.size
            else:
                later.append(request)
        self._queue.extendleft(reversed(later))
        self._waiting_rows -= rows
        self._waiting_bytes -= size
        return group

    async def _settle(self, group: list[_Request]) -> None:
        """Give every request of a group its verdict."""
        while group:
            rows = [row for request in group for row in request.rows]
            began = monotonic()
            try:
                positions = await self._write(rows)
            except StatementConflict:
                culprits = await self._conflicts(rows)
                if not culprits:  # what is stored stays stored: this cannot be
                    raise
                group = _without(group, culprits)
            except AWAY as error:  # the database is away, for everyone
                for request in group:
                    request.fail(error)
                return
            except Exception as error:  # something in one of them that the database cannot take
                if len(group) == 1:
                    group[0].fail(error)
                    return
                for request in group:
                    await self._settle([request])
                return
            else:
                self.commits.add(len(rows), len(rows) - positions.count(None), monotonic() - began)
                begin = 0
                for request in group:
                    request.stored(positions[begin : begin + len(request.rows)])
                    begin += len(request.rows)
                return


def _without(group: list[_Request], culprits: set[Key]) -> list[_Request]:
    """The requests that have none of the statements in conflict; the others are told."""
    innocent = []
    for request in group:
        found = culprits.intersection(request.keys)
        if found:
            request.fail(StatementConflict(min(found)[1]))
        else:
            innocent.append(request)
    return innocent
