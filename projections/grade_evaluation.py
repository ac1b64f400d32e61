"""The grade of one learner for one node, and for the course, by a policy that is data. docs/rules.md, section 5.

The rule of this file: a grade is a function of the set of attempts, the policy and what is handed in beside them; the
default policy gives what projections/gradebook.py gives. Nothing is rounded before the end.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from projections.attempt import Attempt
from projections.fact import milliseconds
from schemas.grade_policy import AttemptPolicy, GradePolicy, LatePenalty

_DAY = timedelta(days=1)


class GradeOverride(NamedTuple):
    """What somebody entitled has said of this learner and node: a score 0…1, or that it need not be done."""

    score: float | None
    excused: bool = False


class NodeGrade(NamedTuple):
    """The grade of one learner for one node. score 0…1, after what lateness took.

    policy: `override` where somebody set it. attempts: all there are; counted: within max_attempts. best_attempt: key
    of the attempt whose score it is, null where several make it or none. lost: what lateness took from that attempt.
    """

    policy: str
    score: float | None
    attempts: int
    counted: int
    best_attempt: str | None
    counts: bool
    late: bool
    lost: float
    passed: bool | None
    excused: bool


class GradedItem(NamedTuple):
    """A node that counts for the course's grade. score: None while there is none."""

    node: str
    score: float | None
    weight: float = 1.0
    category: str | None = None
    due_at: datetime | None = None
    excused: bool = False


class CourseGrade(NamedTuple):
    """The course row, rounded to 6 decimals. dropped, missing: the nodes that were left out of so_far as the lowest,
    and those that count as 0 in it because their due date is past.
    """

    so_far: float | None
    if_nothing_more: float | None
    passed: bool | None
    dropped: tuple[str, ...]
    missing: tuple[str, ...]


class _Scored(NamedTuple):
    attempt: Attempt
    score: float
    lost: float


def grade_node(
    attempts: Iterable[Attempt],
    policy: AttemptPolicy,
    *,
    counts: bool,
    pass_mark: float,
    due_at: datetime | None = None,
    override: GradeOverride | None = None,
) -> NodeGrade | None:
    """The row of one key; None without an attempt and without an override. counts: for the course's grade."""
    ordered = sorted(attempts, key=lambda one: (one.started_at, one.attempt))
    if not ordered and override is None:
        return None
    counted = ordered[: policy.max_attempts]
    penalty = policy.late_penalty
    scored = [_penalised(one, one.score, penalty, due_at) for one in counted if one.score is not None]
    score, chosen = _taken(scored, policy)
    name: str = policy.take
    if override is not None:
        score, chosen = (None if override.excused else override.score), None
        name = "override"
    return NodeGrade(
        policy=name,
        score=score,
        attempts=len(ordered),
        counted=len(counted),
        best_attempt=None if chosen is None else chosen.attempt.attempt,
        counts=counts and not (override is not None and override.excused),
        late=chosen is not None and due_at is not None and chosen.attempt.submitted_at > due_at,
        lost=0.0 if chosen is None else chosen.lost,
        passed=None if score is None else score >= pass_mark,
        excused=override is not None and override.excused,
    )


def _taken(scored: Sequence[_Scored], policy: AttemptPolicy) -> tuple[float | None, _Scored | None]:
    """The score that the policy takes, and the attempt it comes from, where it comes from one."""
    if not scored or policy.take == "manual":
        return None, None
    best = sorted(scored, key=lambda one: (-one.score, one.attempt.started_at, one.attempt.attempt))
    match policy.take:
        case "best":
            return best[0].score, best[0]
        case "last":
            last = max(scored, key=lambda one: (one.attempt.submitted_at, one.attempt.attempt))
            return last.score, last
        case "first":
            return scored[0].score, scored[0]
        case _:
            several = best[: policy.k]
            return round(math.fsum(one.score for one in several) / len(several), 6), None


def _penalised(attempt: Attempt, score: float, penalty: LatePenalty | None, due_at: datetime | None) -> _Scored:
    """The score after what lateness takes: for each day begun after the due date, its grace not counted."""
    if penalty is None or due_at is None:
        return _Scored(attempt, score, 0.0)
    late = attempt.submitted_at - due_at
    if late <= timedelta(milliseconds=milliseconds(penalty.grace) or 0):
        return _Scored(attempt, score, 0.0)
    days = -(-late // _DAY)
    share = min(penalty.at_once + penalty.per_day * days, penalty.at_most)
    kept = round(score * (1 - share), 6)
    return _Scored(attempt, kept, round(score - kept, 6))


def grade_course(
    items: Iterable[GradedItem],
    policy: GradePolicy,
    *,
    own_score: float | None,
    verdict: bool | None,
    now: datetime | None = None,
) -> CourseGrade:
    """The course row of one learner.

    own_score: the grade said of the course itself; verdict: whether its last `passed` or `failed` is a pass. now: the
    log's clock; without it nothing is missing yet.
    """
    counted = sorted((one for one in items if not one.excused), key=lambda one: one.node)
    missing = tuple(one.node for one in counted if one.score is None and _is_past(one.due_at, now))
    late = set(missing)
    done = [one._replace(score=one.score or 0.0) for one in counted if one.score is not None or one.node in late]
    so_far, dropped = _grade(done, policy)
    nothing_more, _ = _grade([one._replace(score=one.score or 0.0) for one in counted], policy)
    if own_score is not None and policy.own_grade:
        so_far = nothing_more = own_score
    so_far, nothing_more = _rounded(so_far), _rounded(nothing_more)
    passed = verdict
    if passed is None and nothing_more is not None and nothing_more >= policy.pass_mark:
        passed = True
    return CourseGrade(so_far, nothing_more, passed, dropped, missing)


def _grade(items: Sequence[GradedItem], policy: GradePolicy) -> tuple[float | None, tuple[str, ...]]:
    """The weighted mean of the categories that have a grade, and the nodes that were dropped."""
    if not policy.categories:
        kept, dropped = _without_lowest(items, policy.drop_lowest)
        return _mean((one.score or 0.0, one.weight) for one in kept), dropped
    grades: list[tuple[float, float]] = []
    all_dropped: list[str] = []
    for category in policy.categories:
        kept, dropped = _without_lowest([one for one in items if one.category == category.name], category.drop_lowest)
        grade = _mean((one.score or 0.0, one.weight) for one in kept)
        if grade is not None:
            grades.append((grade, category.weight))
        all_dropped += dropped
    return _mean(grades), tuple(all_dropped)


def _without_lowest(items: Sequence[GradedItem], number: int) -> tuple[Sequence[GradedItem], tuple[str, ...]]:
    """All but so many of the lowest, of which at least one is kept; of equal ones, the lighter is dropped first."""
    number = min(number, len(items) - 1)
    if number <= 0:
        return items, ()
    lowest = sorted(items, key=lambda one: (one.score or 0.0, one.weight, one.node))
    return lowest[number:], tuple(one.node for one in lowest[:number])


def _mean(weighted: Iterable[tuple[float, float]]) -> float | None:
    """The weighted mean; None where nothing weighs anything."""
    pairs = list(weighted)
    total = math.fsum(weight for _, weight in pairs)
    return math.fsum(value * weight for value, weight in pairs) / total if total else None


def _is_past(due_at: datetime | None, now: datetime | None) -> bool:
    return due_at is not None and now is not None and due_at < now


def _rounded(grade: float | None) -> float | None:
    return None if grade is None else round(grade, 6)
