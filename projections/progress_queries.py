"""How far learners are with nodes, and what they have completed, a page at a time. docs/read-models.md, section 6."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg import AsyncConnection
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Double,
    Integer,
    Select,
    String,
    Uuid,
    bindparam,
    column,
    literal_column,
    select,
    table,
    true,
)

from projections.course_view import last_part, short_identifier
from projections.keyset_queries import Order, Pages, Place, Wanted

_INSTANT = DateTime(timezone=True)
_PROGRESS = table(
    "node_progress",
    column("tenant", Integer),
    column("course", Uuid),
    column("person", Uuid),
    column("node", Uuid),
    column("state", String),
    column("fraction", Double),
    column("first_at", _INSTANT),
    column("last_at", _INSTANT),
    column("last_activity_at", _INSTANT),
    column("last_activity_id", Uuid),
    column("statements", Integer),
    column("revoked_at", _INSTANT),
    column("completed_at", _INSTANT),
    column("satisfied_by", Uuid),
    column("late", Boolean),
    column("expires_at", _INSTANT),
    column("visits", Integer),
    column("duration", BigInteger),
).alias("n")
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


class Progress(Struct, frozen=True):
    """How far one learner is with one node. duration: milliseconds."""

    person: UUID
    ifi: str
    node: UUID
    iri: str
    state: str
    fraction: float
    first_at: datetime
    last_at: datetime
    last_activity_at: datetime | None
    last_activity_id: UUID | None
    statements: int
    revoked_at: datetime | None
    completed_at: datetime | None
    satisfied_by: UUID | None
    late: bool
    expires_at: datetime | None
    visits: int
    duration: int


class Completion(Struct, frozen=True):
    """A node, or the course, that a learner has completed."""

    person: UUID
    name: str
    ifi: str
    node: UUID
    iri: str
    title: str
    kind: str
    completed_at: datetime
    satisfied_by: UUID | None


_N = _PROGRESS.c
_ONE: ColumnElement[int] = literal_column("1", Integer)
# Looked up row by row: joined otherwise, they might be read from their beginning up to where a page begins.
_OF_PERSON = (
    select(_PERSON.c.ifi, _PERSON.c.name)
    .where(_PERSON.c.tenant == _N.tenant, _PERSON.c.person == _N.person)
    .limit(_ONE)
    .lateral("p")
)
_OF_NODE = (
    select(_NODE.c.iri, _NODE.c.title, _NODE.c.kind)
    .where(_NODE.c.tenant == _N.tenant, _NODE.c.course == _N.course, _NODE.c.node == _N.node)
    .limit(_ONE)
    .lateral("o")
)
_JOINED = _PROGRESS.outerjoin(_OF_PERSON, true()).outerjoin(_OF_NODE, true())
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "person": _N.person == bindparam("person", type_=Uuid),
    "node": _N.node == bindparam("node", type_=Uuid),
    "state": _N.state == bindparam("state", type_=String),
    "since": _N.completed_at >= bindparam("since", type_=_INSTANT),
    "until": _N.completed_at < bindparam("until", type_=_INSTANT),
}


def _selected(rows: Select[Any], filters: frozenset[str]) -> Select[Any]:
    here = (_N.tenant == bindparam("tenant", type_=Integer), _N.course == bindparam("course", type_=Uuid))
    return rows.select_from(_JOINED).where(*here, *(_CONDITIONS[name] for name in sorted(filters)))


def _progress(filters: frozenset[str]) -> Select[Any]:
    told = (_N[name] for name in Progress.__struct_fields__[4:])
    return _selected(select(_N.person, _OF_PERSON.c.ifi, _N.node, _OF_NODE.c.iri, *told), filters)


def _completions(filters: frozenset[str]) -> Select[Any]:
    p, o = _OF_PERSON.c, _OF_NODE.c
    rows = select(_N.person, p.name, p.ifi, _N.node, o.iri, o.title, o.kind, _N.completed_at, _N.satisfied_by)
    return _selected(rows, filters).where(_N.completed_at.is_not(None))


PROGRESS = Pages(_progress, {"person": Order((_N.person, _N.node))})
COMPLETIONS = Pages(_completions, {"completed_at": Order((_N.completed_at, _N.person, _N.node))})


async def read_progress(
    connection: AsyncConnection, tenant: int, course: UUID, filters: Mapping[str, Any], wanted: Wanted
) -> tuple[list[Progress], Place | None]:
    """A page of rows, and where the next begins. filters: person, node, state."""
    page = await PROGRESS.read(connection, {"tenant": tenant, "course": course}, filters, wanted)
    return [Progress(*row) for row in page.rows], page.next


async def read_completions(
    connection: AsyncConnection, tenant: int, course: UUID, filters: Mapping[str, Any], wanted: Wanted
) -> tuple[list[Completion], Place | None]:
    """A page of completions, and where the next begins. filters: person, node, since, until."""
    page = await COMPLETIONS.read(connection, {"tenant": tenant, "course": course}, filters, wanted)
    found = [
        Completion(person, name or short_identifier(ifi), ifi, node, iri, title or last_part(iri), *rest)
        for person, name, ifi, node, iri, title, *rest in page.rows
    ]
    return found, page.next
