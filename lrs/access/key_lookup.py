"""Finding credentials by key: each at most once a second, and all that are asked for meanwhile in one round trip.

A flood of keys that nobody has made therefore costs the database a few queries, keeps nobody waiting for a connection,
and grows no memory: what was found is forgotten after a second, and beyond FORGET entries at once.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from lrs.access.sql import QUERIES
from lrs.database import Pool

SECONDS = 1.0
"""How long an answer is good; a disabled credential stops within it, in every process."""
FORGET = 10_000
TOGETHER = 500


class Row(NamedTuple):
    """A credential in force, its authority, and what its secret is compared with."""

    key: str
    tenant: int
    scopes: list[str]
    secret_hash: bytes
    previous_hash: bytes | None
    authority: int
    agent: str
    salt: bytes
    compatibility: bool


class Found(NamedTuple):
    """The answer to a look-up: None where no credential of that key is in force; `until` on the monotonic clock."""

    until: float
    row: Row | None


class KeyLookup:
    """The credentials of one database by their keys."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: dict[str, Found] = {}
        self._unknown: dict[str, Found] = {}
        self._asked: dict[str, asyncio.Future[Found]] = {}
        self._asking: asyncio.Task[None] | None = None
        self.forgotten = 0
        """How often something was forgotten: what was asked for before may be older than that."""

    def forget(self, key: str) -> None:
        """Look this key up again when it is asked for."""
        self._known.pop(key, None)
        self._unknown.pop(key, None)
        self.forgotten += 1

    async def find(self, key: str) -> Found:
        """The credential of this key, as it was at most SECONDS ago. Raises what the database raises."""
        found = self._known.get(key) or self._unknown.get(key)
        if found is not None and found.until > time.monotonic():
            return found
        answer = self._asked.get(key)
        if answer is None:
            answer = self._asked[key] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(_retrieved)
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(answer)  # others may wait for it too

    async def _ask(self) -> None:
        """Ask until nobody waits; no await lies between finding that and leaving."""
        try:
            while self._asked:
                keys = list(self._asked)[:TOGETHER]
                waiting = {key: self._asked.pop(key) for key in keys}
                try:
                    found = await self._read(keys)
                except Exception as error:
                    for answer in waiting.values():
                        answer.set_exception(error)
                except BaseException:
                    for answer in waiting.values():
                        answer.cancel()
                    raise
                else:
                    for key, answer in waiting.items():
                        answer.set_result(found[key])
        finally:
            self._asking = None

    async def _read(self, keys: list[str]) -> Mapping[str, Found]:
        until = time.monotonic() + SECONDS  # from before the database is asked
        forgotten = self.forgotten
        async with self._pool.connection() as connection:
            cursor = await connection.execute(QUERIES.find_credentials.sql, {"keys": keys})
            rows: dict[str, Row] = {row[0]: Row(*row) for row in await cursor.fetchall()}
        found = {key: Found(until, rows.get(key)) for key in keys}
        for key, one in found.items() if forgotten == self.forgotten else ():
            _remember(self._known if one.row else self._unknown, key, one)
            (self._unknown if one.row else self._known).pop(key, None)
        return found


def _remember(entries: dict[str, Found], key: str, found: Found) -> None:
    if len(entries) >= FORGET:
        entries.clear()
    entries[key] = found


def _retrieved(answer: asyncio.Future[Any]) -> None:
    """Whoever asked may have left: an error that nobody takes is no error of the program."""
    if not answer.cancelled():
        answer.exception()
