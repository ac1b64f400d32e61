"""Every row of one course, in the live tables or in a schema beside them, to the last byte."""

from uuid import UUID

import psycopg
from psycopg import sql

from projections import side_schema

Rows = dict[str, list[str]]
_OF_COURSE = "SELECT t::text FROM {table} t WHERE tenant = %(tenant)s AND course = %(course)s ORDER BY 1"
_OTHERWISE = {
    "person": "SELECT t::text FROM {table} t WHERE tenant = %(tenant)s AND person IN"
    " (SELECT person FROM {schema}.enrollment WHERE course = %(course)s) ORDER BY 1",
    "clock": "SELECT t::text FROM {table} t WHERE tenant = %(tenant)s",
}
_NAMED = (  # every text that the rows name is there
    "SELECT n.id::text FROM (SELECT course AS id FROM {schema}.fact WHERE course = %(course)s"
    " UNION SELECT verb FROM {schema}.fact WHERE course = %(course)s) n"
    " WHERE NOT EXISTS (SELECT FROM {schema}.iri i WHERE i.id = n.id)"
)


def rows_of_course(url: str, tenant: int, course: UUID, schema: str = side_schema.LIVE) -> Rows:
    """By table; those that have no rows of one course are left out."""
    values = {"tenant": tenant, "course": course}
    found: Rows = {}
    with psycopg.connect(url) as connection:
        within = "SELECT table_name FROM information_schema.columns WHERE table_schema = %s AND column_name = 'course'"
        of_course = {name for (name,) in connection.execute(within, [schema])}
        for name in side_schema.TABLES:
            query = _OTHERWISE.get(name, _OF_COURSE if name in of_course else None)
            if query is not None:
                shape = {"table": sql.Identifier(schema, name), "schema": sql.Identifier(schema)}
                found[name] = [row for (row,) in connection.execute(sql.SQL(query).format(**shape), values)]
        unnamed = connection.execute(sql.SQL(_NAMED).format(schema=sql.Identifier(schema)), values).fetchall()
        assert unnamed == []
    return found
