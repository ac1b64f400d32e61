"""A node's place in an outline: behind its parent, and before whatever comes after the parent."""

from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import AsyncConnection

from projections.keyset_queries import Wanted
from projections.outline_queries import depths_of, read_outline
from schemas.errors import QueryRefused

COURSE = UUID(int=1)
DEEPEST = 20_000

Nodes = dict[UUID, tuple[str, UUID | None]]


class Outline:
    """Rows as a connection gives them."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes

    async def execute(self, *_: Any) -> "Outline":
        return self

    async def fetchall(self) -> list[tuple[Any, ...]]:
        rest = ("none", False, False, None, None)
        return [(one, iri, None, None, "unit", parent, *rest) for one, (iri, parent) in self.nodes.items()]

    async def page(self, after: list[Any] | None, limit: int) -> tuple[list[int], list[Any] | None]:
        """The numbers of a page's nodes, and where the next begins."""
        wanted = Wanted("place", descending=False, after=after, limit=limit)
        lines, place = await read_outline(cast("AsyncConnection", self), 1, COURSE, wanted)
        return [one.node.int for one in lines], place


def node(number: int) -> UUID:
    """A node by its number; 1 is the course."""
    return UUID(int=number)


def order(nodes: Nodes) -> list[int]:
    """The numbers of the nodes as they are listed."""
    return [one.int for one in depths_of(nodes, COURSE)]


def test_children_follow_their_parent() -> None:
    nodes = {
        node(4): ("b", node(2)),
        node(3): ("z", COURSE),
        node(5): ("a", node(2)),
        node(2): ("m", COURSE),
        COURSE: ("n", None),
    }
    assert order(nodes) == [1, 2, 5, 4, 3]


def test_what_has_no_place_stands_at_the_top() -> None:
    """A parent that is not there, and a ring of two with a child."""
    nodes = {COURSE: ("n", None), node(2): ("b", node(9)), node(3): ("c", node(4)), node(4): ("d", node(3))}
    nodes[node(5)] = ("a", node(4))
    assert order(nodes) == [1, 2, 3, 4, 5]
    assert list(depths_of(nodes, COURSE).values()) == [0, 0, 0, 0, 1]


@pytest.mark.anyio
async def test_the_deepest_outline_has_pages_whose_links_are_short() -> None:
    """Each within the one before: what is kept of a node does not grow with its depth."""
    nodes: Nodes = {COURSE: ("n", None)}
    for number in range(2, DEEPEST):
        nodes[node(number)] = (f"https://x.example/{number}", node(number - 1))
    outline = Outline(nodes)
    assert depths_of(nodes, COURSE) == {node(number): number - 1 for number in range(1, DEEPEST)}
    met, place = await outline.page(None, DEEPEST - 10)
    assert place == [str(node(DEEPEST - 10))]
    rest, end = await outline.page(place, 100)
    assert (met + rest, end) == ([*range(1, DEEPEST)], None)
    del nodes[node(DEEPEST - 10)]
    for gone in (place, ["", "https://x.example/2"]):
        with pytest.raises(QueryRefused) as caught:
            await outline.page(gone, 1)
        assert [one.path for one in caught.value.violations] == ["more"]


@given(st.lists(st.integers(0, 12), min_size=12, max_size=12))
def test_every_node_has_one_place_whatever_the_parents(parents: list[int]) -> None:
    nodes: Nodes = {COURSE: ("n", None)}
    for number, parent in enumerate(parents, 2):
        nodes[node(number)] = (f"{number:02}", node(parent) if parent else None)
    depths = depths_of(nodes, COURSE)
    assert depths.keys() == nodes.keys()
    above: list[UUID] = []
    for one, depth in depths.items():
        del above[depth:]
        assert len(above) == depth
        if depth:
            assert nodes[one][1] == above[-1]
        above.append(one)
