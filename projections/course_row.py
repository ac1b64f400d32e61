"""The course row of one learner, and what each node gave to it. docs/rules.md, sections 2 and 5.

The rule of this file: grades are computed anew, from the attempts; how far the learner is with the other nodes is what
their rows say, each of which has an explanation of its own.
"""

import math
from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from projections.attempt import Attempt
from projections.course_view import last_part
from projections.grade_evaluation import GradedItem, grade_course
from projections.key_context import KeyNode, Learner
from projections.rule_evaluation import Verdict
from schemas.configuration_refusal import as_json


class CourseNodeTold(Struct, frozen=True):
    """What one node gave to the course: progress, where it is required; a score, where it counts for the grade.

    dropped: left out as one of the lowest; missing: counts as 0, since its due date is past.
    """

    node: UUID
    iri: str
    title: str
    kind: str
    required: bool
    state: str
    fraction: float
    completed_at: datetime | None
    satisfied_by: UUID | None
    counts: bool
    score: float | None
    weight: float
    category: str | None
    due_at: datetime | None
    excused: bool
    dropped: bool
    missing: bool


class CourseTold(Struct, frozen=True):
    """The course row, and what each node gave to it."""

    progress: float
    completed_nodes: int
    required_nodes: int
    grade_so_far: float | None
    grade_if_nothing_more: float | None
    passed: bool | None
    policy: dict[str, Any]
    source: str
    version: int
    nodes: list[CourseNodeTold]


def course_row_of(
    learner: Learner,
    course: Sequence[tuple[KeyNode, Sequence[Attempt]]],
    verdict: Verdict,
    own_score: float | None,
    passed: bool | None,
) -> CourseTold:
    """own_score, verdict, passed: of the course's own node; passed: what its last `passed` or `failed` says."""
    settings, policy = learner.settings, learner.policy
    items: dict[str, GradedItem] = {}
    for node, attempts in course:
        grade = learner.grade(node, attempts, is_course=False)
        score = None if grade is None else grade.score
        if node.required and (node.graded or score is not None):
            items[node.iri] = learner.item(node.iri, score)
    row = grade_course(items.values(), policy, own_score=own_score, verdict=passed, now=learner.now)
    dropped, missing = set(row.dropped), set(row.missing)
    required = [node for node, _ in course if node.required]
    done = sum(node.state == "completed" for node in required)
    share = math.fsum(node.fraction for node in required) / len(required) if required else 0.0
    return CourseTold(
        progress=1.0 if verdict.state == "completed" else round(share, 6),
        completed_nodes=done,
        required_nodes=len(required),
        grade_so_far=row.so_far,
        grade_if_nothing_more=row.if_nothing_more,
        passed=row.passed,
        policy=as_json(policy),
        source="default" if settings.policy is None else "set",
        version=0 if settings.policy is None else settings.policy.version,
        nodes=[_course_node(node, items.get(node.iri), dropped, missing) for node, _ in course],
    )


def _course_node(node: KeyNode, item: GradedItem | None, dropped: Set[str], missing: Set[str]) -> CourseNodeTold:
    return CourseNodeTold(
        node=node.node,
        iri=node.iri,
        title=node.title or last_part(node.iri),
        kind=node.kind,
        required=node.required,
        state=node.state or "not_started",
        fraction=node.fraction,
        completed_at=node.completed_at,
        satisfied_by=node.satisfied_by,
        counts=item is not None,
        score=None if item is None else item.score,
        weight=0.0 if item is None else item.weight,
        category=None if item is None else item.category,
        due_at=None if item is None else item.due_at,
        excused=item is not None and item.excused,
        dropped=node.iri in dropped,
        missing=node.iri in missing,
    )
