"""Writes outlines: keeps who said what last, and folds a course's outline again when what was said may change it."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from projections.fact import claimed_iri, name_of, read_claims
from projections.fact_rows import Key, Touched
from projections.outline_node import OutlineNode, Saying, fold
from projections.placement import THE_COURSE
from projections.read_model_tables import OUTLINE_CLAIM, OUTLINE_NODE
from projections.sql import QUERIES

Outline = dict[UUID, OutlineNode]


class OutlineChange:
    """The outlines of the touched courses, the courses whose outline is another now, and keys to compute again."""

    def __init__(self, outlines: dict[UUID, Outline]) -> None:
        self.outlines = outlines
        self.courses: set[UUID] = set()
        self.keys: set[Key] = set()
        self.recounted: set[UUID] = set()
        """Courses with another number of required or graded nodes now."""
        self.resized: dict[UUID, int] = {}
        """Courses with another number of required nodes now; the smaller of the two numbers."""


async def write_outlines(
    connection: AsyncConnection, tenant: int, touched: Touched, texts: dict[UUID, str]
) -> OutlineChange:
    """`texts`: claim sets of this batch by name, as JSON."""
    unsaid = sorted(touched.unsaid)
    asked_anew = {(course, claim) for course, claim, _ in unsaid}
    said = sorted((key, when) for key, when in touched.said.items() if key not in asked_anew)
    courses = sorted({course for (course, _), _ in said} | {course for course, _, _ in unsaid})
    outlines: dict[UUID, Outline] = {course: {} for course in courses}
    if courses:
        cursor = await connection.execute(QUERIES.outline_nodes.sql, {"tenant": tenant, "courses": courses})
        for course, *node in await cursor.fetchall():
            outlines[course][node[0]] = OutlineNode(*node)
    change = OutlineChange(outlines)
    stale = {course for course, _, _ in unsaid}
    if unsaid:
        await _unsay(connection, tenant, unsaid)
    new: set[tuple[UUID, UUID]] = set()
    if said:
        cursor = await connection.execute(
            QUERIES.say_claims.sql,
            {
                "tenant": tenant,
                "courses": [course for (course, _), _ in said],
                "claims": [claim for (_, claim), _ in said],
                "last_at": [when[0] for _, when in said],
                "last_id": [when[1] for _, when in said],
            },
        )
        new = {(course, claim) for course, claim, is_new in await cursor.fetchall() if is_new}
    for (course, claim), _ in said:
        if course not in stale and (
            (course, claim) in new or not _says_nothing_new(course, texts.get(claim), outlines[course])
        ):
            stale.add(course)
    if stale:
        await _fold_again(connection, tenant, sorted(stale), change)
    return change


def _says_nothing_new(course: UUID, text: str | None, outline: Outline) -> bool:
    """Whether a saying that was heard before agrees with the outline: then its being the last changes nothing."""
    if text is None or course not in outline:
        return False
    claims = read_claims(text)
    course_iri = outline[course].iri
    for claim in claims.claims:
        node = outline.get(name_of(claimed_iri(claim, course_iri)))
        if node is None or (claim.type or node.type) != node.type or (claim.title or node.title) != node.title:
            return False
        parent = course_iri if claim.parent == THE_COURSE else claim.parent
        if node.parent is not None and (parent is None or name_of(parent) != node.parent):
            return False
    return True


async def _unsay(connection: AsyncConnection, tenant: int, unsaid: list[tuple[UUID, UUID, UUID]]) -> None:
    asked = {
        "tenant": tenant,
        "courses": [course for course, _, _ in unsaid],
        "claims": [claim for _, claim, _ in unsaid],
        "nodes": [node for _, _, node in unsaid],
    }
    left = await (await connection.execute(QUERIES.last_sayings.sql, asked)).fetchall()
    await OUTLINE_CLAIM.upsert(connection, tenant, left)
    kept = {(course, claim) for course, claim, _, _ in left}
    gone = [(course, claim) for course, claim, _ in unsaid if (course, claim) not in kept]
    await OUTLINE_CLAIM.delete(connection, tenant, gone)


async def _fold_again(connection: AsyncConnection, tenant: int, courses: list[UUID], change: OutlineChange) -> None:
    asked = {"tenant": tenant, "courses": courses}
    sayings: dict[UUID, list[Saying]] = defaultdict(list)
    for course, text, at, statement_id in await (
        await connection.execute(QUERIES.outline_sayings.sql, asked)
    ).fetchall():
        sayings[course].append(Saying(read_claims(text), at, statement_id))
    found = await connection.execute(QUERIES.iris.sql, {"tenant": tenant, "ids": courses})
    iris: dict[UUID, str] = dict(await found.fetchall())
    rows: list[tuple[Any, ...]] = []
    gone: list[tuple[UUID, UUID]] = []
    again: list[tuple[UUID, UUID]] = []
    for course in courses:
        old = change.outlines[course]
        new = {node.node: node for node in fold(iris[course], sayings[course])}
        changed = [node for node in new.values() if old.get(node.node) != node]
        removed = [name for name in old if name not in new]
        rows += [(course, *node) for node in changed]
        gone += [(course, name) for name in removed]
        again += [(course, node.node) for node in changed if _computed_from(old.get(node.node)) != _computed_from(node)]
        if changed or removed:
            change.courses.add(course)
        sizes = required_nodes(old), required_nodes(new)
        if sizes[0] != sizes[1] or graded_nodes(old) != graded_nodes(new):
            change.recounted.add(course)
        if sizes[0] != sizes[1]:
            change.resized[course] = min(sizes)
        change.outlines[course] = new
    await OUTLINE_NODE.delete(connection, tenant, gone)
    await OUTLINE_NODE.upsert(connection, tenant, rows)
    if again:
        asked = {"tenant": tenant, "courses": [course for course, _ in again], "nodes": [node for _, node in again]}
        cursor = await connection.execute(QUERIES.persons_on_nodes.sql, asked)
        change.keys.update((course, person, node) for course, person, node in await cursor.fetchall())


def required_nodes(outline: Outline) -> int:
    """How many nodes count towards progress."""
    return sum(node.required for node in outline.values())


def graded_nodes(outline: Outline) -> int:
    """How many nodes count towards the grade."""
    return sum(node.graded for node in outline.values())


def _computed_from(node: OutlineNode | None) -> tuple[str, bool] | None:
    """What of an outline node goes into its learners' rows."""
    return None if node is None else (node.rule, node.required)
