"""What is set at a position of the log: outlines, rules, policies, due dates, mappings, overrides, merged persons.

The rule of this file: the configuration is a function of the set of control events up to the position. They are taken
in order of position, however they come and however often; of two for the same thing the later one counts.
docs/rules.md, section 7.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from schemas.completion_rule import DEFAULTS, CompletionRule
from schemas.configuration_refusal import refuse
from schemas.course_configuration import (
    CLAUSE,
    KINDS,
    CompletionOverridden,
    ConfigurationEvent,
    DueDateSet,
    GradeOverridden,
    MappingSet,
    OutlineSet,
    PersonMerged,
    PersonUnmerged,
    PolicySet,
    RuleSet,
    read_recorded_event,
)
from schemas.course_outline import CourseOutline, OutlineNode, check_outline, placed, rules_of
from schemas.errors import Violation
from schemas.grade_policy import GradePolicy, check_policy
from schemas.log_event import ControlEvent
from schemas.prerequisites import check_prerequisites
from schemas.refusals import shown
from schemas.timestamp import instant_of

_Value = TypeVar("_Value")
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Said(Generic[_Value]):
    """Something that is set: by whom, when, at which position, and as which version of its course (0: of none)."""

    value: _Value
    by: str
    at: datetime
    position: int
    version: int


@dataclass(slots=True)
class CourseSettings:
    """All that is set of one course. version: how many events have set something of it.

    nodes: of the outline, by id. rules: by node; type_rules: by content type; due: by node and person (None:
    everyone); completions and grades: by person and node.
    """

    version: int = 0
    outline: Said[CourseOutline] | None = None
    nodes: dict[str, OutlineNode] = field(default_factory=dict)
    policy: Said[GradePolicy] | None = None
    rules: dict[str, Said[CompletionRule]] = field(default_factory=dict)
    type_rules: dict[str, Said[CompletionRule]] = field(default_factory=dict)
    due: dict[tuple[str, str | None], Said[datetime]] = field(default_factory=dict)
    completions: dict[tuple[str, str], Said[bool]] = field(default_factory=dict)
    grades: dict[tuple[str, str], Said[GradeOverridden]] = field(default_factory=dict)

    def copy(self) -> "CourseSettings":
        """As it is now, whatever is set later; what it holds is never changed."""
        copied: dict[str, Any] = {
            name: dict(getattr(self, name)) for name in ("rules", "type_rules", "due", "completions", "grades")
        }
        return replace(self, **copied)


@dataclass(slots=True)
class Configuration:
    """All that is set at a position, by course; mappings by activity; merges by the person that counts for another."""

    position: int = 0
    courses: dict[str, CourseSettings] = field(default_factory=dict)
    mappings: dict[str, Said[MappingSet]] = field(default_factory=dict)
    merges: dict[str, Said[str]] = field(default_factory=dict)

    def course(self, course: str) -> CourseSettings:
        """What is set of a course; of one that nobody has set anything of, nothing."""
        return self.courses.get(course) or CourseSettings()

    def of_course(self, course: str) -> "Configuration":
        """A copy of what is set of a course and of activities, for who reads it beside the event loop."""
        return Configuration(self.position, {course: self.course(course).copy()}, dict(self.mappings))

    def persons(self, person: str) -> list[str]:
        """The identifier, and those that it counts for one after the other."""
        found = [person]
        while found[-1] in self.merges:
            found.append(self.merges[found[-1]].value)
        return found

    def person(self, person: str) -> str:
        """The person that this identifier counts for."""
        return self.persons(person)[-1]


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """The rule that judges a node. source: `set`, `outline`, `content type` or `default`; version: of its course."""

    rule: CompletionRule
    source: str
    version: int


def fold(events: Iterable[ControlEvent], until: int | None = None) -> Configuration:
    """The configuration at position `until`, or after all these events; those of other kinds count for nothing."""
    known = {event.position: event for event in events if event.kind in KINDS}
    configuration = Configuration()
    for position in sorted(known):
        if until is None or position <= until:
            apply(configuration, known[position])
    return configuration


def apply(configuration: Configuration, recorded: ControlEvent) -> None:
    """Take in the next event of a configuring kind; one that was taken in already changes nothing."""
    if recorded.position > configuration.position:
        take_in(configuration, recorded, read_recorded_event(recorded.kind, recorded.payload))


def take_in(configuration: Configuration, recorded: ControlEvent, event: ConfigurationEvent) -> None:
    """As `apply`, for who knows already what event it is that was recorded."""
    if recorded.position <= configuration.position:
        return
    configuration.position = recorded.position
    match event:
        case PersonMerged():
            if event.person not in configuration.persons(event.into):  # a ring would make nobody of them
                configuration.merges[event.person] = _said(event.into, event, recorded, 0)
        case PersonUnmerged():
            configuration.merges.pop(event.person, None)
        case MappingSet():
            _map(configuration, event, recorded)
        case _:
            settings = configuration.courses.setdefault(event.course, CourseSettings())
            settings.version += 1
            _set(settings, event, recorded)


def _map(configuration: Configuration, event: MappingSet, recorded: ControlEvent) -> None:
    earlier = configuration.mappings.pop(event.activity, None)
    for course in {event.course, None if earlier is None else earlier.value.course} - {None}:
        configuration.courses.setdefault(str(course), CourseSettings()).version += 1
    if event.course is not None:
        version = configuration.courses[event.course].version
        configuration.mappings[event.activity] = _said(event, event, recorded, version)


def _set(
    settings: CourseSettings,
    event: OutlineSet | RuleSet | PolicySet | DueDateSet | CompletionOverridden | GradeOverridden,
    recorded: ControlEvent,
) -> None:
    def said(value: _Value) -> Said[_Value]:
        return _said(value, event, recorded, settings.version)

    match event:
        case OutlineSet():
            settings.outline = None if event.outline is None else said(event.outline)
            settings.nodes = {} if event.outline is None else {one.node.id: one.node for one in placed(event.outline)}
        case PolicySet():
            settings.policy = None if event.policy is None else said(event.policy)
        case RuleSet(node=None, content_type=str(content_type)):
            _put(settings.type_rules, content_type, None if event.rule is None else said(event.rule))
        case RuleSet():
            _put(settings.rules, event.node or "", None if event.rule is None else said(event.rule))
        case DueDateSet():
            due = None if event.due_at is None else said(instant_of(event.due_at))
            _put(settings.due, (event.node, event.person), due)
        case CompletionOverridden():
            completed = None if event.completed is None else said(event.completed)
            _put(settings.completions, (event.person, event.node), completed)
        case GradeOverridden():
            nothing = event.score is None and not event.excused
            _put(settings.grades, (event.person, event.node), None if nothing else said(event))


def _put(where: dict[_Key, _Value], key: _Key, value: _Value | None) -> None:
    if value is None:
        where.pop(key, None)
    else:
        where[key] = value


def _said(value: _Value, event: ConfigurationEvent, recorded: ControlEvent, version: int) -> Said[_Value]:
    return Said(value, event.by, recorded.recorded, recorded.position, version)


def rule_in_force(settings: CourseSettings, node: str, default: str) -> RuleInForce:
    """The rule of a node: set for it, of the outline, set for its content type, or the default of this name.

    A node whose default is `none` never takes the rule of a content type.
    """
    set_ = settings.rules.get(node)
    if set_ is not None:
        return RuleInForce(set_.value, "set", set_.version)
    if settings.outline is not None:
        outline = settings.outline.value
        of_outline = outline.rule if node == outline.course else _rule_of(settings.nodes.get(node))
        if of_outline is not None:
            return RuleInForce(of_outline, "outline", settings.outline.version)
    of_type = settings.type_rules.get(default)
    if of_type is not None:
        return RuleInForce(of_type.value, "content type", of_type.version)
    return RuleInForce(DEFAULTS[default], "default", 0)


def _rule_of(node: OutlineNode | None) -> CompletionRule | None:
    return None if node is None else node.rule


def due_at(settings: CourseSettings, node: str, person: str) -> datetime | None:
    """When a node is due for a person: as set for them, as set for everyone, or as the outline says."""
    said = settings.due.get((node, person)) or settings.due.get((node, None))
    if said is not None:
        return said.value
    known = settings.nodes.get(node)
    return None if known is None or known.due_at is None else instant_of(known.due_at)


def refuse_unfit(configuration: Configuration, event: ConfigurationEvent, heard: frozenset[str] = frozenset()) -> None:
    """Raises ConfigurationRefused where an event cannot follow what is set already, also by what it takes away.

    heard: the nodes that statements have told of the event's course; they count as its outline where none is set.
    """
    refuse(_unfit(configuration, event, heard))


def _unfit(configuration: Configuration, event: ConfigurationEvent, heard: frozenset[str]) -> Iterator[Violation]:
    if isinstance(event, PersonMerged):
        if configuration.person(event.into) == configuration.person(event.person):
            yield Violation("into", "must not be the same person already", CLAUSE, shown(event.into))
        return
    if isinstance(event, PersonUnmerged | MappingSet):
        return
    settings = configuration.course(event.course)
    outline = None if settings.outline is None else settings.outline.value
    known = (heard if outline is None else frozenset(settings.nodes)) | {event.course}
    set_rules = {node: said.value for node, said in settings.rules.items()}
    match event:
        case OutlineSet() if event.outline is not None:
            yield from check_outline(event.outline, ("outline",), set_rules)
        case OutlineSet():
            left = dict.fromkeys(set_rules, ("outline", "rule"))
            yield from check_prerequisites(set_rules, heard | {event.course}, left)
        case RuleSet(node=str(node)):
            set_rules.pop(node, None)
            said = {} if event.rule is None else {node: event.rule}
            rules = ({} if outline is None else rules_of(outline)) | set_rules | said
            yield from check_prerequisites(rules, known, {node: ("rule",)})
        case RuleSet(rule=None, node=str(node)) if outline is not None:  # the outline's own rule is in force then
            rules = rules_of(outline) | {name: rule for name, rule in set_rules.items() if name != node}
            yield from check_prerequisites(rules, known, {node: ("rule",)})
        case PolicySet() if event.policy is not None:
            categories = {name: node.category for name, node in settings.nodes.items() if node.category is not None}
            yield from check_policy(event.policy, known, categories, ("policy",))
