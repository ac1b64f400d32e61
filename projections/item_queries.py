"""What was answered on a course's items, and what came of these, a page at a time.

docs/read-models.md, sections 12 and 15.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
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
    select,
    table,
    true,
)

from projections.course_view import last_part
from projections.keyset_queries import Order, Pages, Place, Wanted
from projections.looked_up_queries import node_of, person_of

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("item_queries.sql"), "psycopg", mandatory_parameters=False)
_RESPONSE = table(
    "item_response",
    column("tenant", Integer),
    column("course", Uuid),
    column("node", Uuid),
    column("person", Uuid),
    column("id", Uuid),
    column("at", DateTime(timezone=True)),
    column("attempt", String),
    column("response", String),
    column("success", Boolean),
    column("score", Double),
    column("duration", BigInteger),
    column("first_try", Boolean),
    column("final", Boolean),
).alias("r")


class ResponseLine(Struct, frozen=True):
    """What one learner answered on one item, once. duration: milliseconds. id: of the statement."""

    person: UUID
    ifi: str
    node: UUID
    iri: str
    id: UUID
    at: datetime
    attempt: str
    response: str | None
    success: bool | None
    score: float | None
    duration: int | None
    first_try: bool
    final: bool


class ItemLine(Struct, frozen=True):
    """What came of the first tries on one item. options: the most frequent parts of the responses, and how often."""

    node: UUID
    iri: str
    title: str
    parent: UUID | None
    learners: int
    scored: int
    facility: float | None
    discrimination: float | None
    options: list[tuple[str, int]]
    median_duration: int | None


_R = _RESPONSE.c
_OF_PERSON, _OF_NODE = person_of(_RESPONSE), node_of(_RESPONSE)
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "person": _R.person == bindparam("person", type_=Uuid),
    "node": _R.node == bindparam("node", type_=Uuid),
    "first_try": _R.first_try == bindparam("first_try", type_=Boolean),
    "final": _R.final == bindparam("final", type_=Boolean),
}


def _responses(filters: frozenset[str]) -> Select[Any]:
    told = (_R[name] for name in ResponseLine.__struct_fields__[4:])
    here = (_R.tenant == bindparam("tenant", type_=Integer), _R.course == bindparam("course", type_=Uuid))
    return (
        select(_R.person, _OF_PERSON.c.ifi, _R.node, _OF_NODE.c.iri, *told)
        .select_from(_RESPONSE.outerjoin(_OF_PERSON, true()).outerjoin(_OF_NODE, true()))
        .where(*here, *(_CONDITIONS[name] for name in sorted(filters)))
    )


RESPONSES = Pages(_responses, {"node": Order((_R.node, _R.person, _R.at, _R.id))})


async def read_responses(
    connection: AsyncConnection, tenant: int, course: UUID, filters: Mapping[str, Any], wanted: Wanted
) -> tuple[list[ResponseLine], Place | None]:
    """A page of responses, and where the next begins. filters: person, node, first_try, final."""
    page = await RESPONSES.read(connection, {"tenant": tenant, "course": course}, filters, wanted)
    return [ResponseLine(*row) for row in page.rows], page.next


async def read_items(
    connection: AsyncConnection, tenant: int, course: UUID, filters: Mapping[str, Any], wanted: Wanted
) -> tuple[list[ItemLine], Place | None]:
    """A page of items by their ids, and where the next begins. filters: node, parent; since, until: the window."""
    nothing = dict.fromkeys(("node", "parent", "since", "until"))
    after = None if wanted.after is None else wanted.after[0]
    asked = {"tenant": tenant, "course": course, "after": after, "limit": wanted.limit + 1, **nothing, **filters}
    rows = await (await connection.execute(QUERIES.item_stats.sql, asked)).fetchall()
    found = [ItemLine(node, iri, title or last_part(iri), *rest) for node, iri, title, *rest in rows[: wanted.limit]]
    return found, [found[-1].node] if len(rows) > wanted.limit else None
