"""Statements are also found by what the statements that they refer to are found by (xAPI Communication 2.1.3).

A statement whose object is a StatementRef takes over the search keys of its target, of the target's target and so on,
DEEPEST steps far, whichever came first. The rule of this file: keys are worked out again from what the log holds, never
from other keys that were taken over, so doing it once more does no harm, and whoever finds something unsettled may
settle it. `append` notes what there is to settle, in its own transaction: a statement that refers to another, and one
that others refer to already.

Two transactions that do not see each other may store a statement and its target at the same time. So what was served
is served once more when every transaction has ended that may not have seen it; until then it stays unsettled, and the
log does not claim to be whole from there on (`Search.consistent_through`).
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import aiosql
import psycopg
from psycopg import AsyncConnection

from lrs.database import Pool

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("references.sql"), "psycopg", mandatory_parameters=False)

DEEPEST: Final = 16
"""How many references a filter looks through, one behind the other."""

TOGETHER: Final = 200
"""Statements that are settled in one step."""
EACH: Final = 100
"""Referrers of each that are served in one step."""

ASKED_SECONDS: Final = 0.2
"""How long a request whose statements refer to others settles, at most, before it is answered."""
POLL_SECONDS: Final = 0.25
WAITING_SECONDS: Final = 0.02
LOCK: Final = 0x1C_5E_12  # advisory, one a database: who settles just now

_LOG = logging.getLogger("lrs.references")


class Target(NamedTuple):
    """A statement that another refers to, as the log holds it; authority: its number, agent: its JSON text."""

    payload: str
    authority: int
    agent: str


class Left(Enum):
    """What is left to settle after a step."""

    NOTHING = auto()
    WAITING = auto()
    """Only what waits for transactions to end, or for another process."""
    MORE = auto()


class _Item(NamedTuple):
    """A statement that is unsettled; after: the referrer up to which they are served; mark: see the table."""

    tenant: int
    id: UUID
    after: int
    mark: int | None


def target_of(statement: Mapping[str, Any]) -> UUID | None:
    """The statement that a valid one is about, if it is about one."""
    target = statement["object"]
    return UUID(target["id"]) if target.get("objectType") == "StatementRef" else None


class References:
    """Settles the references of one log, through a pool that writes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def run(self) -> None:
        """Settle until cancelled whatever is left unsettled, by whomever; an outage is waited out."""
        while True:
            left = Left.NOTHING
            try:
                left = await self._step("1s")
            except psycopg.Error as error:
                _LOG.warning("references are not settled now, trying again: %s", error)
            if left is not Left.MORE:
                await asyncio.sleep(WAITING_SECONDS if left is Left.WAITING else POLL_SECONDS)

    async def settle(self, seconds: float = ASKED_SECONDS) -> Left:
        """Settle for so long what can be settled now; what is left, or goes wrong, is left to `run`."""
        clock = asyncio.get_running_loop().time
        give_up = clock() + seconds
        left = Left.MORE
        try:
            while left is Left.MORE and clock() < give_up:
                left = await self._step("20ms")
        except psycopg.Error as error:
            _LOG.info("references are settled later: %s", error)
        return left

    async def _step(self, patience: str) -> Left:
        """patience: how long to wait for whoever settles just now."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(QUERIES.something_unsettled.sql)).fetchone()
            if row is None or not row[0]:
                return Left.NOTHING
            try:
                async with connection.transaction():
                    return await self._take_turn(connection, patience)
            except psycopg.errors.LockNotAvailable:
                return Left.WAITING

    async def _take_turn(self, connection: AsyncConnection, patience: str) -> Left:
        """In a transaction of its own, whose statements each see what was committed before them."""
        await connection.execute(QUERIES.take_turn.sql, {"lock": LOCK, "patience": patience})
        cursor = await connection.execute(QUERIES.to_settle.sql, {"most": TOGETHER})
        items = [_Item(*row) for row in await cursor.fetchall()]
        if not items:
            return Left.WAITING
        row = await (await connection.execute(QUERIES.new_mark.sql)).fetchone()
        assert row is not None
        mark, alone = row
        values = {
            "tenants": [one.tenant for one in items],
            "ids": [one.id for one in items],
            "afters": [one.after for one in items],
            "each": EACH,
            "deepest": DEEPEST,
        }
        served = await (await connection.execute(QUERIES.pass_on.sql, values)).fetchall()
        outcomes = {(tenant, identity): outcome for tenant, identity, *outcome in served}
        settled: list[_Item] = []
        come: list[_Item] = []
        for one in items:
            last, count, begins_anew = outcomes[one.tenant, one.id]
            if begins_anew:
                continue
            if count == EACH:
                come.append(one._replace(after=last))
            elif one.mark is not None or (alone and one.after == 0):
                settled.append(one)
            else:
                come.append(one._replace(after=0, mark=mark))
        if settled:
            await connection.execute(QUERIES.settled.sql, _names(settled))
        if come:
            progress = {"afters": [one.after for one in come], "marks": [one.mark for one in come]}
            await connection.execute(QUERIES.come_so_far.sql, _names(come) | progress)
        return Left.MORE


def _names(items: Sequence[_Item]) -> dict[str, list[Any]]:
    return {"tenants": [one.tenant for one in items], "ids": [one.id for one in items]}


async def targets_of(connection: AsyncConnection, tenant: int, referrers: Iterable[UUID]) -> dict[UUID, list[Target]]:
    """What each of these statements refers to, directly and through others, nearest first."""
    values = {"tenant": tenant, "ids": list(referrers), "deepest": DEEPEST}
    chain = await (await connection.execute(QUERIES.targets_of.sql, values)).fetchall()
    ids = list({target for _, target in chain})
    rows = await (await connection.execute(QUERIES.statements_of.sql, {"tenant": tenant, "ids": ids})).fetchall()
    known = {identity: Target(*rest) for identity, *rest in rows}
    found: dict[UUID, list[Target]] = {}
    for referrer, target in chain:
        if target in known:
            found.setdefault(referrer, []).append(known[target])
    return found
