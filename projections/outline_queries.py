"""A course's outline as a tree in one list, a page at a time.

The rule of this file: a node's place is the way to it from the top, by IRIs (before each, its number among its siblings
where an outline was set), and nodes stand in the order of their places. So children follow their parent, and a node
keeps its place whatever happens elsewhere in the outline.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
from msgspec import Struct
from psycopg import AsyncConnection

from projections.course_view import last_part
from projections.keyset_queries import Place, Wanted

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("outline_queries.sql"), "psycopg", mandatory_parameters=False)

LONGEST_STEP = 200
"""Characters of an IRI that a node is sorted by."""


class OutlineLine(Struct, frozen=True):
    """One node of a course. depth: 0 at the top. title: the IRI's last part where there is none."""

    node: UUID
    iri: str
    type: str | None
    title: str
    kind: str
    parent: UUID | None
    depth: int
    rule: str
    required: bool
    graded: bool


async def read_outline(
    connection: AsyncConnection, tenant: int, course: UUID, wanted: Wanted
) -> tuple[list[OutlineLine], Place | None]:
    """A page of the outline, depth first, and where the next begins."""
    after, limit = wanted.after, wanted.limit
    rows = await (await connection.execute(QUERIES.outline.sql, {"tenant": tenant, "course": course})).fetchall()
    ways = ways_to({row[0]: (_set(row[-1]) + row[1], row[5]) for row in rows}, course)
    behind = sorted((row for row in rows if after is None or ways[row[0]] > tuple(after)), key=lambda row: ways[row[0]])
    page = [_line(len(ways[row[0]]) - 1, *row[:-1]) for row in behind[:limit]]
    return page, list(ways[page[-1].node]) if len(behind) > limit else None


def _line(
    depth: int, node: UUID, iri: str, type_: str | None, title: str | None, kind: str, parent: UUID | None, *rest: Any
) -> OutlineLine:
    return OutlineLine(node, iri, type_, title or last_part(iri), kind, parent, depth, *rest)


def _set(position: int | None) -> str:
    """What goes before the IRI of a node whose place is set: less than any IRI begins with."""
    return "" if position is None else f"!{position:06} "


def _step(iri: str, node: UUID) -> str:
    """A node among its siblings; a place must fit into a link."""
    return iri if len(iri) <= LONGEST_STEP else iri[:LONGEST_STEP] + node.hex


def ways_to(nodes: Mapping[UUID, tuple[str, UUID | None]], course: UUID) -> dict[UUID, tuple[str, ...]]:
    """The way to each node from the top, by IRIs; given: IRI and parent. The course goes before all others.

    A node whose parent is not in the outline stands at the top; so does every node of a ring of parents.
    """
    ways: dict[UUID, tuple[str, ...]] = {}
    for start in nodes:
        climbed: list[UUID] = []
        at: UUID | None = start
        while at is not None and at in nodes and at not in ways and at not in climbed:
            climbed.append(at)
            at = nodes[at][1]
        if at in climbed:
            ring = climbed[climbed.index(at) :]
            ways |= {node: (_step(nodes[node][0], node),) for node in ring}
            climbed = climbed[: climbed.index(at)]
        for node in reversed(climbed):
            above = nodes[node][1]
            way = ways.get(above, ()) if above is not None else ()
            ways[node] = ("",) if node == course else (*way, _step(nodes[node][0], node))
    return ways
