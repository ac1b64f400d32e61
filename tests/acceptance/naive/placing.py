"""The rule of this file: where one statement belongs, by itself and by the mappings that are set.

Section 4 of docs/read-models.md, section 9 of docs/rules.md.
"""

from dataclasses import dataclass, replace
from typing import Any

from . import vocabulary


@dataclass(frozen=True)
class Activity:
    """What one statement says of an activity; `level` is None where neither type nor identifier gives one."""

    id: str
    type: str | None = None
    title: str | None = None
    mapped: bool = False

    @property
    def level(self) -> str | None:
        return vocabulary.level(self.id, self.type)

    @property
    def level_around(self) -> str | None:
        """As an ancestor."""
        if self.mapped:
            return "module" if self.level == "course" else self.level or "unit"
        return self.level


@dataclass(frozen=True)
class Placed:
    """modules: of activities that are mapped into one, in which."""

    node: Activity | None
    course: Activity | None
    placement: str
    context: tuple[Activity, ...]
    modules: dict[str, str]


def is_typed(activity: Activity | None, types: set[str]) -> bool:
    return activity is not None and activity.type in types


def place(
    target: Activity | None,
    parents: tuple[Activity, ...],
    grouping: tuple[Activity, ...],
    mappings: dict[str, dict[str, Any]],
) -> Placed:
    """By mappings, else by the steps 1 to 3 of section 4."""
    context = parents + grouping
    node = target
    if is_typed(target, {vocabulary.ATTEMPT_TYPE}):
        node = next((activity for activity in context if activity.level == "unit"), None)
    if target is not None:
        looked_for = [one for one in (target, node, *context) if one is not None]
        mapped = [mappings[one.id] for one in looked_for if one.id in mappings]
        if mapped:
            own = {
                one.id: mappings[one.id]
                for one in looked_for
                if mappings.get(one.id, {}).get("course") == mapped[0]["course"]
            }
            return place_by_mapping(target, context, mapped[0]["course"], own)
    if target is None or node is None:
        return Placed(None, None, "unassigned", context, {})
    is_course = target.type in vocabulary.COURSE_TYPES
    for activity in parents if is_course else context:
        if activity.type in vocabulary.COURSE_TYPES:
            return Placed(node, activity, "context", context, {})
    if is_course:
        return Placed(node, target, "object", context, {})
    match = vocabulary.OPEN_EDX_BLOCK.match(node.id)
    if match:
        base, _, ccx_block, scheme, key, _ = match.groups()
        prefix = "ccx-v1:" if ccx_block or scheme == "ccx-v1:" else "course-v1:"
        course = Activity(base + ("course/" if base else "") + prefix + key)
        return Placed(node, course, "identifier", context, {})
    return Placed(node, None, "unassigned", context, {})


def place_by_mapping(
    target: Activity, context: tuple[Activity, ...], course: str, own: dict[str, dict[str, Any]]
) -> Placed:
    """`own`: the mappings to this course of what the statement is about, in the order in which they are looked for."""
    modules: dict[str, str | None] = {}
    for iri, said in own.items():
        modules.setdefault(said.get("node") or iri, said.get("module"))

    def told(one: Activity) -> Activity:
        iri = own.get(one.id, {}).get("node") or one.id
        return replace(one, id=iri, mapped=iri in modules)

    around = tuple(told(one) for one in context)
    node: Activity | None = told(target)
    if is_typed(target, {vocabulary.ATTEMPT_TYPE}):
        units = [one for one in around if one.level_around == "unit"]
        itself = Activity(told(target).id)
        if itself.id in {said.get("node") for said in own.values()}:
            node = itself
        elif units:
            node = units[0]
        else:
            node = itself if itself.id in modules else None
    if node is None:
        return Placed(None, None, "unassigned", around, {})
    of_course = next((one for one in around if one.id == course), Activity(course))
    stand = {iri: module for iri, module in modules.items() if module is not None}
    return Placed(node, of_course, "mapping", around, stand)
