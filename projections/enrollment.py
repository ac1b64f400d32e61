"""One learner in one course: the roster's line, out of the learner's rows on its nodes.

docs/read-models.md, section 9.
"""

from datetime import datetime
from decimal import Context, Decimal
from typing import NamedTuple
from uuid import UUID

from projections.grade_evaluation import CourseGrade
from projections.gradebook import Grade
from projections.node_progress import NodeProgress
from projections.vocabulary import Event

_EXACT = Context(prec=1000)
"""Sums of binary64 numbers as PostgreSQL has them as `numeric`, 15 digits each: exact, in whatever order."""


class Standing(NamedTuple):
    """What the rows of one learner on the nodes of one course add up to.

    first_at, first and last activity over all nodes; standing, verdict, completed_at, satisfied_by and own_score of
    the course node; completed_nodes and progress_sum over required nodes; score_sum and scores over the grades that
    count.
    """

    first_at: datetime
    enrolled_at: datetime | None
    started_at: datetime | None
    last_activity_at: datetime | None
    last_activity_id: UUID | None
    standing: str | None
    completed_at: datetime | None
    satisfied_by: UUID | None
    verdict: bool | None
    completed_nodes: int
    progress_sum: Decimal
    own_score: float | None
    score_sum: Decimal
    scores: int


class Share(NamedTuple):
    """What one node adds to the sums. score None: it does not count, or there is none."""

    completed: bool
    fraction: float
    score: float | None


NO_SHARE = Share(False, 0.0, None)


class Enrollment(NamedTuple):
    """One row of `enrollment`, after tenant, course and person.

    by_policy: the grades of the course are the three that follow, and not what the sums tell.
    """

    status: str
    enrolled_at: datetime
    started_at: datetime | None
    last_activity_at: datetime | None
    last_activity_id: UUID | None
    completed_at: datetime | None
    satisfied_by: UUID | None
    completed_nodes: int
    progress_sum: float
    own_score: float | None
    score_sum: float
    scores: int
    verdict: bool | None
    by_policy: bool = False
    policy_so_far: float | None = None
    policy_if_nothing_more: float | None = None
    policy_passed: bool | None = None


def fold(sums: Standing, grade: CourseGrade | None = None) -> Enrollment:
    """The row of one key; grade: of the course, where more is set than the sums can tell."""
    if sums.standing in (Event.WITHDRAWN, Event.SUSPENDED):
        status = str(sums.standing)
    else:
        status = "active" if sums.completed_at is None else "completed"
    return Enrollment(
        status=status,
        enrolled_at=sums.enrolled_at or sums.first_at,
        started_at=sums.started_at,
        last_activity_at=sums.last_activity_at,
        last_activity_id=sums.last_activity_id,
        completed_at=sums.completed_at,
        satisfied_by=sums.satisfied_by,
        completed_nodes=sums.completed_nodes,
        progress_sum=float(sums.progress_sum),
        own_score=sums.own_score,
        score_sum=float(sums.score_sum),
        scores=sums.scores,
        verdict=sums.verdict,
        by_policy=grade is not None,
        policy_so_far=None if grade is None else grade.so_far,
        policy_if_nothing_more=None if grade is None else grade.if_nothing_more,
        policy_passed=None if grade is None else grade.passed,
    )


def share_of(state: str, fraction: float, score: float | None, *, counts: bool, required: bool) -> Share:
    """What a learner's row on a node, and the grade for it, add to the sums."""
    if not required:
        return NO_SHARE
    return Share(state == "completed", fraction, score if counts else None)


def advance(
    sums: Standing, row: NodeProgress, grade: Grade | None, share: Share, before: Share, *, course_node: bool
) -> Standing:
    """The sums when one node's row has gained facts and lost none; before: what the node added until now."""
    progress_sum, score_sum, scores = sums.progress_sum, sums.score_sum, sums.scores
    if share.fraction != before.fraction:
        progress_sum = _moved(progress_sum, before.fraction, share.fraction)
    if share.score != before.score:
        score_sum = _moved(score_sum, before.score or 0.0, share.score or 0.0)
        scores += (share.score is not None) - (before.score is not None)
    last = sums.last_activity_at, sums.last_activity_id
    if row.last_activity_at is not None and row.last_activity_id is not None:
        now = row.last_activity_at, row.last_activity_id
        last = now if last[0] is None or last[1] is None else max(now, (last[0], last[1]))
    return Standing(
        min(sums.first_at, row.first_at),
        _earlier(sums.enrolled_at, row.enrolled_at),
        _earlier(sums.started_at, row.first_activity_at),
        *last,
        row.standing if course_node else sums.standing,
        (row.completed_at if row.state == "completed" else None) if course_node else sums.completed_at,
        (row.satisfied_by if row.state == "completed" else None) if course_node else sums.satisfied_by,
        row.verdict if course_node else sums.verdict,
        sums.completed_nodes + share.completed - before.completed,
        progress_sum,
        (None if grade is None else grade.score) if course_node else sums.own_score,
        score_sum,
        scores,
    )


def _moved(total: Decimal, old: float, new: float) -> Decimal:
    return _EXACT.add(_EXACT.subtract(total, _exact(old)), _exact(new))


def _exact(value: float) -> Decimal:
    return Decimal(format(value, ".15g"))


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)
