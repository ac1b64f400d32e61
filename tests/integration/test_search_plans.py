"""A page costs what it shows, not what the log holds: every kind of query is read by an index, in few parts of the log.

Each filter where it is selective, where it is not, and where nothing matches; the first page and one deep in the log;
from either end. What is asserted is what PostgreSQL says it did.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from lrs.database import read_pool
from lrs.statement_log.search import FIRST_STATEMENTS, FIRST_WINDOW, Cursor, Search
from lrs.statement_log.sql import QUERIES
from schemas.statement_query import StatementQuery
from tests.acceptance.course_log import TENANT, CourseLog
from tests.integration.planned_log import (
    COURSE,
    DAYS,
    DID,
    LEFT,
    REGISTRATION,
    ROWS,
    SAW,
    SEEN,
    Asked,
    Part,
    fill,
    learner,
    make_months,
    plan,
    relations,
    touched,
)

pytestmark = pytest.mark.anyio

PAGE = 20
MOST_WINDOWS = 3
MOST_READ = 8 * (PAGE + 1)
"""Rows of the log, for one window: it holds little more than what is wanted."""
MEETING = {"two of half the log that always meet"}
"""Here PostgreSQL is not to guess, so the first window is read whole."""
ANN, NOBODY = learner(8), {"mbox": "mailto:nobody@example.com"}

QUERIES_OF_ALL_KINDS: dict[str, dict[str, Any]] = {
    "everything": {},
    "a verb of half the log": {"verb": DID},
    "a verb of nobody": {"verb": LEFT},
    "an agent": {"agent": ANN},
    "nobody": {"agent": NOBODY},
    "an agent, related": {"agent": ANN, "related_agents": True},
    "nobody, related": {"agent": NOBODY, "related_agents": True},
    "an activity of half the log": {"activity": SEEN},
    "an activity of few": {"activity": "http://example.com/task/7"},
    "no activity": {"activity": "http://example.com/none"},
    "an activity that all is related to": {"activity": COURSE, "related_activities": True},
    "an activity of few, related": {"activity": "http://example.com/task/7", "related_activities": True},
    "a registration": {"registration": REGISTRATION},
    "no registration": {"registration": UUID(int=1)},
    "an agent and his verb": {"agent": ANN, "verb": SAW},
    "an agent and another verb": {"agent": ANN, "verb": DID},
    "two of half the log that never meet": {"verb": DID, "activity": SEEN},
    "two of half the log that always meet": {"verb": SAW, "activity": SEEN},
    "all at once": {"agent": ANN, "verb": SAW, "activity": COURSE, "related_activities": True},
}


async def test_every_kind_of_query_is_read_by_an_index(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with CourseLog.open(database_url) as log, read_pool(database_url) as pool:
        parts = await fill(log)
        assert len(parts) > 2
        search, salt = Search(pool), await log.log.salt(TENANT)
        half = datetime.now(UTC) - timedelta(days=DAYS / 2)
        for name, filters in QUERIES_OF_ALL_KINDS.items():
            for ascending in (False, True):
                for cursor in (None, Cursor(half, ROWS // 2)):
                    query = StatementQuery(**filters, ascending=ascending)
                    with Asked(monkeypatch) as asked:
                        await search.page(TENANT, salt, query, cursor, PAGE)
                    told = f"{name}, {'ascending' if ascending else 'descending'}, {'deep' if cursor else 'first'}"
                    assert 0 < len(asked.windows) <= MOST_WINDOWS, told
                    async with pool.connection() as connection:
                        for sql, values in asked.windows:
                            nodes = await plan(connection, sql, values)
                            most = FIRST_STATEMENTS if name in MEETING else MOST_READ
                            _is_read_by_an_index(nodes, parts, values, most, told)
        await _is_read_at_its_place(pool, parts)


def _is_read_by_an_index(
    nodes: list[dict[str, Any]], parts: Sequence[Part], values: dict[str, Any], most: int, told: str
) -> None:
    tables = {part.name for part in parts}
    inside = {part.name for part in parts if part.first <= values["high"] and part.last > values["low"]}
    assert len(relations(nodes) & tables) <= len(inside) + 1, told  # one may reach into the window with nothing in it
    scanned = {node.get("Relation Name") for node in nodes if node["Node Type"] == "Seq Scan"}
    assert not scanned & {*tables, "statement_void", "statement_reference"} - _empty(nodes), told
    assert touched(nodes, tables) <= most, told
    assert touched(nodes, {"statement_void"}) <= most, told


def _empty(nodes: list[dict[str, Any]]) -> set[str]:
    """Tables that have no page yet are read as they are."""
    return {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan" and node["Total Cost"] == 0}


async def _is_read_at_its_place(pool: Any, parts: Sequence[Part]) -> None:
    """By id: the gate, then one row of one part."""
    tables = {part.name for part in parts}
    wanted = {"tenant": TENANT, "id": UUID("00000000-0000-4000-8000-000000000777")}
    async with pool.connection() as connection:
        nodes = await plan(connection, QUERIES.place_of.sql, wanted)
        assert not [node for node in nodes if node["Node Type"] == "Seq Scan"]
        assert not relations(nodes) & tables
        row = await (await connection.execute(QUERIES.place_of.sql, wanted)).fetchone()
        nodes = await plan(connection, QUERIES.statement_at.sql, {"stored": row[0], "position": row[1]})
        assert len(relations(nodes) & tables) == 1
        assert touched(nodes, tables) == 1


async def test_what_lies_outside_the_window_is_not_looked_at(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log of three years with a statement a day: months and chunks outside a week are no part of its plan."""
    days = 3 * 365
    async with CourseLog.open(database_url) as log, read_pool(database_url) as pool:
        end = datetime.now(UTC) - timedelta(hours=1)
        with psycopg.connect(database_url, autocommit=True) as connection:
            make_months(connection, end - timedelta(days=days), end)
            connection.execute(
                "INSERT INTO statement (tenant, position, stored, id, authority, keys, payload) SELECT %s, n,"
                " %s::timestamptz - (%s - n) * interval '1 day', gen_random_uuid(), %s, '{}', '{}'"
                " FROM generate_series(0, %s) AS n",
                [TENANT, end, days, log.authority.number, days],
            )
            connection.execute("ANALYZE statement")
            names = connection.execute(
                "SELECT DISTINCT c.relname FROM statement s JOIN pg_class c ON c.oid = s.tableoid"
            )
            parts = {name for (name,) in names}
        assert len(parts) > 35
        search, salt = Search(pool), await log.log.salt(TENANT)
        for days_ago in (0, 200, 1000):
            until = end - timedelta(days=days_ago)
            for ascending in (False, True):
                query = StatementQuery(until=until, since=until - 2 * FIRST_WINDOW, ascending=ascending)
                with Asked(monkeypatch) as asked:
                    page = await search.page(TENANT, salt, query, None, FIRST_WINDOW.days - 1)
                assert len(page.statements) == FIRST_WINDOW.days - 1
                assert len(asked.windows) == 1
                async with pool.connection() as reading:
                    nodes = await plan(reading, *asked.windows[0])
                assert 0 < len(relations(nodes) & parts) <= 3
