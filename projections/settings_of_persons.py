"""What is set of persons, whichever of their identifiers it was set for.

The rule of this file: of what is set for several identifiers of one person, the later one counts. docs/rules.md,
section 7.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from projections.course_configuration import Configuration, CourseSettings, Said

_Value = TypeVar("_Value")
_Key = TypeVar("_Key")


def settings_for_everyone(configuration: Configuration, course: str) -> CourseSettings:
    """What is set of a course, each person's under the identifier that the others count for."""
    settings = configuration.course(course)
    if not configuration.merges:
        return settings
    end = configuration.person
    return replace(
        settings,
        due=_latest(((node, None if one is None else end(one)), said) for (node, one), said in settings.due.items()),
        completions=_latest(((end(one), node), said) for (one, node), said in settings.completions.items()),
        grades=_latest(((end(one), node), said) for (one, node), said in settings.grades.items()),
    )


def settings_for(configuration: Configuration, course: str, person: str) -> CourseSettings:
    """A copy of what is set of a course, and of the person alone, by this identifier of theirs."""
    last = configuration.person(person)
    settings = settings_for_everyone(configuration, course).copy()
    return replace(
        settings,
        due={
            (node, None if one is None else person): said
            for (node, one), said in settings.due.items()
            if one is None or one == last
        },
        completions={(person, node): said for (one, node), said in settings.completions.items() if one == last},
        grades={(person, node): said for (one, node), said in settings.grades.items() if one == last},
    )


def _latest(pairs: Iterable[tuple[_Key, Said[_Value]]]) -> dict[_Key, Said[_Value]]:
    found: dict[_Key, Said[_Value]] = {}
    for key, said in pairs:
        if key not in found or found[key].position < said.position:
            found[key] = said
    return found
