"""What is set of courses and persons, as events of the log beside the statements. docs/rules.md, section 7.

The rule of this file: whatever decides what a statement means is an event, with who and when, so that the state at any
position follows from the two logs alone. An event is one of the kinds below and is refused, with every fault, before
it is recorded, and never after; a later one for the same thing replaces an earlier one, and null takes it away.
"""

from __future__ import annotations

from typing import Any, Final, Literal, Self

from pydantic import TypeAdapter, model_validator

from schemas.completion_rule import CompletionRule, Mark
from schemas.configuration_refusal import (
    BoundedIri,
    Configured,
    Line,
    Person,
    Text,
    ZonedTimestamp,
    broken,
    read,
    refuse,
    shaped,
)
from schemas.course_outline import CourseOutline, check_outline
from schemas.errors import Violation
from schemas.grade_policy import GradePolicy
from schemas.prerequisites import prerequisites_of
from schemas.refusals import shown, written

CLAUSE: Final = "Rules 7"
ContentType = Literal["media", "assessment", "document", "content"]


class _Event(Configured):
    """by: who set it. The log says when, and in which order. reason: in their words."""

    by: Line
    reason: Text | None = None


class OutlineSet(_Event):
    """The whole outline of a course; null leaves the course to what its statements say."""

    course: BoundedIri
    outline: CourseOutline | None

    @model_validator(mode="after")
    def _is_of_its_course(self) -> Self:
        if self.outline is not None and self.outline.course != self.course:
            raise broken("must be the course of the event", "outline", "course")
        return self


class RuleSet(_Event):
    """The completion rule of a node, or of a content type of the course; null leaves the node to its default."""

    course: BoundedIri
    node: BoundedIri | None = None
    content_type: ContentType | None = None
    rule: CompletionRule | None

    @model_validator(mode="after")
    def _is_for_one(self) -> Self:
        if (self.node is None) == (self.content_type is None):
            raise broken("must be for a node or for a content type, and not for both")
        return self


class PolicySet(_Event):
    """The grade policy of a course; null is the default."""

    course: BoundedIri
    policy: GradePolicy | None


class DueDateSet(_Event):
    """When a node is due: for everyone, or for one person; null takes it away."""

    course: BoundedIri
    node: BoundedIri
    person: Person | None = None
    due_at: ZonedTimestamp | None


class MappingSet(_Event):
    """Where an activity belongs, whatever its statements say; a null course takes the mapping away.

    module: the node that it stands in. node: the outline's node that it is, where its statements use another id.
    """

    activity: BoundedIri
    course: BoundedIri | None
    module: BoundedIri | None = None
    node: BoundedIri | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        for name in ("module", "node"):
            if getattr(self, name) is not None and self.course is None:
                raise broken("is of use only beside a course", name)
        if self.module == self.activity:
            raise broken("must not be the activity itself", "module")
        return self


class CompletionOverridden(_Event):
    """Whether a person has completed a node, whatever the rule says; null leaves it to the rule."""

    course: BoundedIri
    node: BoundedIri
    person: Person
    completed: bool | None


class GradeOverridden(_Event):
    """The grade of a person for a node, or that it is excused; neither leaves it to the policy."""

    course: BoundedIri
    node: BoundedIri
    person: Person
    score: Mark | None = None
    excused: bool = False

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if self.excused and self.score is not None:
            raise broken("must not be given beside excused", "score")
        return self


class PersonMerged(_Event):
    """Two identifiers are one person's: what is said of `person` counts for `into`."""

    person: Person
    into: Person

    @model_validator(mode="after")
    def _are_two(self) -> Self:
        if self.person == self.into:
            raise broken("must be another person", "into")
        return self


class PersonUnmerged(_Event):
    """The identifier is a person's own again."""

    person: Person


ConfigurationEvent = (
    OutlineSet
    | RuleSet
    | PolicySet
    | DueDateSet
    | MappingSet
    | CompletionOverridden
    | GradeOverridden
    | PersonMerged
    | PersonUnmerged
)
KINDS: Final[dict[str, type[ConfigurationEvent]]] = {
    "outline.set": OutlineSet,
    "rule.set": RuleSet,
    "policy.set": PolicySet,
    "due.set": DueDateSet,
    "mapping.set": MappingSet,
    "completion.overridden": CompletionOverridden,
    "grade.overridden": GradeOverridden,
    "person.merged": PersonMerged,
    "person.unmerged": PersonUnmerged,
}
"""The kinds of control events that configure, and the shape of each one's payload."""
_KIND_OF: Final = {shape: kind for kind, shape in KINDS.items()}
_ADAPTERS: Final[dict[str, TypeAdapter[ConfigurationEvent]]] = {
    kind: TypeAdapter(shape) for kind, shape in KINDS.items()
}


def read_configuration_event(kind: str, payload: Any) -> ConfigurationEvent:
    """The event that a payload says. Raises ConfigurationRefused, with every fault."""
    if kind not in KINDS:
        rule = f"must be one of {', '.join(KINDS)}"
        refuse([Violation("kind", rule, CLAUSE, shown(kind))])
    event = read(_ADAPTERS[kind], payload, CLAUSE)
    if isinstance(event, OutlineSet) and event.outline is not None:
        refuse(check_outline(event.outline, ("outline",)))
    if isinstance(event, RuleSet) and event.rule is not None and event.content_type is not None:
        refuse(
            Violation(written(("rule", *path)), "may be in the rule of a node only", CLAUSE, shown(node))
            for path, node in prerequisites_of(event.rule)
        )
    return event


def read_recorded_event(kind: str, payload: Any) -> ConfigurationEvent:
    """The event that was recorded: it was judged then, and no check that came later takes it back."""
    return shaped(_ADAPTERS[kind], payload, CLAUSE)


def kind_of(event: ConfigurationEvent) -> str:
    """The kind under which the event is recorded."""
    return _KIND_OF[type(event)]
