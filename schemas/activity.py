"""What was acted on, and how it is described, interactions included.

The rule of this file: an Activity is its id, and its definition is metadata about it (1.0.3 Data 2.4.4.1,
2.0.0 4.2.2.3). A definition with any interaction property has an interactionType, and of the component
lists only those that this type supports; within one list every id is distinct. The texts of response
patterns are not judged: the specification has the LRS leave them alone.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, NotRequired

from pydantic import AfterValidator, with_config
from typing_extensions import TypedDict

from schemas.clauses import Clause, broken
from schemas.extensions import Extensions
from schemas.identifiers import Iri, Irl
from schemas.language_map import LanguageMap, Text
from schemas.shape import STRICT

InteractionType = Literal[
    "true-false",
    "choice",
    "fill-in",
    "long-fill-in",
    "matching",
    "performance",
    "sequencing",
    "likert",
    "numeric",
    "other",
]

SUPPORTED: Final[dict[str, frozenset[str]]] = {
    "choice": frozenset({"choices"}),
    "sequencing": frozenset({"choices"}),
    "likert": frozenset({"scale"}),
    "matching": frozenset({"source", "target"}),
    "performance": frozenset({"steps"}),
}
"""The component lists that each interactionType supports; the types left out support none."""

COMPONENT_LISTS = ("choices", "scale", "source", "target", "steps")
_INTERACTION = frozenset({"interactionType", "correctResponsesPattern", *COMPONENT_LISTS})


@with_config(STRICT)
class InteractionComponent(TypedDict):
    """One choice, step, source, target or point of a scale."""

    id: Text
    description: NotRequired[LanguageMap]


def _distinct(components: list[InteractionComponent]) -> list[InteractionComponent]:
    seen: set[str] = set()
    for index, component in enumerate(components):
        if component["id"] in seen:
            raise broken("must differ from every other id of its list", Clause.ACTIVITY, index, "id")
        seen.add(component["id"])
    return components


Components = Annotated[list[InteractionComponent], AfterValidator(_distinct)]


@with_config(STRICT)
class DefinitionProperties(TypedDict):
    """What an Activity may be described by."""

    name: NotRequired[LanguageMap]
    description: NotRequired[LanguageMap]
    type: NotRequired[Iri]
    moreInfo: NotRequired[Irl]
    extensions: NotRequired[Extensions]
    interactionType: NotRequired[InteractionType]
    correctResponsesPattern: NotRequired[list[Text]]
    choices: NotRequired[Components]
    scale: NotRequired[Components]
    source: NotRequired[Components]
    target: NotRequired[Components]
    steps: NotRequired[Components]


def _interaction(value: Any) -> Any:
    if _INTERACTION.isdisjoint(value):
        return value
    if "interactionType" not in value:
        raise broken("must have an interactionType beside its interaction properties", Clause.ACTIVITY)
    supported = SUPPORTED.get(value["interactionType"], frozenset())
    for name in COMPONENT_LISTS:
        if name in value and name not in supported:
            raise broken(f"is no component list of {value['interactionType']}", Clause.ACTIVITY, name)
    return value


Definition = Annotated[DefinitionProperties, AfterValidator(_interaction)]


@with_config(STRICT)
class Activity(TypedDict):
    """An Activity, as it came."""

    objectType: NotRequired[Literal["Activity"]]
    id: Iri
    definition: NotRequired[Definition]
