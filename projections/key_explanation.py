"""Why one learner stands as they do on one node of a course: completion, grade, attempts, and the statements behind.

The rule of this file: everything is computed anew, from the facts of the key and what is set, by what docs/rules.md
says; nothing is taken from the row that it explains. So an explanation that differs from its row finds a fault.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from projections import attempt as attempts_of
from projections.attempt import Attempt
from projections.course_configuration import CourseSettings, rule_in_force
from projections.course_row import CourseTold, course_row_of
from projections.fact import Fact, is_scoring
from projections.grade_evaluation import NodeGrade
from projections.key_context import KeyFact, KeyNode, Learner
from projections.node_progress import in_order
from projections.rule_evaluation import Verdict
from projections.rule_explanation import Explanation, explain
from projections.rule_facts import Evidence
from projections.vocabulary import Event
from schemas.configuration_refusal import as_json


class RuleTold(Struct, frozen=True):
    """The rule in force. source: set, outline, content type or default; version: of the course, 0 of the default."""

    rule: dict[str, Any]
    source: str
    version: int
    default: str


class AttemptTold(Struct, frozen=True):
    """An attempt. counts: within the policy's number of attempts; taken: its score is the grade.

    statements: how many; scored_by: the one whose score it is. duration: milliseconds.
    """

    attempt: str
    started_at: datetime
    submitted_at: datetime
    score: float | None
    score_suspect: bool
    success: bool | None
    duration: int
    statements: int
    scored_by: UUID | None
    counts: bool
    taken: bool


class GradeTold(Struct, frozen=True):
    """The grade. policy: which attempts make it; version: of the course, 0 where none is set; lost: to lateness."""

    policy: str
    source: str
    version: int
    score: float | None
    passed: bool | None
    attempts: int
    counted: int
    best_attempt: str | None
    counts: bool
    late: bool
    lost: float
    excused: bool


class StatementTold(Struct, frozen=True):
    """A statement behind it all. placement: how its course was found; attempt: of which attempt; completes: it is
    satisfied_by. duration: milliseconds.
    """

    statement_id: UUID
    at: datetime
    verb: str
    event: str
    placement: str
    attempt: str | None
    score: float | None
    success: bool | None
    completion: bool | None
    progress: float | None
    duration: int | None
    completes: bool


class KeyTold(Struct, frozen=True):
    """All of it but for the statements. course_row: of the course's own node only."""

    rule: RuleTold
    verdict: Verdict
    sentence: str
    explanation: Explanation
    grade: GradeTold | None
    attempts: list[AttemptTold]
    course_row: CourseTold | None


def explain_key(
    learner: Learner,
    node: KeyNode,
    found: Sequence[KeyFact],
    prerequisites: Mapping[str, Evidence],
    course: Sequence[tuple[KeyNode, Sequence[Attempt]]] | None,
) -> tuple[KeyTold, list[StatementTold]]:
    """The explanation, and the statements by (at, id).

    prerequisites: when the learner completed which nodes. course: of the course's own node, the other nodes and the
    attempts there.
    """
    settings = learner.settings
    facts = in_order([one.fact for one in found])
    in_force = rule_in_force(settings, node.iri, node.rule)
    verdict, sentence, explanation = explain(in_force.rule, facts, learner.context(node, prerequisites))
    attempts = attempts_of.fold(facts)
    grade = learner.grade(node, attempts, is_course=course is not None)
    keys = _attempt_keys(facts, attempts)
    row = None
    if course is not None:
        verdicts = (fact.event for fact in reversed(facts) if fact.event in (Event.PASSED, Event.FAILED))
        passed = next((event == Event.PASSED for event in verdicts), None)
        row = course_row_of(learner, course, verdict, None if grade is None else grade.score, passed)
    told = KeyTold(
        rule=RuleTold(as_json(in_force.rule), in_force.source, in_force.version, node.rule),
        verdict=verdict,
        sentence=sentence,
        explanation=explanation,
        grade=None if grade is None else _grade(grade, settings),
        attempts=_attempts(learner, node, attempts, grade, facts, keys, is_course=course is not None),
        course_row=row,
    )
    verbs = {one.fact.id: one.verb for one in found}
    return told, [_statement(fact, verbs[fact.id], key, verdict) for fact, key in zip(facts, keys, strict=True)]


def _grade(grade: NodeGrade, settings: CourseSettings) -> GradeTold:
    policy = settings.policy
    source = "override" if grade.policy == "override" else "default" if policy is None else "set"
    return GradeTold(source=source, version=0 if policy is None else policy.version, **grade._asdict())


def _attempt_keys(facts: Sequence[Fact], attempts: Sequence[Attempt]) -> list[str | None]:
    """Of each fact, in order, the key of the attempt that it belongs to. docs/read-models.md, section 7."""
    known = {one.attempt for one in attempts}
    return [key if key in known else None for key in attempts_of.keys_of(facts)]


def _attempts(
    learner: Learner,
    node: KeyNode,
    attempts: Sequence[Attempt],
    grade: NodeGrade | None,
    facts: Sequence[Fact],
    keys: Sequence[str | None],
    *,
    is_course: bool,
) -> list[AttemptTold]:
    most = learner.policy.of_node(node.iri, course_node=is_course).max_attempts
    ordered = sorted(attempts, key=lambda one: (one.started_at, one.attempt))
    groups: dict[str | None, list[Fact]] = defaultdict(list)
    for fact, key in zip(facts, keys, strict=True):
        groups[key].append(fact)
    told: list[AttemptTold] = []
    for number, one in enumerate(ordered):
        group = groups[one.attempt]
        scored = [fact.id for fact in group if fact.score is not None and is_scoring(fact.event, fact.score)]
        told.append(
            AttemptTold(
                attempt=one.attempt,
                started_at=one.started_at,
                submitted_at=one.submitted_at,
                score=one.score,
                score_suspect=one.score_suspect,
                success=one.success,
                duration=one.duration,
                statements=len(group),
                scored_by=scored[-1] if scored else None,
                counts=most is None or number < most,
                taken=grade is not None and grade.best_attempt == one.attempt,
            )
        )
    return told


def _statement(fact: Fact, verb: str, attempt: str | None, verdict: Verdict) -> StatementTold:
    return StatementTold(
        statement_id=fact.id,
        at=fact.at,
        verb=verb,
        event=fact.event,
        placement=fact.placement,
        attempt=attempt,
        score=fact.score,
        success=fact.success,
        completion=fact.completion,
        progress=fact.progress,
        duration=fact.duration,
        completes=fact.id == verdict.satisfied_by,
    )
