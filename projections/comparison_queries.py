"""Read models that were built beside against the live ones: row by row, byte for byte, in one snapshot.

The rule of this file: nothing is held up by it. Texts behind names that no row uses any more are no difference.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

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


async def compare(connection: AsyncConnection, schema: str) -> list[Compared]:
    """Every table, in the snapshot of the connection's transaction."""
    keys = await keys_of_tables(connection)
    return [await _compare_table(connection, schema, table, keys[table]) for table in TABLES]


async def _compare_table(connection: AsyncConnection, schema: str, table: str, key: Sequence[str]) -> Compared:
    parts = _parts(schema, table, key)
    row = await (await connection.execute(_COUNT.format(**parts))).fetchone()
    assert row is not None
    rows, rows_beside, differing, only_live, only_beside = row
    compared = Compared(table, rows, rows_beside, differing, only_live, only_beside, [])
    if not compared.differences:
        return compared
    found = await (await connection.execute(_DIFFERING.format(**parts))).fetchall()
    return compared._replace(keys=[text for (text,) in found])


_COUNT = sql.SQL(
    "SELECT count(a.tenant), count(b.tenant), count(*) FILTER (WHERE a *<> b),"
    " count(*) FILTER (WHERE b.tenant IS NULL), count(*) FILTER (WHERE a.tenant IS NULL)"
    " FROM {live} a FULL JOIN {beside} b USING ({key})"
)
_DIFFERING = sql.SQL(
    "SELECT concat_ws(' ', {key}) FROM {live} a FULL JOIN {beside} b USING ({key})"
    " WHERE a *<> b OR a.tenant IS NULL OR (b.tenant IS NULL AND {rows_only_live})"
    " ORDER BY {key} LIMIT {shown}"
)


def _parts(schema: str, table: str, key: Sequence[str]) -> Mapping[str, Any]:
    return {
        "live": sql.Identifier(LIVE, table),
        "beside": sql.Identifier(schema, table),
        "key": sql.SQL(", ").join(map(sql.Identifier, key)),
        "rows_only_live": sql.Literal(table not in DICTIONARIES),
        "shown": sql.Literal(SHOWN),
    }
