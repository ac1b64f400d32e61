"""A course's outline as a tree in one list, a page at a time.

The rule of this file: nodes stand depth first, siblings by IRI (before it, their number where an
outline was set). So children follow their parent, and a node keeps its
place whatever happens elsewhere in the outline. A page begins behind the last node of the one before, by its id.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
from msgspec import Struct
from psycopg import AsyncConnection

from projections.course_view import last_part
from projections.keyset_queries import Place, Wanted
from schemas.errors import QueryRefused, Violation

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("outline_queries.sql"), "psycopg", mandatory_parameters=False)


class OutlineLine(Struct, frozen=True):
    """One node of a course. depth: 0 at the top. title: the IRI's last part where there is none.

    source: where the outline that was set is from; position: among siblings there; null where only statements tell.
    """

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
    source: str | None
    position: int | None


async def read_outline(
    connection: AsyncConnection, tenant: int, course: UUID, wanted: Wanted
) -> tuple[list[OutlineLine], Place | None]:
    """A page of the outline, and where the next begins. Raises QueryRefused where the node that told is gone."""
    after, limit = wanted.after, wanted.limit
    rows = await (await connection.execute(QUERIES.outline.sql, {"tenant": tenant, "course": course})).fetchall()
    nodes = {row[0]: row for row in rows}
    depths = depths_of({node: (_set(row[-1]) + row[1], row[5]) for node, row in nodes.items()}, course)
    ordered = list(depths)
    first = 0 if after is None else _behind(ordered, str(after[0]))
    page = [_line(depths[node], *nodes[node]) for node in ordered[first : first + limit]]
    return page, [str(page[-1].node)] if len(ordered) > first + limit else None


def _behind(ordered: list[UUID], node: str) -> int:
    with suppress(ValueError):  # no id, or of no node that is here
        return ordered.index(UUID(node)) + 1
    rule = "must be of a node that is still in the outline; ask for the first page again"
    raise QueryRefused([Violation("more", rule, "docs/api.md", node)])


def _line(
    depth: int, node: UUID, iri: str, type_: str | None, title: str | None, kind: str, parent: UUID | None, *rest: Any
) -> OutlineLine:
    return OutlineLine(node, iri, type_, title or last_part(iri), kind, parent, depth, *rest)


def _set(position: int | None) -> str:
    """What goes before the IRI of a node whose place is set: less than any IRI begins with."""
    return "" if position is None else f"!{position:06} "


def depths_of(nodes: Mapping[UUID, tuple[str, UUID | None]], course: UUID) -> dict[UUID, int]:
    """How deep each node stands, in the order of the list; given: IRI and parent. The course goes before all others.

    A node whose parent is not in the outline stands at the top; so does every node of a ring of parents.
    """
    at_the_top = _of_rings(nodes) | {course}
    children: dict[UUID | None, list[UUID]] = {}
    for node, (_, parent) in nodes.items():
        is_top = node in at_the_top or parent not in nodes
        children.setdefault(None if is_top else parent, []).append(node)

    def last_first(siblings: Iterable[UUID]) -> list[UUID]:
        return sorted(siblings, key=lambda node: (node != course, nodes[node][0], node), reverse=True)

    depths: dict[UUID, int] = {}
    waiting = [(node, 0) for node in last_first(children.get(None, ()))]
    while waiting:
        node, depth = waiting.pop()
        depths[node] = depth
        waiting += [(child, depth + 1) for child in last_first(children.get(node, ()))]
    return depths


def _of_rings(nodes: Mapping[UUID, tuple[str, UUID | None]]) -> set[UUID]:
    """The nodes that are above themselves."""
    found: set[UUID] = set()
    seen: set[UUID] = set()
    for start in nodes:
        climbed: dict[UUID, int] = {}
        at: UUID | None = start
        while at is not None and at in nodes and at not in seen:
            seen.add(at)
            climbed[at] = len(climbed)
            at = nodes[at][1]
        if at in climbed:
            found |= set(list(climbed)[climbed[at] :])
    return found
