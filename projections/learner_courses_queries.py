"""The courses of one learner, a page at a time, each with how the learner stands in it."""

from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg import AsyncConnection
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    Uuid,
    and_,
    column,
    func,
    literal_column,
    select,
    table,
    true,
)

from projections.course_view import last_part, short_identifier
from projections.keyset_queries import Order, Pages, Place, Wanted
from projections.roster_queries import (
    NOTHING,
    PERSON_ASKED,
    STANDING,
    TENANT,
    CourseStanding,
    gravest_risk,
    read_clock,
    standing_of,
    told,
)
from schemas.errors import NotFound

_ENROLLMENT = table("enrollment", column("tenant", Integer), column("course", Uuid), column("person", Uuid)).alias("e")
_NODE = table(
    "outline_node",
    column("tenant", Integer),
    column("course", Uuid),
    column("node", Uuid),
    column("iri", String),
    column("title", String),
).alias("n")


class CourseOfLearner(CourseStanding, frozen=True):
    """One course of one learner. title: the IRI's last part where no statement gives one."""

    course: UUID
    iri: str
    title: str


def _courses(filters: frozenset[str]) -> Select[Any]:
    """Of one learner: each course's standing by itself, so that only the outlines of these courses are counted."""
    e, n = _ENROLLMENT.c, _NODE.c
    own = select(STANDING).where(
        STANDING.c.tenant == TENANT, STANDING.c.course == e.course, STANDING.c.person == PERSON_ASKED
    )
    s = own.offset(NOTHING).lateral("s")
    risk = gravest_risk(e.course, e.person)
    on = and_(n.tenant == e.tenant, n.course == e.course, n.node == e.course)
    joined = _ENROLLMENT.join(_NODE, on).join(s, true()).outerjoin(risk, true())
    return (
        select(e.course, n.iri, n.title, *standing_of(s, e.course, risk))
        .select_from(joined)
        .where(e.tenant == TENANT, e.person == PERSON_ASKED)
    )


_TITLE: ColumnElement[str] = func.left(func.coalesce(_NODE.c.title, _NODE.c.iri), literal_column("200")).collate("C")
COURSES = Pages(_courses, {"title": Order((_TITLE, _NODE.c.course))})


async def read_courses_of(
    connection: AsyncConnection, tenant: int, person: UUID, wanted: Wanted
) -> tuple[list[CourseOfLearner], Place | None]:
    """A page of one learner's courses, and where the next begins."""
    page = await COURSES.read(connection, {"tenant": tenant, "person": person}, {}, wanted)
    now = await read_clock(connection, tenant)
    rows = [
        CourseOfLearner(**told(rest, now), course=key, iri=iri, title=title or last_part(iri))
        for key, iri, title, *rest in page.rows
    ]
    return rows, page.next


class LearnerIdentity(Struct, frozen=True):
    """A learner. merged_from: the other identifiers of theirs."""

    person: UUID
    name: str
    ifi: str
    merged_from: list[str]


async def read_person(connection: AsyncConnection, tenant: int, person: UUID) -> LearnerIdentity:
    """A learner; raises NotFound."""
    p = {"tenant": tenant, "person": person}
    row = await (await connection.execute(_ONE, p)).fetchone()
    if row is None:
        raise NotFound(f"There is no learner {person}.")
    name, ifi, merged_from = row
    return LearnerIdentity(person, name or short_identifier(ifi), ifi, merged_from)


_ONE = "SELECT name, ifi, merged_from FROM person WHERE tenant = %(tenant)s AND person = %(person)s"
