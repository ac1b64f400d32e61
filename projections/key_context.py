"""Whom and what an explanation is about: a learner, what is set of the course, a node, and the facts there."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from projections.attempt import Attempt
from projections.course_configuration import CourseSettings, due_at
from projections.fact import Fact
from projections.grade_evaluation import GradeOverride, NodeGrade, grade_node
from schemas.grade_policy import GradePolicy


class KeyNode(NamedTuple):
    """The outline's node, and how far the learner is with it. state: null where there is no row of that."""

    node: UUID
    iri: str
    title: str | None
    type: str | None
    kind: str
    rule: str
    required: bool
    graded: bool
    state: str | None
    fraction: float
    completed_at: datetime | None
    satisfied_by: UUID | None


class KeyFact(NamedTuple):
    """A fact, and the IRI of its verb."""

    fact: Fact
    verb: str


class Learner(NamedTuple):
    """Whom it is about, what is set of the course, and the clock of the log."""

    ifi: str
    settings: CourseSettings
    now: datetime | None

    @property
    def policy(self) -> GradePolicy:
        """Of the course."""
        return GradePolicy() if self.settings.policy is None else self.settings.policy.value

    def pass_mark(self, node: str) -> float:
        """Of a node: its own, or the policy's."""
        known = self.settings.nodes.get(node)
        return self.policy.pass_mark if known is None or known.pass_mark is None else known.pass_mark

    def due(self, node: str) -> datetime | None:
        """When a node is due."""
        return due_at(self.settings, node, self.ifi)

    def grade(self, node: KeyNode, attempts: Sequence[Attempt], *, is_course: bool) -> NodeGrade | None:
        """Of a node."""
        said = self.settings.grades.get((self.ifi, node.iri))
        return grade_node(
            attempts,
            self.policy.of_node(node.iri, course_node=is_course),
            counts=node.required and not is_course,
            pass_mark=self.pass_mark(node.iri),
            due_at=self.due(node.iri),
            override=None if said is None else GradeOverride(said.value.score, said.value.excused),
        )
