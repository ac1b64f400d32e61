"""One learner in one course: the roster's line, out of the learner's rows on its nodes.

docs/read-models.md, section 9.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from projections.vocabulary import Event


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
    progress_sum: float
    own_score: float | None
    score_sum: float
    scores: int


class Enrollment(NamedTuple):
    """One row of `enrollment`, after tenant, course and person."""

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


def fold(sums: Standing) -> Enrollment:
    """The row of one key."""
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
        progress_sum=sums.progress_sum,
        own_score=sums.own_score,
        score_sum=sums.score_sum,
        scores=sums.scores,
        verdict=sums.verdict,
    )
