"""A page costs what its window costs: months and chunks outside it are not looked at, however long the log is."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from lrs.database import read_pool
from lrs.statement_log.search import FIRST_WINDOW
from lrs.statement_log.search_keys import VERB, key_of
from lrs.statement_log.statement_queries import page_query
from tests.acceptance.course_log import TENANT, CourseLog

pytestmark = pytest.mark.anyio

DAYS = 3 * 365
VERB_IRI = "http://example.com/did"
TAKEN_OVER = 77
"""A key that each statement has from one that it refers to."""


def make_months(connection: psycopg.Connection, begin: datetime, end: datetime) -> None:
    """On plain PostgreSQL, the months that were over before this database was made."""
    counted = range(begin.year * 12 + begin.month - 1, end.year * 12 + end.month)
    months = [datetime(at // 12, at % 12 + 1, 1, tzinfo=UTC) for at in counted]
    for first, after in pairwise(months):
        name = sql.Identifier(f"statement_{first:%Y_%m}")
        connection.execute(
            sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF statement FOR VALUES FROM ({}) TO ({})").format(
                name, sql.Literal(first), sql.Literal(after)
            )
        )


def store_one_a_day(url: str, authority: int, key: int) -> dict[str, tuple[datetime, datetime]]:
    """A statement a day for years; answers when the first and the last of each month or chunk were stored."""
    end = datetime.now(UTC) - timedelta(hours=1)
    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_extension WHERE extname = 'timescaledb'").rowcount:
            make_months(connection, end - timedelta(days=DAYS), end)
        rows = [
            (TENANT, number + 1, end - timedelta(days=DAYS - number), UUID(int=number), authority, [key])
            for number in range(DAYS + 1)
        ]
        connection.cursor().executemany(
            "INSERT INTO statement (tenant, position, stored, id, authority, keys, payload)"
            " VALUES (%s, %s, %s, %s, %s, %s, '{}')",
            rows,
        )
        connection.execute(
            "INSERT INTO statement_reference (tenant, referrer, target, stored, position, authority, keys)"
            " SELECT tenant, id, gen_random_uuid(), stored, position, authority, keys || %s::bigint FROM statement",
            [TAKEN_OVER],
        )
        connection.execute("ANALYZE statement, statement_reference")
        parts = connection.execute(
            "SELECT c.relname, min(s.stored), max(s.stored) FROM statement s JOIN pg_class c ON c.oid = s.tableoid"
            " GROUP BY c.relname"
        )
        return {name: (first, last) for name, first, last in parts}


def relations(plan: dict[str, Any]) -> set[str]:
    """The tables that a plan reads."""
    below = [relations(one) for one in plan.get("Plans", [])]
    return set().union({plan["Relation Name"]} if "Relation Name" in plan else set(), *below)


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize(("with_keys", "with_references"), [(False, False), (True, False), (True, True)])
async def test_only_what_lies_in_the_window_is_read(
    database_url: str, ascending: bool, with_keys: bool, with_references: bool
) -> None:
    async with CourseLog.open(database_url) as log, read_pool(database_url) as pool:
        key = key_of((VERB, VERB_IRI), await log.log.salt(TENANT))
        parts = store_one_a_day(database_url, log.authority.number, key)
        assert len(parts) > 35
        async with pool.connection() as connection:
            for days_ago in (0, 200, 1000):
                high = datetime.now(UTC) - timedelta(days=days_ago)
                low = high - FIRST_WINDOW
                near_end = low if ascending else high
                values = {
                    "tenant": TENANT,
                    "low": low,
                    "high": high,
                    "limit": 101,
                    "keys": [TAKEN_OVER if with_references else key],
                    "after_stored": near_end,
                    "after_position": 0 if ascending else 2**40,
                }
                query = page_query(
                    ascending=ascending, with_keys=with_keys, with_cursor=True, with_references=with_references
                )
                cursor = await connection.execute("EXPLAIN (FORMAT JSON) " + query, values)
                ((plan,),) = await cursor.fetchall()
                inside = {name for name, (first, last) in parts.items() if first <= high and last > low}
                read = relations(plan[0]["Plan"]) & set(parts)
                assert inside <= read
                assert len(read) <= len(inside) + 1  # one whose bounds reach into the window, but no statement
                found = await (await connection.execute(query, values)).fetchall()
                assert len(found) == FIRST_WINDOW.days
