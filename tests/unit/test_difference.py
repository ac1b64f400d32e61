"""What takes one view of a course to another, whatever lies between them."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lrs.dashboard.difference import difference
from projections.course_view import Course, CourseView, Learner, Node, Recent, Summary

AT = datetime(2026, 11, 21, tzinfo=UTC)
COURSE = Course(UUID(int=1), "https://example.org/course", "A course")


def learner(number: int, progress: float) -> Learner:
    return Learner(
        UUID(int=number),
        f"Learner {number}",
        "mbox:mailto:a@b.c",
        "active",
        progress,
        0,
        1,
        None,
        None,
        None,
        AT,
        AT,
        None,
    )


def node(completed: int) -> Node:
    return Node(UUID(int=9), "https://example.org/quiz", "Quiz", "unit", None, "media", True, False, completed, 9)


@st.composite
def views(draw: st.DrawFn, position: int) -> CourseView:
    roster = draw(st.dictionaries(st.integers(0, 6), st.sampled_from([0.0, 0.5, 1.0])))
    seen = [Recent(UUID(int=draw(st.integers(0, 3))), AT, None, None, "did", "it", None, None)]
    summary = Summary(len(roster), 0, 0, 0, 0, draw(st.sampled_from([None, 0.5])), None)
    lines = [learner(*one) for one in roster.items()]
    return CourseView(position, COURSE, summary, lines, [node(draw(st.integers(0, 2)))], seen)


@given(views(3), views(7))
def test_a_page_that_applies_it_shows_the_later_view(before: CourseView, now: CourseView) -> None:
    update = difference(before, now)
    assert update is not None
    roster = {one.person: one for one in before.roster}
    for person in update.removed:
        del roster[person]
    roster |= {one.person: one for one in update.roster}
    assert (update.after, update.position) == (3, 7)
    assert roster == {one.person: one for one in now.roster}
    assert (before.outline if update.outline is None else update.outline) == now.outline
    assert (update.summary, update.recent) == (now.summary, now.recent)


@given(views(3))
def test_nothing_but_what_changed_is_told(view: CourseView) -> None:
    update = difference(view, view)
    assert update is not None
    assert (update.roster, update.removed, update.outline) == ([], [], None)


@given(views(3))
def test_another_title_takes_a_fresh_snapshot(view: CourseView) -> None:
    assert difference(view, replace(view, course=replace(COURSE, title="Another"))) is None
