"""The configuration as it is answered: each thing that is set, by its id and its text, with who set it and when.

The rule of this file: an instant is in UTC, a rule, policy or outline is the JSON that it was set with, and whatever is
set of a course has the version that setting it gave to the course.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from projections.course_configuration import Configuration, CourseSettings, Said, rule_in_force
from projections.fact import name_of
from schemas.completion_rule import DEFAULTS
from schemas.configuration_refusal import as_json
from schemas.course_configuration import MappingSet
from schemas.grade_policy import GradePolicy
from schemas.log_event import ControlEvent


class Named(Struct, frozen=True):
    """An id and the IRI that it stands for."""

    id: UUID
    iri: str


class Identified(Struct, frozen=True):
    """An id and the identifier that it stands for."""

    id: UUID
    identifier: str


class Origin(Struct, frozen=True):
    """Who set something, when, at which position, and as which version of its course."""

    by: str
    recorded: datetime
    position: int
    version: int


class RuleInForce(Struct, frozen=True, omit_defaults=True):
    """source: `set`, `outline`, `content type` or `default`, which nobody set."""

    rule: dict[str, Any]
    source: str
    node: Named | None = None
    content_type: str | None = None
    set: Origin | None = None


class PolicyInForce(Struct, frozen=True, omit_defaults=True):
    """source: `set`, or `default`, which nobody set."""

    policy: dict[str, Any]
    source: str
    set: Origin | None = None


class SetOutline(Struct, frozen=True):
    """A whole outline."""

    outline: dict[str, Any]
    set: Origin


class SetDue(Struct, frozen=True, omit_defaults=True):
    """When a node is due; without a person, for everyone."""

    node: Named
    due_at: datetime
    set: Origin
    person: Identified | None = None


class SetOverride(Struct, frozen=True, omit_defaults=True):
    """What somebody entitled says of a learner on a node."""

    node: Named
    person: Identified
    set: Origin
    completed: bool | None = None
    score: float | None = None
    excused: bool = False


class Mapping(Struct, frozen=True, omit_defaults=True):
    """Where an activity belongs."""

    activity: Named
    course: Named
    set: Origin
    module: Named | None = None
    node: Named | None = None


class MergedPerson(Struct, frozen=True):
    """A person that counts for another."""

    person: Identified
    into: Identified
    set: Origin


class CourseConfiguration(Struct, frozen=True):
    """All that is set of a course; version: how often something was."""

    course: Named
    version: int
    position: int
    outline: SetOutline | None
    policy: PolicyInForce | None
    rules: list[RuleInForce]
    due: list[SetDue]
    overrides: list[SetOverride]
    mappings: list[Mapping]


class TenantConfiguration(Struct, frozen=True):
    """What is set beside the courses, and of which courses something is."""

    position: int
    courses: list[Named]
    mappings: list[Mapping]
    merges: list[MergedPerson]


class HistoryEvent(Struct, frozen=True):
    """One event; `what` without who and why. Of an outline it has the title and the source."""

    position: int
    recorded: datetime
    kind: str
    by: str
    reason: str | None
    what: dict[str, Any]


class History(Struct, frozen=True):
    """Events, the newest first; more: the path of those before them, empty where there are none."""

    events: list[HistoryEvent]
    more: str


def named(iri: str) -> Named:
    """An IRI with its id."""
    return Named(name_of(iri), iri)


def identified(identifier: str) -> Identified:
    """An identifier with its id."""
    return Identified(name_of(identifier), identifier)


def origin(said: Said[Any]) -> Origin:
    """Who said it."""
    return Origin(said.by, said.at.astimezone(UTC), said.position, said.version)


def rule_of_node(settings: CourseSettings, node: str, default: str) -> RuleInForce:
    """The rule that judges a node whose default is the one of this name."""
    found = rule_in_force(settings, node, default)
    said = {
        "set": settings.rules.get(node),
        "outline": settings.outline,
        "content type": settings.type_rules.get(default),
    }
    told = said.get(found.source)
    return RuleInForce(as_json(found.rule), found.source, named(node), default, None if told is None else origin(told))


def rule_of_type(settings: CourseSettings, content_type: str) -> RuleInForce:
    """The rule of a content type."""
    said = settings.type_rules.get(content_type)
    if said is None:
        return RuleInForce(as_json(DEFAULTS[content_type]), "default", content_type=content_type)
    return RuleInForce(as_json(said.value), "content type", content_type=content_type, set=origin(said))


def policy_of(settings: CourseSettings) -> PolicyInForce:
    """The policy of a course."""
    if settings.policy is None:
        return PolicyInForce(as_json(GradePolicy()), "default")
    return PolicyInForce(as_json(settings.policy.value), "set", origin(settings.policy))


def course_configuration(configuration: Configuration, course: str) -> CourseConfiguration:
    """All of a course."""
    settings = configuration.course(course)
    outline = settings.outline
    return CourseConfiguration(
        course=named(course),
        version=settings.version,
        position=configuration.position,
        outline=None if outline is None else SetOutline(as_json(outline.value), origin(outline)),
        policy=None if settings.policy is None else policy_of(settings),
        rules=[rule_of_type(settings, one) for one in sorted(settings.type_rules)]
        + [
            RuleInForce(as_json(said.value), "set", named(node), set=origin(said))
            for node, said in sorted(settings.rules.items())
        ],
        due=[
            SetDue(
                named(node), said.value.astimezone(UTC), origin(said), None if person is None else identified(person)
            )
            for (node, person), said in sorted(settings.due.items(), key=lambda one: (one[0][0], one[0][1] or ""))
        ],
        overrides=_overrides(settings),
        mappings=[one for one in _mappings(configuration) if one.course.iri == course],
    )


def tenant_configuration(configuration: Configuration) -> TenantConfiguration:
    """All that is of no one course."""
    return TenantConfiguration(
        position=configuration.position,
        courses=[named(course) for course in sorted(configuration.courses)],
        mappings=_mappings(configuration),
        merges=[
            MergedPerson(identified(person), identified(said.value), origin(said))
            for person, said in sorted(configuration.merges.items())
        ],
    )


def mapping(said: Said[MappingSet]) -> Mapping:
    """One mapping that is set."""
    value = said.value
    assert value.course is not None
    return Mapping(
        activity=named(value.activity),
        course=named(value.course),
        set=origin(said),
        module=None if value.module is None else named(value.module),
        node=None if value.node is None else named(value.node),
    )


def history_event(event: ControlEvent) -> HistoryEvent:
    """An event as the log has it."""
    said = dict(event.payload)
    by, reason = said.pop("by"), said.pop("reason", None)
    return HistoryEvent(event.position, event.recorded.astimezone(UTC), event.kind, by, reason, said)


def _mappings(configuration: Configuration) -> list[Mapping]:
    return [mapping(said) for _, said in sorted(configuration.mappings.items())]


def _overrides(settings: CourseSettings) -> list[SetOverride]:
    completions = [
        (person, node, SetOverride(named(node), identified(person), origin(said), completed=said.value))
        for (person, node), said in settings.completions.items()
    ]
    grades = [
        (
            person,
            node,
            SetOverride(
                named(node), identified(person), origin(said), score=said.value.score, excused=said.value.excused
            ),
        )
        for (person, node), said in settings.grades.items()
    ]
    return [one for _, _, one in sorted(completions + grades, key=lambda one: one[:2])]
