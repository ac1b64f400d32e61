"""The rows of one course that were built beside take the place of the live ones, in the transaction of whoever asks.

The rule of this file: only rows that are other than the live ones are written, and only what is of the course.
"""

from psycopg import AsyncConnection, sql

from projections.comparison_queries import DIFFER, OneCourse, keys_of_tables, of_course, tables_of_course
from projections.side_schema import LIVE

_TEXTS = sql.SQL("INSERT INTO {live} SELECT * FROM {beside} ON CONFLICT DO NOTHING")
_DROP = sql.SQL(
    "DELETE FROM {live} a WHERE {of_course}"
    " AND NOT EXISTS (SELECT FROM {beside} b WHERE ({keys_a}) = ({keys_b}) AND a *= b)"
)
_ADD = sql.SQL("INSERT INTO {live} SELECT * FROM {beside} WHERE {of_course} ON CONFLICT DO NOTHING")
_MINE = sql.SQL(
    "CREATE TEMP TABLE facts_of_course ON COMMIT DROP AS"
    " SELECT position FROM {live} WHERE tenant = {tenant} AND course = {course}"
    " UNION SELECT position FROM {beside} WHERE tenant = {tenant} AND course = {course}"
)
_DROP_FACTS = sql.SQL(
    "DELETE FROM {live} a WHERE tenant = {tenant} AND position IN (SELECT position FROM facts_of_course)"
    " AND NOT EXISTS (SELECT FROM {beside} b WHERE b.tenant = a.tenant AND b.position = a.position AND NOT ({differ}))"
)
_ADD_FACTS = sql.SQL(
    "INSERT INTO {live} SELECT * FROM {beside} WHERE tenant = {tenant}"
    " AND position IN (SELECT position FROM facts_of_course) ON CONFLICT DO NOTHING"
)


async def exchange_course(connection: AsyncConnection, schema: str, one: OneCourse) -> None:
    """Those of `schema` stand where the live ones stand, and nobody writes either."""
    keys = await keys_of_tables(connection)
    for table in ("iri", "claim"):
        await connection.execute(_TEXTS.format(live=sql.Identifier(LIVE, table), beside=sql.Identifier(schema, table)))
    for table in tables_of_course(keys):
        shape = {
            "live": sql.Identifier(LIVE, table),
            "beside": sql.Identifier(schema, table),
            "of_course": of_course(table, one, schema),
            "keys_a": sql.SQL(", ").join(sql.Identifier("a", column) for column in keys[table]),
            "keys_b": sql.SQL(", ").join(sql.Identifier("b", column) for column in keys[table]),
            "tenant": sql.Literal(one.tenant),
            "course": sql.Literal(one.course),
            "differ": DIFFER,
        }
        for statement in (_MINE, _DROP_FACTS, _ADD_FACTS) if table == "fact" else (_DROP, _ADD):
            await connection.execute(statement.format(**shape))
