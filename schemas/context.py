"""Around what it happened.

The rule of this file: 2.0.0 adds contextAgents and contextGroups to what 1.0.3 has, and takes nothing away
(1.0.3 Data 2.4.6, 2.0.0 4.2.2.5). A value of contextActivities is an array of Activities or a single one,
and is kept as it came. That revision and platform need an Activity as the object is a rule of the statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, Tag, with_config
from typing_extensions import TypedDict

from schemas.activity import Activity
from schemas.actor import Actor, Agent, Group
from schemas.extensions import Extensions
from schemas.identifiers import Iri, UuidText
from schemas.language_map import LanguageTag, Text
from schemas.shape import MARK, STRICT, one_or_many

_ONE, _MANY = MARK + "one", MARK + "many"

Activities = Annotated[Annotated[Activity, Tag(_ONE)] | Annotated[list[Activity], Tag(_MANY)], one_or_many(_ONE, _MANY)]
"""An array of Activities, or one Activity as 0.95 had it."""


@with_config(STRICT)
class ContextActivities(TypedDict):
    """Activities by the way they relate to the statement."""

    parent: NotRequired[Activities]
    grouping: NotRequired[Activities]
    category: NotRequired[Activities]
    other: NotRequired[Activities]


def activities_in(context_activities: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every Activity of contextActivities; a single one counts as an array of it (1.0.3 Data 2.4.6.2)."""
    for members in context_activities.values():
        yield from (members,) if isinstance(members, Mapping) else members


@with_config(STRICT)
class StatementRef(TypedDict):
    """A pointer to another statement, which need not be here (1.0.3 Data 2.4.4.3)."""

    objectType: Literal["StatementRef"]
    id: UuidText


RelevantTypes = Annotated[list[Iri], Field(min_length=1)]


@with_config(STRICT)
class ContextAgent(TypedDict):
    """An Agent that matters to the statement, and in what capacity (2.0.0 4.2.2.5)."""

    objectType: Literal["contextAgent"]
    agent: Agent
    relevantTypes: NotRequired[RelevantTypes]


@with_config(STRICT)
class ContextGroup(TypedDict):
    """A Group that matters to the statement, and in what capacity (2.0.0 4.2.2.5)."""

    objectType: Literal["contextGroup"]
    group: Group
    relevantTypes: NotRequired[RelevantTypes]


@with_config(STRICT)
class Context103(TypedDict):
    """The context of a 1.0.3 statement; every property is optional."""

    registration: NotRequired[UuidText]
    instructor: NotRequired[Actor]
    team: NotRequired[Group]
    contextActivities: NotRequired[ContextActivities]
    revision: NotRequired[Text]
    platform: NotRequired[Text]
    language: NotRequired[LanguageTag]
    statement: NotRequired[StatementRef]
    extensions: NotRequired[Extensions]


@with_config(STRICT)
class Context(Context103):
    """The context of a 2.0.0 statement; every property is optional."""

    contextAgents: NotRequired[list[ContextAgent]]
    contextGroups: NotRequired[list[ContextGroup]]
