"""A log of two months, and what PostgreSQL says that it does for a page of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest
from psycopg import AsyncConnection, sql

from lrs.statement_log.search_keys import keys_of, search_terms
from tests.acceptance.course_log import TENANT, CourseLog

ROWS = 24_000
DAYS = 60
LEARNERS = 400
REGISTRATION = UUID("9c8f5c6e-0000-4000-8000-00000000000a")
VOIDED = 6_000
DID, SAW, LEFT = (f"http://example.com/verbs/{name}" for name in ("did", "saw", "left"))
SEEN, COURSE = "http://example.com/seen", "http://example.com/course"

Node = dict[str, Any]


def learner(number: int) -> dict[str, Any]:
    """One of LEARNERS."""
    return {"mbox": f"mailto:learner{number}@example.com"}


def deed(number: int) -> dict[str, Any]:
    """Half of all is done, half is seen, and only what is seen is about SEEN; one learner has a registration."""
    seen = number % 2 == 0
    context: dict[str, Any] = {"contextActivities": {"grouping": [{"id": COURSE}]}}
    if number % LEARNERS == 7:
        context["registration"] = str(REGISTRATION)
    return {
        "actor": learner(number % LEARNERS),
        "verb": {"id": SAW if seen else DID},
        "object": {"id": SEEN if seen else f"http://example.com/task/{number % 50}"},
        "context": context,
        "result": {"response": "what was answered " * 40},
    }


def make_months(connection: psycopg.Connection, begin: datetime, end: datetime) -> None:
    """On plain PostgreSQL, the months that were over before this database was made."""
    if connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'").rowcount:
        return
    counted = range(begin.year * 12 + begin.month - 1, end.year * 12 + end.month)
    for at in counted:
        first, after = (datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in (at, at + 1))
        connection.execute(
            sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF statement FOR VALUES FROM ({}) TO ({})").format(
                sql.Identifier(f"statement_{first:%Y_%m}"), sql.Literal(first), sql.Literal(after)
            )
        )


@dataclass(frozen=True)
class Part:
    """A month or chunk of the log: its table, and when the first and the last of its statements were stored."""

    name: str
    first: datetime
    last: datetime


async def fill(log: CourseLog) -> list[Part]:
    """Store ROWS deeds over DAYS days, some of them voided, and let PostgreSQL count them; answers the log's parts."""
    salt = await log.log.salt(TENANT)
    values = [deed(number) for number in range(LEARNERS)]
    end = datetime.now(UTC) - timedelta(hours=1)
    begin = end - timedelta(days=DAYS)
    with psycopg.connect(log.url, autocommit=True) as connection:
        make_months(connection, begin, end)
        connection.execute(
            """INSERT INTO statement (tenant, position, stored, id, authority, keys, payload)
            SELECT %(tenant)s, n, %(begin)s::timestamptz + n * %(step)s::interval,
                ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, %(authority)s,
                (%(keys)s::text[])[1 + n %% %(learners)s]::bigint[], (%(payloads)s::json[])[1 + n %% %(learners)s]
            FROM generate_series(1, %(rows)s) AS n""",
            {
                "tenant": TENANT,
                "begin": begin,
                "step": timedelta(days=DAYS) / ROWS,
                "authority": log.authority.number,
                "keys": [str(set(keys_of(search_terms(value, log.authority.agent), salt))) for value in values],
                "payloads": [msgspec.json.encode(value).decode() for value in values],
                "learners": LEARNERS,
                "rows": ROWS,
            },
        )
        connection.execute(
            "INSERT INTO statement_id (tenant, id, stored, position, digest)"
            " SELECT tenant, id, stored, position, '' FROM statement"
        )
        connection.execute(
            "INSERT INTO statement_void (tenant, voided, position, voiding)"
            " SELECT tenant, id, %s + position, gen_random_uuid() FROM statement WHERE position %% %s = 0",
            [ROWS, ROWS // VOIDED],
        )
        connection.execute("SELECT setval('event_position', %s)", [2 * ROWS])
        connection.execute("VACUUM ANALYZE")
        rows = connection.execute(
            "SELECT c.relname, min(s.stored), max(s.stored) FROM statement s JOIN pg_class c ON c.oid = s.tableoid"
            " GROUP BY c.relname"
        )
        return [Part(*row) for row in rows]


class Asked:
    """What is asked of the database while it is entered: the queries for windows of the log, and their values."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.windows: list[tuple[str, dict[str, Any]]] = []

    def __enter__(self) -> "Asked":
        execute: Any = AsyncConnection.execute

        async def noted(connection: AsyncConnection, query: Any, values: Any = None, **options: Any) -> Any:
            if values and "low" in values:
                self.windows.append((query, dict(values)))
            return await execute(connection, query, values, **options)

        self._patch = self._monkeypatch.context()
        self._patch.__enter__().setattr(AsyncConnection, "execute", noted)
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.__exit__(None, None, None)


async def plan(connection: AsyncConnection, query: str, values: dict[str, Any]) -> list[Node]:
    """The nodes of what PostgreSQL does for a query; it is run for that."""
    cursor = await connection.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query, values)
    ((found,),) = await cursor.fetchall()
    return list(_nodes(found[0]["Plan"]))


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for below in node.get("Plans", []):
        yield from _nodes(below)


def relations(nodes: list[Node]) -> set[str]:
    """The tables that a plan reads."""
    return {node["Relation Name"] for node in nodes if "Relation Name" in node}


def touched(nodes: list[Node], tables: set[str]) -> float:
    """How many rows of these tables were read."""
    counted = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    scans = [node for node in nodes if node.get("Relation Name") in tables]
    rows = [(node["Actual Rows"] + sum(node.get(name, 0) for name in counted)) * node["Actual Loops"] for node in scans]
    return float(sum(rows))
