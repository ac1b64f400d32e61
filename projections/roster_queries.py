"""The learners of a course, a page at a time, in the order and of the kind that somebody asks for; and one's courses.

docs/read-models.md defines every number, docs/api.md the filters and the orders.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg import AsyncConnection
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    DateTime,
    Double,
    Integer,
    Numeric,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    table,
    true,
)

from projections.course_view import Risk, inactive_reason, short_identifier
from projections.course_view_queries import QUERIES
from projections.keyset_queries import Order, Pages, Place, Wanted
from schemas.errors import NotFound

_INSTANT = DateTime(timezone=True)
STANDING = table(
    "enrollment_standing",
    column("tenant", Integer),
    column("course", Uuid),
    column("person", Uuid),
    column("status", String),
    column("progress", Double),
    column("completed_nodes", Integer),
    column("progress_sum", Double),
    column("grade_so_far", Double),
    column("grade_if_nothing_more", Double),
    column("passed", Boolean),
    column("enrolled_at", _INSTANT),
    column("started_at", _INSTANT),
    column("last_activity_at", _INSTANT),
    column("completed_at", _INSTANT),
    column("satisfied_by", Uuid),
)
_PERSON = table(
    "person",
    column("tenant", Integer),
    column("person", Uuid),
    column("name", String),
    column("ifi", String),
    column("merged_from", ARRAY(String)),
).alias("p")
_RISK = table(
    "risk_state",
    column("tenant", Integer),
    column("course", Uuid),
    column("person", Uuid),
    column("level", String),
    column("rule", String),
    column("since", _INSTANT),
    column("threshold_days", Integer),
    column("evidence", Uuid),
)
_SIZE = table(
    "course_outline_size", column("tenant", Integer), column("course", Uuid), column("required_nodes", Integer)
)
TENANT, _COURSE, PERSON_ASKED = (
    bindparam("tenant", type_=Integer),
    bindparam("course", type_=Uuid),
    bindparam("person", type_=Uuid),
)
NOTHING: ColumnElement[int] = literal_column("0", Integer)


class CourseStanding(Struct, frozen=True):
    """How a learner stands in a course."""

    status: str
    progress: float
    completed_nodes: int
    required_nodes: int
    grade_so_far: float | None
    grade_if_nothing_more: float | None
    passed: bool | None
    enrolled_at: datetime
    started_at: datetime | None
    last_activity_at: datetime | None
    completed_at: datetime | None
    satisfied_by: UUID | None
    risk: Risk | None


class LearnerLine(CourseStanding, frozen=True):
    """One learner in one course. name: the identifier in short where no statement gives one. merged_from: the other
    identifiers of theirs.
    """

    person: UUID
    name: str
    ifi: str
    merged_from: list[str]


_S = STANDING.alias("s")
_SORT_NAME: ColumnElement[str] = func.sort_name(_PERSON.c.name, _PERSON.c.ifi, type_=String).collate("C")
ORDERS = {
    "name": Order((_SORT_NAME, _PERSON.c.person)),
    # Of one course: whoever has completed it has all of the progress, the others the share that their sum is.
    "progress": Order((_S.c.completed_at.is_not(None), _S.c.progress_sum, _S.c.person)),
    "grade": Order((_S.c.grade_so_far, _S.c.person), nullable=True),
    "last_activity": Order((_S.c.last_activity_at, _S.c.person), nullable=True),
    "enrolled": Order((_S.c.enrolled_at, _S.c.person)),
}


def standing_of(s: Any, course: ColumnElement[UUID], risk: Any) -> tuple[ColumnElement[Any], ...]:
    """What `told` tells: of the columns of enrollment_standing, and of a risk."""
    size = select(_SIZE.c.required_nodes).where(_SIZE.c.tenant == TENANT, _SIZE.c.course == course)
    return (
        s.c.status,
        s.c.progress,
        s.c.completed_nodes,
        func.coalesce(size.scalar_subquery(), NOTHING),
        s.c.grade_so_far,
        s.c.grade_if_nothing_more,
        s.c.passed,
        s.c.enrolled_at,
        s.c.started_at,
        s.c.last_activity_at,
        s.c.completed_at,
        s.c.satisfied_by,
        risk.c.level,
        risk.c.rule,
        risk.c.since,
        risk.c.threshold_days,
        risk.c.evidence,
    )


def gravest_risk(course: ColumnElement[UUID], person: ColumnElement[UUID]) -> Any:
    """Of several risks the gravest."""
    r = _RISK.c
    found = select(_RISK).where(r.tenant == TENANT, r.course == course, r.person == person)
    grave = (r.level == literal_column("'high'")).desc()
    return found.order_by(grave, r.since, r.rule).limit(literal_column("1", Integer)).lateral("r")


def _roster(filters: frozenset[str]) -> Select[Any]:
    s, p = _S.c, _PERSON.c
    risk = gravest_risk(s.course, s.person)
    text = func.lower(bindparam("q", type_=String))
    others = func.array_to_string(p.merged_from, literal_column("' '"))
    share = func.round(s.progress.cast(Numeric), literal_column("6"))
    at_risk = _RISK.alias("x")
    is_at_risk = exists().where(at_risk.c.tenant == TENANT, at_risk.c.course == s.course, at_risk.c.person == s.person)
    conditions: dict[str, ColumnElement[bool]] = {
        "person": s.person == PERSON_ASKED,
        "status": s.status == bindparam("status", type_=String),
        "at_risk": is_at_risk == bindparam("at_risk", type_=Boolean),
        "passed": s.passed.is_not_distinct_from(bindparam("passed", type_=Boolean)),
        "q": or_(*(func.strpos(func.lower(one), text) > NOTHING for one in (p.name, p.ifi, others))),
        "min_progress": share >= bindparam("min_progress", type_=Numeric),
        "max_progress": share <= bindparam("max_progress", type_=Numeric),
    }
    joined = _S.join(_PERSON, and_(p.tenant == s.tenant, p.person == s.person)).outerjoin(risk, true())
    return (
        select(s.person, p.name, p.ifi, p.merged_from, *standing_of(_S, _COURSE, risk))
        .select_from(joined)
        .where(s.tenant == TENANT, s.course == _COURSE, p.tenant == TENANT)
        .where(*(conditions[name] for name in sorted(filters)))
    )


LEARNERS = Pages(_roster, ORDERS)


async def read_learners(
    connection: AsyncConnection, tenant: int, course: UUID, filters: Mapping[str, Any], wanted: Wanted
) -> tuple[list[LearnerLine], Place | None]:
    """A page of the roster, and where the next begins. The filters are those of `_roster`, the orders ORDERS."""
    page = await LEARNERS.read(connection, {"tenant": tenant, "course": course}, filters, wanted)
    now = await read_clock(connection, tenant)
    lines = [
        LearnerLine(
            **told(rest, now), person=person, name=name or short_identifier(ifi), ifi=ifi, merged_from=merged_from
        )
        for person, name, ifi, merged_from, *rest in page.rows
    ]
    return lines, page.next


async def read_learner(connection: AsyncConnection, tenant: int, course: UUID, person: UUID) -> LearnerLine:
    """One line of the roster; raises NotFound."""
    lines, _ = await read_learners(
        connection, tenant, course, {"person": person}, Wanted("enrolled", False, None, limit=1)
    )
    if not lines:
        raise NotFound(f"There is no learner {person} in the course {course}.")
    return lines[0]


async def read_clock(connection: AsyncConnection, tenant: int) -> datetime | None:
    """The clock of the log; None before its first event."""
    row = await (await connection.execute(QUERIES.clock.sql, {"tenant": tenant})).fetchone()
    return None if row is None else row[0]


def told(row: Sequence[Any], now: datetime | None) -> dict[str, Any]:
    """The fields of a CourseStanding: shares with 6 decimals, a risk with its reason."""
    status, progress, completed, required, so_far, at_least, passed, enrolled, started, last, done, by = row[:12]
    level, rule, since, threshold, evidence = row[12:]
    risk = None
    if level is not None and last is not None:
        risk = Risk(level, rule, since, inactive_reason(last, now or since, threshold), evidence)
    shares = round(progress, 6), completed, required, _share(so_far), _share(at_least)
    values = status, *shares, passed, enrolled, started, last, done, by, risk
    return dict(zip(CourseStanding.__struct_fields__, values, strict=True))


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
