"""An outline is always a tree in which every node stands once, whatever parents its statements claim."""

import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.dashboard.pages import json_island, percent
from projections.course_view import (
    Node,
    depth_first,
    inactive_reason,
    last_part,
    short_identifier,
    short_word,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def node(number: int, parent: int | None, kind: str = "unit") -> Node:
    above = None if parent is None else UUID(int=parent)
    return Node(UUID(int=number), f"https://example.org/{number}", "", kind, above, "content", True, False, 0, 0)


def order(*nodes: tuple[Node, int | None]) -> list[tuple[int, int]]:
    met = [(one, None if day is None else START + timedelta(days=day), None) for one, day in nodes]
    return [(one.id.int, one.depth) for one in depth_first(met)]


def test_siblings_stand_as_learners_first_met_them_and_a_module_where_its_first_node_does() -> None:
    course, late, early = node(1, None, "course"), node(2, 1, "module"), node(3, 1, "module")
    found = order((course, None), (late, None), (early, None), (node(4, 2), 9), (node(5, 3), 4), (node(6, 3), 2))
    assert found == [(1, 0), (3, 1), (6, 2), (5, 2), (2, 1), (4, 2)]


def test_a_place_that_is_set_goes_before_when_learners_met_a_node() -> None:
    nodes = [(node(1, None, "course"), None), (node(2, 1), None), (node(3, 1), 1), (node(4, 1), 0)]
    found = depth_first((one, START, place) for one, place in nodes)
    assert [one.id.int for one in found] == [1, 4, 3, 2]


def test_a_parent_that_is_not_there_and_a_ring_leave_nodes_at_the_top() -> None:
    found = order((node(1, None, "course"), 5), (node(2, 99), 1), (node(3, 4), 2), (node(4, 3), 3), (node(5, 5), 4))
    assert found == [(1, 0), (2, 0), (3, 0), (4, 1), (5, 0)]


@given(st.lists(st.one_of(st.none(), st.integers(0, 12)), max_size=12))
def test_every_node_stands_once_and_below_its_parent(parents: list[int | None]) -> None:
    nodes = [node(number, parent) for number, parent in enumerate(parents)]
    found = depth_first((one, START, None) for one in nodes)
    assert sorted(one.id for one in found) == [one.id for one in nodes]
    above: list[UUID] = []
    for one in found:
        above[one.depth :] = [one.id]
        assert one.depth == 0 or above[one.depth - 1] == one.parent


def test_a_deep_outline_is_no_trouble() -> None:
    count = sys.getrecursionlimit() + 100
    deep = [(node(number, number - 1 if number else None), 0) for number in range(count)]
    assert order(*deep)[-1] == (count - 1, count - 1)


@pytest.mark.parametrize(
    ("share", "words"), [(None, "–"), (0, "0 %"), (0.625, "63 %"), (0.9951, "99 %"), (1, "100 %"), (1 / 3, "33 %")]
)
def test_percent_says_100_of_the_whole_only(share: float | None, words: str) -> None:
    assert percent(share) == words


def test_words() -> None:
    assert short_word("http://adlnet.gov/expapi/verbs/answered") == "answered"
    assert short_word("https://example.org/verbs#looked-at") == "looked at"
    assert last_part("https://example.org/caf%C3%A9/") == "café"
    assert last_part("urn:uuid:1") == "urn:uuid:1"
    assert short_identifier("mbox:mailto:a@example.org") == "a@example.org"
    assert short_identifier("account:https://example.org|a|b") == "a|b"
    assert short_identifier("openid:https://a.example.org") == "https://a.example.org"
    reason = inactive_reason(START, START + timedelta(days=9, hours=23), 7)
    assert reason == "No activity for 9 days (since 1 Jan 2026); warns after 7 days"


def test_nothing_in_an_island_of_json_can_end_its_element() -> None:
    assert json_island({"title": "</script><!--"}) == '{"title":"\\u003c/script>\\u003c!--"}'
