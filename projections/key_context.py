"""Whom and what an explanation is about: a learner, what is set of the course, a node, and the facts there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from projections.attempt import Attempt
from projections.course_configuration import CourseSettings, due_at
from projections.fact import Fact
from projections.grade_evaluation import GradedItem, GradeOverride, NodeGrade, grade_node
from projections.outline_node import OutlineNode
from projections.rule_evaluation import Override, RuleContext
from projections.rule_facts import Evidence
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

    def context(self, node: KeyNode | OutlineNode, prerequisites: Mapping[str, Evidence]) -> RuleContext:
        """What the rule of a node needs beside the facts. prerequisites: when the learner completed which nodes."""
        said = self.settings.completions.get((self.ifi, node.iri))
        return RuleContext(
            node_type=node.type,
            pass_mark=self.pass_mark(node.iri),
            due_at=self.due(node.iri),
            prerequisites=prerequisites,
            override=None if said is None else Override(said.value, said.at),
            now=self.now,
        )

    def grade(self, node: KeyNode | OutlineNode, attempts: Sequence[Attempt], *, is_course: bool) -> NodeGrade | None:
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

    def item(self, node: str, score: float | None) -> GradedItem:
        """A node that counts for the grade of the course."""
        known = self.settings.nodes.get(node)
        said = self.settings.grades.get((self.ifi, node))
        return GradedItem(
            node=node,
            score=score,
            weight=1.0 if known is None or known.weight is None else known.weight,
            category=None if known is None else known.category,
            due_at=self.due(node),
            excused=said is not None and said.value.excused,
        )
