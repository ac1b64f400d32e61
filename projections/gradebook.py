"""The grade of one learner for one node, over all attempts: the default policy. docs/read-models.md, section 8."""

from collections.abc import Sequence
from typing import NamedTuple

from projections.attempt import Attempt


class Grade(NamedTuple):
    """One row of `gradebook`, after tenant, course, person and node. score 0…1."""

    policy: str
    score: float | None
    attempts: int
    best_attempt: str | None
    counts: bool


def fold(attempts: Sequence[Attempt], *, course_node: bool, required: bool) -> Grade | None:
    """The row of one key; None without an attempt. The course's own grade is the last one said, others the best."""
    if not attempts:
        return None
    scored = [one for one in attempts if one.score is not None]
    chosen: Attempt | None = None
    if scored and course_node:
        chosen = max(scored, key=lambda one: (one.submitted_at, one.attempt))
    elif scored:
        chosen = min(scored, key=lambda one: (-(one.score or 0), one.started_at, one.attempt))
    return Grade(
        policy="last" if course_node else "best",
        score=None if chosen is None else chosen.score,
        attempts=len(attempts),
        best_attempt=None if chosen is None else chosen.attempt,
        counts=required and not course_node,
    )
