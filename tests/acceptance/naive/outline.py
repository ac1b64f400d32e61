"""The rule of this file: the outline of a course is what the facts claim, the last claim winning.

Claims of section 4, completion rule, `required` and `graded` of section 5.
"""

from dataclasses import dataclass, replace
from typing import Any

from . import vocabulary
from .configuration import Settings
from .facts import Fact
from .placing import Activity


@dataclass(frozen=True)
class Claim:
    type: str | None
    title: str | None
    parent: str | None
    is_module: bool = False


def claimed_title(activity: Activity) -> str | None:
    if not activity.title or activity.title.casefold() in vocabulary.GENERIC_TITLES:
        return None
    return activity.title


def h5p_base(iri: str) -> str | None:
    """The identifier without its query parameter subContentId, all else kept; None where it has none."""
    before, hash_sign, fragment = iri.partition("#")
    path, _, query = before.partition("?")
    parameters = query.split("&")
    kept = [one for one in parameters if one.partition("=")[0] != "subContentId"]
    if len(kept) == len(parameters):
        return None
    return path + ("?" + "&".join(kept) if kept else "") + hash_sign + fragment


def claims_of(fact: Fact) -> dict[str, Claim]:
    """What one fact with a course claims, one claim per activity: node, course, ancestors."""
    assert fact.course is not None
    assert fact.node is not None
    course, node = fact.course, fact.node
    ancestors = [activity for activity in fact.context if activity.level_around in ("module", "unit")]
    node_level = node.level or "unit"
    base = h5p_base(node.id) if node_level in ("item", "unit") and node.id != course.id else None

    def first(level: str, child: str) -> str | None:
        for activity in ancestors:
            if activity.level_around == level and activity.id != child:
                return activity.id
        return None

    def parent_of(child: str, level: str) -> str | None:
        if child == course.id:
            return None
        above = first("unit", child) if level == "item" else None
        if above is None and level in ("item", "unit"):
            above = first("module", child)
        return above or course.id

    claims = {node.id: Claim(node.type, claimed_title(node), base or parent_of(node.id, node_level))}
    claims.setdefault(course.id, Claim(course.type, claimed_title(course), None))
    for activity in ancestors:
        if activity.id not in claims and activity.level_around is not None:
            parent = parent_of(activity.id, activity.level_around)
            claims[activity.id] = Claim(activity.type, claimed_title(activity), parent)
    if base is not None:
        claims.setdefault(base, Claim(None, None, parent_of(base, "unit")))
    for iri, module in fact.modules.items():
        if iri in claims and iri not in (course.id, module):
            claims[iri] = replace(claims[iri], parent=module)
            claims.setdefault(module, Claim(None, None, course.id, is_module=True))
    return claims


def kind_of(iri: str, activity_type: str | None, course: str, is_parent: bool, is_module: bool) -> str:
    """Kind of an outline node; `is_parent` when some outline node of the course has it as parent; `is_module` when
    something mapped stands in it.
    """
    if iri == course:
        return "course"
    level = vocabulary.level(iri, activity_type) or ("module" if is_module else "unit")
    if level == "module" and vocabulary.block_kind(iri) not in vocabulary.MODULE_BLOCKS and not is_parent:
        return "unit"
    return "module" if level == "course" else level


def rule_of(iri: str, activity_type: str | None, kind: str) -> str:
    """Name of the default completion rule of section 5."""
    block = vocabulary.block_kind(iri)
    if activity_type in vocabulary.RULELESS_TYPES:
        return "none"
    if activity_type in vocabulary.MEDIA_TYPES or block == "video":
        return "media"
    if activity_type in vocabulary.ASSESSMENT_TYPES or block == "problem":
        return "assessment"
    if activity_type in vocabulary.DOCUMENT_TYPES and kind != "module":
        return "document"
    return "content"


def outline_of(facts: list[Fact], settings: dict[str, Settings]) -> dict[tuple[str, str], dict[str, Any]]:
    """outline_node rows by (course, activity), from facts in order that have a course and a person, and what is set."""
    nodes: dict[tuple[str, str], dict[str, Any]] = {}
    scored: set[tuple[str, str]] = set()
    tracked: set[tuple[str, str]] = set()
    modules: set[tuple[str, str]] = set()
    for fact in facts:
        assert fact.course is not None
        assert fact.node is not None
        course = fact.course.id
        for iri, claim in claims_of(fact).items():
            row = nodes.setdefault((course, iri), {"type": None, "title": None, "kind": None, "parent": None})
            row["type"] = claim.type if claim.type is not None else row["type"]
            row["title"] = claim.title if claim.title is not None else row["title"]
            row["parent"] = claim.parent
            if claim.is_module:
                modules.add((course, iri))
        if fact.is_scoring:
            scored.add((course, fact.node.id))
        if fact.event in vocabulary.TRACKED_EVENTS:
            tracked.add((course, fact.node.id))
    told = set_nodes(settings)
    for (course, iri), said in told.items():
        row = nodes.setdefault((course, iri), {"type": None, "title": None, "kind": None, "parent": None})
        row["type"] = said.get("type") or row["type"]
        row["title"] = said.get("title") or row["title"]
        row["parent"] = said["parent"]
    parents = {(course, row["parent"]) for (course, _), row in nodes.items()}
    for (course, iri), row in nodes.items():
        said = told.get((course, iri), {})
        row["kind"] = said.get("kind") or kind_of(
            iri, row["type"], course, (course, iri) in parents, (course, iri) in modules
        )
        row["position"], row["source"] = said.get("order"), said.get("source")
        row["rule"] = rule_of(iri, row["type"], row["kind"])
    # Every kind is known by now. Units first: whether an item is required depends on its parent's being so.
    for kind in ("unit", "item", "module", "course"):
        for (course, iri), row in nodes.items():
            if row["kind"] != kind:
                continue
            parent = nodes.get((course, row["parent"]))
            inside = parent is not None and parent["kind"] == "unit" and parent.get("required", False)
            counted = kind == "unit" or (kind == "item" and not inside)
            listed = row["type"] in vocabulary.LISTED_TYPES or vocabulary.block_kind(iri) is not None
            belongs = listed or (course, iri) in tracked
            said = told.get((course, iri), {})
            if (course, course) in told:  # an outline is set: what it does not name is not asked for
                belongs = iri != course and (course, iri) in told
            row["required"] = row["rule"] != "none" and counted and belongs
            if said.get("required") is not None:
                row["required"] = said["required"]
            weighed = any(said.get(name) is not None for name in ("weight", "category", "pass_mark"))
            row["graded"] = row["required"] and ((course, iri) in scored or weighed)
    return nodes


def set_nodes(settings: dict[str, Settings]) -> dict[tuple[str, str], dict[str, Any]]:
    """The nodes of every outline that was set, and the courses themselves. Section 6 of docs/rules.md."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for course, said in settings.items():
        if said.outline is not None:
            source = said.outline.get("source", {}).get("kind", "set")
            found[course, course] = {"title": said.outline.get("title"), "parent": None}
            for iri, node in said.nodes.items():
                found[course, iri] = {"kind": "unit", "source": source} | node
    return found
