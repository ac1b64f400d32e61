"""The learners of a course, one of them with all that is known, and the courses of one. docs/api.md."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from msgspec.structs import asdict
from psycopg import AsyncConnection

from lrs.api.listing import Asked, Listing, Told, answer, one_of
from lrs.api.services import Serving
from lrs.api.signed_in import RecordReader
from projections.course_view_queries import read_course
from projections.grade_queries import AttemptLine, NodeGrade, read_attempts, read_node_grades
from projections.learner_courses_queries import COURSES as COURSE_PAGES
from projections.learner_courses_queries import CourseOfLearner, read_courses_of, read_person
from projections.progress_queries import PROGRESS, Progress, read_progress
from projections.roster_queries import (
    ORDERS,
    LearnerLine,
    read_learner,
    read_learners,
)
from schemas.parameters import Misread, boolean

router = APIRouter(prefix="/api")
LONGEST_SEARCH = 200


def share(text: str) -> float:
    """A number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise Misread("must be a number from 0 to 1")
    return value


def passed(text: str) -> bool | None:
    """Of what is not known, None."""
    return {"true": True, "false": False}.get(one_of("true", "false", "unknown")(text))


def part_of_a_name(text: str) -> str:
    """What is searched for."""
    if not 1 <= len(text) <= LONGEST_SEARCH:
        raise Misread(f"must have from 1 to {LONGEST_SEARCH} characters")
    return text


ROSTER_FILTERS = {
    "status": one_of("active", "completed", "suspended", "withdrawn"),
    "at_risk": boolean,
    "passed": passed,
    "q": part_of_a_name,
    "min_progress": share,
    "max_progress": share,
}
LEARNERS = Listing("learners", LearnerLine, tuple(ORDERS), ROSTER_FILTERS, is_sorted=True)
COURSES = Listing("courses", CourseOfLearner, tuple(COURSE_PAGES.orders))


class LearnerNode(Progress, frozen=True):
    """How far a learner is with a node, with the grade and the attempts there."""

    grade: NodeGrade | None
    attempts: list[AttemptLine]


NODES = Listing("nodes", LearnerNode, tuple(PROGRESS.orders))


@router.get("/courses/{course_id}/learners")
async def list_learners(request: Request, who: RecordReader, here: Serving, course_id: UUID) -> Response:
    """The roster."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        await read_course(connection, who.tenant, course_id)
        return Told(*await read_learners(connection, who.tenant, course_id, asked.filters, asked.page))

    return await answer(request, here, who, LEARNERS, read)


@router.get("/courses/{course_id}/learners/{person_id}")
async def get_learner(request: Request, who: RecordReader, here: Serving, course_id: UUID, person_id: UUID) -> Response:
    """One line of the roster, and the learner's nodes, each with its grade and attempts."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        await read_course(connection, who.tenant, course_id)
        learner = await read_learner(connection, who.tenant, course_id, person_id)
        only = {"person": person_id}
        rows, place = await read_progress(connection, who.tenant, course_id, only, asked.page)
        grades = await read_node_grades(connection, who.tenant, course_id, person_id)
        attempts = await read_attempts(connection, who.tenant, course_id, person_id, [row.node for row in rows])
        nodes = [
            LearnerNode(**asdict(row), grade=grades.get(row.node), attempts=attempts.get(row.node, [])) for row in rows
        ]
        return Told(nodes, place, {"learner": learner})

    return await answer(request, here, who, NODES, read)


@router.get("/learners/{person_id}/courses")
async def list_courses_of_learner(request: Request, who: RecordReader, here: Serving, person_id: UUID) -> Response:
    """The courses of one learner, by title."""

    async def read(connection: AsyncConnection, _: int, asked: Asked) -> Told:
        person = await read_person(connection, who.tenant, person_id)
        rows, place = await read_courses_of(connection, who.tenant, person_id, asked.page)
        return Told(rows, place, {"learner": person})

    return await answer(request, here, who, COURSES, read)
