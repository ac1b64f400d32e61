"""What belongs to a row by its key: its person's and its node's names.

The rule of this file: they are looked up row by row. Joined otherwise, they might be read from their beginning up to
where a page begins.
"""

from typing import Any

from sqlalchemy import ColumnElement, Integer, String, Uuid, column, literal_column, select, table

_PERSON = table(
    "person", column("tenant", Integer), column("person", Uuid), column("ifi", String), column("name", String)
)
_NODE = table(
    "outline_node",
    column("tenant", Integer),
    column("course", Uuid),
    column("node", Uuid),
    column("iri", String),
    column("title", String),
    column("kind", String),
)
_IRI = table("iri", column("tenant", Integer), column("id", Uuid), column("iri", String))
_ONE: ColumnElement[int] = literal_column("1", Integer)


def person_of(row: Any) -> Any:
    """ifi and name of `person` of a row."""
    p = _PERSON.c
    found = select(p.ifi, p.name).where(p.tenant == row.c.tenant, p.person == row.c.person)
    return found.limit(_ONE).lateral("p")


def node_of(row: Any) -> Any:
    """iri, title and kind of `node` of a row in its course."""
    o = _NODE.c
    here = (o.tenant == row.c.tenant, o.course == row.c.course, o.node == row.c.node)
    return select(o.iri, o.title, o.kind).where(*here).limit(_ONE).lateral("o")


def iri_of(row: Any, name: ColumnElement[Any]) -> Any:
    """The IRI behind a name in a row."""
    found = select(_IRI.c.iri).where(_IRI.c.tenant == row.c.tenant, _IRI.c.id == name)
    return found.limit(_ONE).lateral("i")
