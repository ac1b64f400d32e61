"""Read models that were built beside against the live ones: row by row, byte for byte, in one snapshot.

The rule of this file: nothing is held up by it. What gives nothing to any number is no difference: texts behind names
that no row uses any more.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection, sql

from projections.side_schema import LIVE, TABLES

SHOWN = 5
"""Keys of rows that differ, of one table, that are told."""
DICTIONARIES = ("iri", "claim")

_KEYS = (
    "SELECT c.relname, array_agg(a.attname::text ORDER BY k.n) FROM pg_class c"
    " JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
    " CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)"
    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum"
    " WHERE c.relnamespace = %s::regnamespace AND c.relname = ANY (%s) GROUP BY c.relname"
)


class OneCourse(NamedTuple):
    """Of a tenant."""

    tenant: int
    course: UUID


class Compared(NamedTuple):
    """One table: its rows in both places, how many differ or are in one of them only, and the keys of some of these."""

    table: str
    rows: int
    rows_beside: int
    differing: int
    only_live: int
    only_beside: int
    keys: list[str]

    @property
    def differences(self) -> int:
        """How many rows are other than they should be."""
        return self.differing + self.only_beside + (0 if self.table in DICTIONARIES else self.only_live)


async def keys_of_tables(connection: AsyncConnection) -> dict[str, list[str]]:
    """The columns of the key of each read-model table."""
    return dict(await (await connection.execute(_KEYS, [LIVE, list(TABLES)])).fetchall())


async def compare(connection: AsyncConnection, schema: str, one: OneCourse | None = None) -> list[Compared]:
    """Every table, in the snapshot of the connection's transaction; or what of it is of one course."""
    keys = await keys_of_tables(connection)
    tables = TABLES if one is None else tables_of_course(keys)
    return [await _compare_table(connection, schema, table, keys[table], one) for table in tables]


def tables_of_course(keys: dict[str, list[str]]) -> list[str]:
    """Those that have rows of one course."""
    return [table for table in TABLES if "course" in keys[table] or table in ("fact", "person")]


def of_course(table: str, one: OneCourse, beside: str) -> sql.Composed:
    """The condition for a row of a table to be of a course; a person is where the course beside has a learner."""
    shape = {
        "tenant": sql.Literal(one.tenant),
        "course": sql.Literal(one.course),
        "learners": sql.Identifier(beside, "enrollment"),
    }
    if table == "person":
        return sql.SQL(
            "tenant = {tenant} AND person IN (SELECT person FROM {learners}"
            " WHERE tenant = {tenant} AND course = {course})"
        ).format(**shape)
    live = sql.SQL(" AND voided_position IS NULL" if table == "fact" else "")
    return sql.SQL("tenant = {tenant} AND course = {course}").format(**shape) + live


async def _compare_table(
    connection: AsyncConnection, schema: str, table: str, key: Sequence[str], one: OneCourse | None
) -> Compared:
    parts = _parts(schema, table, key, one)
    row = await (await connection.execute(_COUNT.format(**parts))).fetchone()
    assert row is not None
    rows, rows_beside, differing, only_live, only_beside = row
    compared = Compared(table, rows, rows_beside, differing, only_live, only_beside, [])
    if not compared.differences:
        return compared
    found = await (await connection.execute(_DIFFERING.format(**parts))).fetchall()
    return compared._replace(keys=[text for (text,) in found])


_COUNT = sql.SQL(
    "SELECT count(a.tenant), count(b.tenant), count(*) FILTER (WHERE {differ}),"
    " count(*) FILTER (WHERE b.tenant IS NULL), count(*) FILTER (WHERE a.tenant IS NULL)"
    " FROM {live} a FULL JOIN {beside} b USING ({key})"
)
_DIFFERING = sql.SQL(
    "SELECT concat_ws(' ', {key}) FROM {live} a FULL JOIN {beside} b USING ({key})"
    " WHERE {differ} OR a.tenant IS NULL OR (b.tenant IS NULL AND {rows_only_live})"
    " ORDER BY {key} LIMIT {shown}"
)
DIFFER = sql.SQL("a *<> b")


def _parts(schema: str, table: str, key: Sequence[str], one: OneCourse | None) -> dict[str, Any]:
    places = {"live": LIVE, "beside": schema}
    rows: dict[str, Any] = {place: sql.Identifier(name, table) for place, name in places.items()}
    if one is not None:
        rows = {
            place: sql.SQL("(SELECT * FROM {} WHERE {})").format(rows[place], of_course(table, one, schema))
            for place in places
        }
    return rows | {
        "differ": DIFFER,
        "key": sql.SQL(", ").join(map(sql.Identifier, key)),
        "rows_only_live": sql.Literal(table not in DICTIONARIES),
        "shown": sql.Literal(SHOWN),
    }
