"""What is asked of a log: each kind of query with many different values, as paths for HTTP and as SQL for pgbench.

The SQL is not written down here: it is what `lrs.statement_log` executes when it is asked the same.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode
from uuid import UUID

import msgspec
import psycopg
from psycopg import AsyncConnection, ClientCursor

from lrs.access.credentials import DEFAULT_TENANT
from lrs.api import cursor_token
from lrs.api.cursor_token import Continuation
from lrs.database import Pool, read_pool
from lrs.statement_log.log import StatementLog
from lrs.statement_log.search import Cursor, Search
from schemas.statement_query import read_statement_query
from schemas.version import XapiVersion
from tests.bench import history

VALUES = 48
"""Different values of each kind: pgbench takes so many scripts."""
LIMIT = 50
DEEP = 10_000
"""The deep page, or as deep as nine tenths of the log reach."""
LIST, BY_ID, DEEP_PAGE = "list of 50", "by id", "deep page"
BY_AGENT, BY_AGENT_AND_VERB, RELATED = "by agent", "by agent and verb", "related activities"
KINDS = (LIST, BY_AGENT, BY_AGENT_AND_VERB, RELATED, BY_ID, DEEP_PAGE)

Params = list[tuple[str, str]]


class Asked(NamedTuple):
    """One query: its path, and a script for pgbench of all the SQL that answers it."""

    path: str
    script: str


class NothingFound(Exception):
    """A query found nothing, which is no measure of anything."""


def questions(url: str, statements: int) -> dict[str, list[Asked]]:
    """Of each kind, VALUES queries of the log at `url`."""
    return asyncio.run(_questions(url, statements))


def deep_page(statements: int) -> int:
    """Which page the deep one is in a log of so many statements."""
    return min(DEEP, statements * 9 // 10 // LIMIT)


async def _questions(url: str, statements: int) -> dict[str, list[Asked]]:
    random = Random(history.SEED)
    async with read_pool(url, size=1) as pool:
        log = StatementLog(pool, pool)
        salt = await log.salt(DEFAULT_TENANT)
        async with pool.connection() as connection:
            examples = await _examples(connection, random)
            deep = await _places(connection, deep_page(statements))
        asked: dict[str, list[Asked]] = {kind: [] for kind in KINDS}
        for number, (identity, example) in enumerate(examples):
            for kind, params in _pages(example).items():
                asked[kind].append(await _page(pool, salt, params, None))
            asked[BY_ID].append(await _one(pool, identity))
            asked[DEEP_PAGE].append(await _page(pool, salt, [("limit", str(LIMIT))], deep[number]))
    return asked


def _pages(example: dict[str, Any]) -> dict[str, Params]:
    """Queries that this statement answers, among others."""
    limit = ("limit", str(LIMIT))
    agent = ("agent", msgspec.json.encode(example["actor"]).decode())
    course = example["context"]["contextActivities"]["grouping"][0]["id"]
    return {
        LIST: [limit],
        BY_AGENT: [agent, limit],
        BY_AGENT_AND_VERB: [agent, ("verb", example["verb"]["id"]), limit],
        RELATED: [("activity", course), ("related_activities", "true"), limit],
    }


async def _page(pool: Pool, salt: bytes, params: Params, cursor: Cursor | None) -> Asked:
    query = read_statement_query(params, XapiVersion.V1_0_3)

    async def ask(recording: Pool) -> bool:
        page = await Search(recording).page(DEFAULT_TENANT, salt, query, cursor, LIMIT)
        return bool(page.statements)

    if cursor is not None:
        params = [("more", cursor_token.sign(Continuation(params, cursor.stored, cursor.position), salt))]
    return Asked(f"/xapi/statements?{urlencode(params)}", await _recorded(pool, ask, "payload"))


async def _one(pool: Pool, identity: UUID) -> Asked:
    async def ask(recording: Pool) -> bool:
        log = StatementLog(recording, recording)
        place = await log.place_of(DEFAULT_TENANT, identity)
        assert place is not None
        return bool(await log.statement_at(place))

    return Asked(f"/xapi/statements?statementId={identity}", await _recorded(pool, ask, ""))


async def _examples(connection: AsyncConnection, random: Random) -> list[tuple[UUID, dict[str, Any]]]:
    """Statements from here and there."""
    found: list[tuple[UUID, dict[str, Any]]] = []
    while len(found) < VALUES:
        cursor = await connection.execute(
            "SELECT stored, position FROM statement_id WHERE tenant = %s AND id >= %s ORDER BY id LIMIT 1",
            [DEFAULT_TENANT, UUID(int=random.getrandbits(128))],
        )
        place = await cursor.fetchone()
        if place is None:
            continue
        cursor = await connection.execute(
            "SELECT id, payload FROM statement WHERE (stored, position) = (%s, %s)", place
        )
        row = await cursor.fetchone()
        if row is not None and "context" in row[1] and not await _is_voided(connection, row[0]):
            found.append(row)
    return found


async def _is_voided(connection: AsyncConnection, identity: UUID) -> bool:
    cursor = await connection.execute(
        "SELECT FROM statement_void WHERE tenant = %s AND voided = %s", [DEFAULT_TENANT, identity]
    )
    return cursor.rowcount > 0


async def _places(connection: AsyncConnection, deep: int) -> list[Cursor]:
    """Where VALUES pages begin, the last of which is the deep one."""
    cursor = await connection.execute(
        "SELECT stored, position FROM statement ORDER BY stored DESC, position DESC OFFSET %s LIMIT %s",
        [LIMIT * (deep - VALUES) - 1, LIMIT * (VALUES - 1) + 1],
    )
    return [Cursor(*row) for row in (await cursor.fetchall())[::LIMIT]]


class _Recording:
    """A connection that remembers what it was asked to execute."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.executed: list[tuple[str, Any]] = []

    async def execute(self, query: str, values: Any = None, **options: Any) -> Any:
        self.executed.append((query, values))
        return await self._connection.execute(query.encode(), values, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class _RecordingPool:
    def __init__(self, recording: _Recording) -> None:
        self._recording = recording

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[_Recording]:
        yield self._recording


async def _recorded(pool: Pool, ask: Callable[[Pool], Awaitable[bool]], containing: str) -> str:
    """A script of those SQL statements that have this in their text. Raises NothingFound."""
    async with pool.connection() as connection:
        recording = _Recording(connection)
        if not await ask(cast(Pool, _RecordingPool(recording))):
            raise NothingFound
        dsn = connection.info.dsn
    done = [(query, values) for query, values in recording.executed if containing in query]
    if not done:
        raise NothingFound("nothing was asked of the database")
    with psycopg.connect(dsn) as plain:
        cursor = ClientCursor(plain)
        return "".join(script_of(cursor, query, values, number) for number, (query, values) in enumerate(done))


def script_of(cursor: ClientCursor[Any], query: str, values: dict[str, Any], number: int) -> str:
    """One statement: whole numbers become variables, so that it has parameters to be planned for; the rest is text."""
    lines = []
    for name, value in values.items():
        placeholder = f"%({name})s"
        if type(value) is int and placeholder in query:
            lines.append(f"\\set {name}_{number} {value}\n")
            query = query.replace(placeholder, f":{name}_{number}")
    text = cursor.mogrify(query.encode(), values).rstrip().rstrip(";")
    return "".join(lines) + text + ";\n"
