"""A node's place in an outline: behind its parent, and before whatever comes after the parent."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from projections.outline_queries import LONGEST_STEP, ways_to

COURSE = UUID(int=1)
LONG = "https://course.example/" + "x" * 300


def node(number: int) -> UUID:
    """A node by its number; 1 is the course."""
    return UUID(int=number)


def order(nodes: dict[UUID, tuple[str, UUID | None]]) -> list[int]:
    """The numbers of the nodes as they are listed."""
    ways = ways_to(nodes, COURSE)
    return [one.int for one in sorted(nodes, key=lambda one: ways[one])]


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
    ways = ways_to(nodes, COURSE)
    assert [len(ways[node(number)]) for number in range(1, 6)] == [1, 1, 1, 1, 2]


def test_long_ids_that_begin_alike_have_places_of_their_own() -> None:
    nodes = {COURSE: ("n", None), node(2): (f"{LONG}b", COURSE), node(3): (f"{LONG}a", COURSE)}
    ways = ways_to(nodes, COURSE)
    assert len(set(ways.values())) == 3
    assert all(len(step) <= LONGEST_STEP + 32 for way in ways.values() for step in way)


@given(st.lists(st.integers(0, 12), min_size=12, max_size=12))
def test_every_node_has_one_place_whatever_the_parents(parents: list[int]) -> None:
    nodes: dict[UUID, tuple[str, UUID | None]] = {COURSE: ("n", None)}
    for number, parent in enumerate(parents, 2):
        nodes[node(number)] = (f"{number:02}", node(parent) if parent else None)
    ways = ways_to(nodes, COURSE)
    assert ways.keys() == nodes.keys()
    assert len(set(ways.values())) == len(nodes)
    for one, (_, parent_of) in nodes.items():
        if len(ways[one]) > 1:
            assert parent_of is not None
            assert ways[one][:-1] == ways[parent_of]
