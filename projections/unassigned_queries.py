"""What no course was found for, by activity and by statement, a page at a time. docs/read-models.md, section 16."""

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
from msgspec import Struct
from psycopg import AsyncConnection
from sqlalchemy import DateTime, Integer, Select, String, Uuid, bindparam, column, select, table, true

from projections.keyset_queries import Order, Pages, Place, Wanted
from projections.looked_up_queries import iri_of, person_of

QUERIES: Any = aiosql.from_path(
    Path(__file__).with_name("unassigned_queries.sql"), "psycopg", mandatory_parameters=False
)
MOST_COUNTED = 1000
_STATEMENT = table(
    "unassigned",
    column("tenant", Integer),
    column("id", Uuid),
    column("at", DateTime(timezone=True)),
    column("person", Uuid),
    column("activity", Uuid),
    column("verb", Uuid),
    column("event", String),
    column("registration", Uuid),
    column("reason", String),
).alias("u")


class UnassignedActivity(Struct, frozen=True):
    """An activity whose statements no course was found for: how many (up to 1000), and the last of them."""

    activity: UUID
    iri: str
    statements: int
    first_at: datetime
    last_at: datetime
    example: UUID
    reason: str


class UnassignedStatement(Struct, frozen=True):
    """A statement that no course was found for."""

    id: UUID
    at: datetime
    person: UUID | None
    ifi: str | None
    verb: str
    event: str
    registration: UUID | None
    reason: str


_U = _STATEMENT.c
_OF_PERSON, _OF_VERB = person_of(_STATEMENT), iri_of(_STATEMENT, _STATEMENT.c.verb)


def _statements(_: frozenset[str]) -> Select[Any]:
    here = (_U.tenant == bindparam("tenant", type_=Integer), _U.activity == bindparam("activity", type_=Uuid))
    return (
        select(_U.id, _U.at, _U.person, _OF_PERSON.c.ifi, _OF_VERB.c.iri, _U.event, _U.registration, _U.reason)
        .select_from(_STATEMENT.outerjoin(_OF_PERSON, true()).outerjoin(_OF_VERB, true()))
        .where(*here)
    )


STATEMENTS = Pages(_statements, {"time": Order((_U.at, _U.id))})


async def read_unassigned(
    connection: AsyncConnection, tenant: int, wanted: Wanted
) -> tuple[list[UnassignedActivity], Place | None]:
    """A page of activities by their ids, and where the next begins."""
    after = None if wanted.after is None else wanted.after[0]
    asked = {"tenant": tenant, "after": after, "limit": wanted.limit + 1, "most": MOST_COUNTED}
    rows = await (await connection.execute(QUERIES.activities.sql, asked)).fetchall()
    found = [UnassignedActivity(*row) for row in rows[: wanted.limit]]
    return found, [found[-1].activity] if len(rows) > wanted.limit else None


async def read_unassigned_statements(
    connection: AsyncConnection, tenant: int, activity: UUID, wanted: Wanted
) -> tuple[list[UnassignedStatement], Place | None]:
    """A page of the statements of one activity by time, and where the next begins."""
    page = await STATEMENTS.read(connection, {"tenant": tenant, "activity": activity}, {}, wanted)
    return [UnassignedStatement(*row) for row in page.rows], page.next
