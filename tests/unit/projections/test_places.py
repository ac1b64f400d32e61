"""Where things go by what is set: of what moves several times at once, the end counts."""

from datetime import UTC, datetime

from projections.course_configuration import fold
from projections.names import named
from projections.placement_as_set import Places
from schemas.log_event import ControlEvent

FIRST, SECOND, NODE = (f"http://course.example/{name}" for name in ("a", "b", "node"))


def test_a_node_of_two_outlines_set_at_once_is_in_neither_course() -> None:
    events = [
        ControlEvent(
            position,
            1,
            datetime(2026, 3, 1, tzinfo=UTC),
            "outline.set",
            {"by": "test", "course": course, "outline": {"course": course, "nodes": [{"id": NODE}]}},
        )
        for position, course in enumerate((FIRST, SECOND), 1)
    ]
    moves = Places().follow(fold(events), (), (FIRST, SECOND), merges=False)
    assert dict(moves.nodes) == {named(NODE): None, named(FIRST): named(FIRST), named(SECOND): named(SECOND)}
    assert len(moves.nodes) == 3
