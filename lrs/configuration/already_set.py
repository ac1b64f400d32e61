"""Whether what an event would set is what is set: then nothing is recorded, however often it is asked for."""

from typing import Any

from projections.course_configuration import Configuration, CourseSettings, Said
from schemas.course_configuration import (
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
)
from schemas.timestamp import instant_of


def is_set(configuration: Configuration, event: ConfigurationEvent) -> bool:
    """Whether the event would change nothing. Who set it, and why, makes no difference."""
    match event:
        case PersonMerged():
            return bool(_value(configuration.merges.get(event.person)) == event.into)
        case PersonUnmerged():
            return event.person not in configuration.merges
        case MappingSet():
            return _place(_value(configuration.mappings.get(event.activity))) == _place(event)
        case _:
            return _is_set_of(configuration.course(event.course), event)


def _is_set_of(
    settings: CourseSettings,
    event: OutlineSet | RuleSet | PolicySet | DueDateSet | CompletionOverridden | GradeOverridden,
) -> bool:
    match event:
        case OutlineSet():
            return bool(_value(settings.outline) == event.outline)
        case PolicySet():
            return bool(_value(settings.policy) == event.policy)
        case RuleSet(node=None):
            return bool(_value(settings.type_rules.get(event.content_type or "")) == event.rule)
        case RuleSet():
            return bool(_value(settings.rules.get(event.node or "")) == event.rule)
        case DueDateSet():
            due = None if event.due_at is None else instant_of(event.due_at)
            return bool(_value(settings.due.get((event.node, event.person))) == due)
        case CompletionOverridden():
            return _value(settings.completions.get((event.person, event.node))) is event.completed
        case GradeOverridden():
            return _grade(_value(settings.grades.get((event.person, event.node)))) == _grade(event)


def _value(said: Said[Any] | None) -> Any:
    return None if said is None else said.value


def _place(mapping: MappingSet | None) -> tuple[str, str | None, str | None] | None:
    if mapping is None or mapping.course is None:
        return None
    return mapping.course, mapping.module, mapping.node


def _grade(override: GradeOverridden | None) -> tuple[float | None, bool]:
    return (None, False) if override is None else (override.score, override.excused)
