"""Indexes of a schema beside that only readers ask: left out while it is filled, and made before anybody reads it.

The rule of this file: what is missing is found by looking at the live tables, never remembered, so whoever was killed
while making them makes the rest. No transaction writes for long: each is made CONCURRENTLY, which waits for whoever
sees an older state of the database instead of holding up the log.
"""

from typing import Final

from psycopg import AsyncConnection, sql

from projections.side_schema import QUERIES, TABLES

FOR_READERS: Final = (
    *("fact_at", "fact_in_course", "fact_unassigned"),
    *("node_progress_of_state", "node_progress_completed", "node_progress_completed_of_node"),
    *("enrollment_by_progress", "enrollment_by_grade", "enrollment_by_last_activity", "enrollment_by_enrolled"),
    *("person_sort_name", "media_coverage_of_node", "activity_daily_of_day"),
)
"""Of those that an update of a row would have to be entered in: no query of the projector asks them."""


async def make_missing(connection: AsyncConnection, schema: str) -> None:
    """Every index that a live table has. The connection is in autocommit mode."""
    values = {"schema": schema, "tables": list(TABLES)}
    for name, is_broken, definition in await (await connection.execute(QUERIES.missing_indexes.sql, values)).fetchall():
        if is_broken:  # whoever was making it was killed
            await connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(schema, name)))
        await connection.execute(definition.encode())
