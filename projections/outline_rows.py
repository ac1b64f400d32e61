"""Writes outlines: keeps who said what last, and folds a course's outline again when what was said may change it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from psycopg import AsyncConnection

from projections.configuration_rows import Reset, rows_on
from projections.course_configuration import CourseSettings
from projections.fact import claimed_iri, read_claims
from projections.fact_rows import Key, Touched
from projections.memory import Memory, Outline
from projections.names import Name, named
from projections.outline_node import OutlineNode, Saying, fold
from projections.packed_rows import array, columns, run
from projections.placement import THE_COURSE
from projections.read_model_tables import OUTLINE_CLAIM, OUTLINE_NODE
from projections.sql import QUERIES
from schemas.course_outline import OutlineNode as SetNode

Said = tuple[Name, Name]
"""Course, claim."""
When = tuple[datetime, UUID]


class SharedOutlines(Protocol):
    """Of outlines that others write too."""

    async def say(self, said: Sequence[tuple[Said, When]]) -> set[Said]:
        """As the function of this file."""

    def must_be_alone(self, courses: Iterable[Name]) -> None:
        """Raises where others may be at one of these courses, which are folded again now."""

    def has_changed(self, courses: Iterable[Name]) -> None:
        """The outlines of these courses are others now."""


class OutlineChange:
    """The courses whose outline is another now, and keys to compute again."""

    def __init__(self) -> None:
        self.courses: set[Name] = set()
        self.keys: set[Key] = set()
        self.recounted: set[Name] = set()
        """Courses with another number of required or graded nodes now."""
        self.resized: dict[Name, int] = {}
        """Courses with another number of required nodes now; the smaller of the two numbers."""
        self.regraded: set[Name] = set()
        """Courses of which something is set, and whose graded nodes are others now."""


async def write_outlines(
    connection: AsyncConnection,
    tenant: int,
    touched: Touched,
    texts: dict[Name, str],
    reset: Reset,
    memory: Memory,
    shared: SharedOutlines | None = None,
) -> OutlineChange:
    """`texts`: claim sets of this batch by name, as JSON. All touched outlines are in the memory then."""
    await recall_outlines(connection, tenant, touched.courses | reset.courses, memory)
    change = OutlineChange()
    last, back = dict(touched.said), dict[Said, When | None]()
    if touched.unsaid:
        last, back = await _asked_anew(connection, tenant, touched)
    said = sorted(last.items())
    stale = {course for course, _ in back} | reset.outlines
    if back:
        if shared is not None:
            shared.must_be_alone(stale)
        await _unsay(connection, tenant, back)
    new: set[Said] = set()
    if said:
        new = await say(connection, tenant, said) if shared is None else await shared.say(said)
        texts = texts | await _texts(connection, tenant, {claim for (_, claim), _ in said} - texts.keys())
    for (course, claim), _ in said:
        if course not in stale and ((course, claim) in new or not says_nothing_new(course, texts.get(claim), memory)):
            stale.add(course)
    if stale:
        if shared is not None:
            shared.must_be_alone(stale)
        await _fold_again(connection, tenant, sorted(stale), change, memory)
        if shared is not None:
            shared.has_changed(change.courses)
    return change


async def _texts(connection: AsyncConnection, tenant: int, claims: set[Name]) -> dict[Name, str]:
    """Of claims that came in earlier batches."""
    if not claims:
        return {}
    asked = {"tenant": tenant, "claims": array("uuid", sorted(claims))}
    return dict(await run(connection, QUERIES.texts_of_claims.sql, asked))


async def say(connection: AsyncConnection, tenant: int, said: Sequence[tuple[Said, When]]) -> set[Said]:
    """Keep when these sayings were last made, and by which statement; answers those that are new in their courses."""
    types = {"courses": "uuid", "claims": "uuid", "last_at": "timestamptz", "last_id": "uuid"}
    asked = columns(types, [(*key, *when) for key, when in said])
    moved = await run(connection, QUERIES.say_claims.sql, {"tenant": tenant, **asked})
    return {(course, claim) for course, claim, is_new in moved if is_new}


async def recall_outlines(connection: AsyncConnection, tenant: int, courses: Iterable[Name], memory: Memory) -> None:
    """The outlines of these courses are in the memory then."""
    unknown = sorted(course for course in courses if course not in memory.outlines)
    if unknown:
        asked = {"tenant": tenant, "courses": array("uuid", unknown)}
        memory.outlines.update((course, {}) for course in unknown)
        for course, *node in await run(connection, QUERIES.outline_nodes.sql, asked):
            memory.outlines[course][node[0]] = OutlineNode(*node)


def says_nothing_new(course: Name, text: str | None, memory: Memory) -> bool:
    """Whether a saying that was heard before agrees with the outline: then its being the last changes nothing."""
    outline = memory.outlines[course]
    if text is None or course not in outline:
        return False
    claims = read_claims(text)
    course_iri = outline[course].iri
    told = memory.rules[course].settings if course in memory.rules else CourseSettings()
    for claim in claims.claims:
        node = outline.get(named(claimed_iri(claim, course_iri)))
        if node is None:
            return False
        set_ = told.nodes.get(node.iri)
        if (claim.type or node.type) != node.type and (set_ is None or set_.type is None):
            return False
        if (claim.title or node.title) != node.title and not _is_titled(node, set_, told):
            return False
        parent = course_iri if claim.parent == THE_COURSE else claim.parent
        if set_ is None and node.parent is not None and (parent is None or named(parent) != node.parent):
            return False
    return True


def _is_titled(node: OutlineNode, set_: SetNode | None, told: CourseSettings) -> bool:
    """Whether the outline that was set gives the node its title."""
    if set_ is not None:
        return set_.title is not None
    return told.outline is not None and told.outline.value.course == node.iri and told.outline.value.title is not None


async def heard(connection: AsyncConnection, tenant: int, sayings: Sequence[Said]) -> dict[Said, When]:
    """When these sayings were last made; without those that are new."""
    asked = {"tenant": tenant, **columns({"courses": "uuid", "claims": "uuid"}, sayings)}
    rows = await run(connection, QUERIES.sayings_heard.sql, asked)
    return {sayings[number - 1]: (at, UUID(bytes=statement)) for number, at, statement in rows}


async def _asked_anew(
    connection: AsyncConnection, tenant: int, touched: Touched
) -> tuple[dict[Said, When], dict[Said, When | None]]:
    """When sayings were last made: of those that gained, and of those that lost whoever made them last."""
    unsaid = sorted(touched.unsaid)
    asked = columns({"courses": "uuid", "claims": "uuid", "nodes": "uuid"}, unsaid)
    rows = await run(connection, QUERIES.last_sayings.sql, {"tenant": tenant, **asked})
    left: dict[Said, When] = {(course, claim): (at, UUID(bytes=statement)) for course, claim, at, statement in rows}
    keys = sorted({(course, claim) for course, claim, _ in unsaid})
    before = await heard(connection, tenant, keys)
    on = {key: when for key, when in left.items() if key not in before or when > before[key]}
    back = {key: left.get(key) for key, when in before.items() if key not in left or left[key] < when}
    return {key: when for key, when in touched.said.items() if key not in keys} | on, back


async def _unsay(connection: AsyncConnection, tenant: int, back: Mapping[Said, When | None]) -> None:
    await OUTLINE_CLAIM.upsert(connection, tenant, [(*key, *when) for key, when in back.items() if when is not None])
    await OUTLINE_CLAIM.delete(connection, tenant, [key for key, when in back.items() if when is None])


async def _fold_again(
    connection: AsyncConnection, tenant: int, courses: list[Name], change: OutlineChange, memory: Memory
) -> None:
    asked = {"tenant": tenant, "courses": array("uuid", courses)}
    sayings: dict[Name, list[Saying]] = defaultdict(list)
    for course, text, at, statement_id in await run(connection, QUERIES.outline_sayings.sql, asked):
        sayings[course].append(Saying(read_claims(text), at, statement_id))
    iris: dict[Name, str] = dict(await run(connection, QUERIES.iris.sql, {"tenant": tenant, "ids": asked["courses"]}))
    rows: list[tuple[Any, ...]] = []
    gone: list[tuple[Name, Name]] = []
    again: list[tuple[Name, Name]] = []
    for course in courses:
        old = memory.outlines[course]
        rules = memory.rules.get(course)
        told = None if rules is None or rules.settings.outline is None else rules.settings.outline.value
        new = {node.node: node for node in fold(iris[course], sayings[course], told)}
        changed = [node for node in new.values() if old.get(node.node) != node]
        removed = [name for name in old if name not in new]
        rows += [(course, *node) for node in changed]
        gone += [(course, name) for name in removed]
        again += [(course, node.node) for node in changed if _computed_from(old.get(node.node)) != _computed_from(node)]
        if changed or removed:
            change.courses.add(course)
        if rules is not None:
            again += [(course, node.node) for node in changed if _type(old.get(node.node)) != node.type]
            counting = [{node.node for node in some.values() if node.graded} for some in (old, new)]
            if counting[0] != counting[1]:
                change.regraded.add(course)
            come_and_gone = new.keys() ^ old.keys()
            change.keys.update((course, *key) for key in rules.overridden if key[1] in come_and_gone)
        sizes = required_nodes(old), required_nodes(new)
        if sizes[0] != sizes[1] or graded_nodes(old) != graded_nodes(new):
            change.recounted.add(course)
        if sizes[0] != sizes[1]:
            change.resized[course] = min(sizes)
        memory.outlines[course] = new
    await OUTLINE_NODE.delete(connection, tenant, gone)
    await OUTLINE_NODE.upsert(connection, tenant, rows)
    change.keys |= await rows_on(connection, tenant, again, memory)


def required_nodes(outline: Outline) -> int:
    """How many nodes count towards progress."""
    return sum(node.required for node in outline.values())


def graded_nodes(outline: Outline) -> int:
    """How many nodes count towards the grade."""
    return sum(node.graded for node in outline.values())


def _type(node: OutlineNode | None) -> str | None:
    return None if node is None else node.type


def _computed_from(node: OutlineNode | None) -> tuple[str, bool] | None:
    """What of an outline node goes into its learners' rows."""
    return None if node is None else (node.rule, node.required)
