"""What takes one view of a course to a later one: pure, and true of whatever happened in between."""

from projections.course_view import CourseUpdate, CourseView


def difference(before: CourseView, now: CourseView) -> CourseUpdate | None:
    """The lines that are others now, and whole values of the rest; None where an update cannot say it."""
    if before.course != now.course:
        return None
    lines = {one.person: one for one in before.roster}
    return CourseUpdate(
        after=before.position,
        position=now.position,
        summary=now.summary,
        roster=[one for one in now.roster if lines.get(one.person) != one],
        removed=sorted(lines.keys() - {one.person for one in now.roster}),
        recent=now.recent,
        outline=None if before.outline == now.outline else now.outline,
    )
