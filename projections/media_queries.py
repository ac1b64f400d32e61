"""What learners have played, a page at a time. docs/read-models.md, section 11."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from sqlalchemy import ColumnElement, Double, Integer, Select, String, Uuid, bindparam, column, select, table, true

from projections.keyset_queries import Order, Pages, Place, Wanted
from projections.looked_up_queries import node_of, person_of

_MEDIA = table(
    "media_coverage",
    column("tenant", Integer),
    column("course", Uuid),
    column("person", Uuid),
    column("node", Uuid),
    column("length", Double),
    column("fraction", Double),
    column("source", String),
    column("segments", String),
    column("plays", String),
    column("statements", Integer),
).alias("m")


class MediaLine(msgspec.Struct, frozen=True):
    """What one learner has played of one video or audio: seconds. plays: from, to, how often."""

    person: UUID
    ifi: str
    node: UUID
    iri: str
    length: float | None
    fraction: float
    source: str
    segments: list[tuple[float, float]]
    plays: list[tuple[float, float, int]]
    statements: int


_M = _MEDIA.c
_OF_PERSON, _OF_NODE = person_of(_MEDIA), node_of(_MEDIA)
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "person": _M.person == bindparam("person", type_=Uuid),
    "node": _M.node == bindparam("node", type_=Uuid),
}


def _media(filters: frozenset[str]) -> Select[Any]:
    told = (_M[name] for name in MediaLine.__struct_fields__[4:])
    here = (_M.tenant == bindparam("tenant", type_=Integer), _M.course == bindparam("course", type_=Uuid))
    return (
        select(_M.person, _OF_PERSON.c.ifi, _M.node, _OF_NODE.c.iri, *told)
        .select_from(_MEDIA.outerjoin(_OF_PERSON, true()).outerjoin(_OF_NODE, true()))
        .where(*here, *(_CONDITIONS[name] for name in sorted(filters)))
    )


MEDIA = Pages(_media, {"person": Order((_M.person, _M.node))})


async def read_media(
    connection: AsyncConnection, tenant: int, course: UUID, filters: Mapping[str, Any], wanted: Wanted
) -> tuple[list[MediaLine], Place | None]:
    """A page of rows, and where the next begins. filters: person, node."""
    page = await MEDIA.read(connection, {"tenant": tenant, "course": course}, filters, wanted)
    return [_line(*row) for row in page.rows], page.next


def _line(*row: Any) -> MediaLine:
    *told, segments, plays, statements = row
    values = [*told, msgspec.json.decode(segments), msgspec.json.decode(plays), statements]
    return MediaLine(*values)
