"""The rule of this file: the outline of a course is what the facts claim, the last claim winning.

Claims of section 4, completion rule, `required` and `graded` of section 5.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from . import vocabulary
from .facts import Activity, Fact


@dataclass(frozen=True)
class Claim:
    type: str | None
    title: str | None
    parent: str | None


def claimed_title(activity: Activity) -> str | None:
    if not activity.title or activity.title.casefold() in vocabulary.GENERIC_TITLES:
        return None
    return activity.title


def h5p_base(iri: str) -> str | None:
    """The identifier before its query string, when that has a subContentId."""
    has_sub_content = "subContentId" in parse_qs(urlsplit(iri).query, keep_blank_values=True)
    return iri.split("?", 1)[0] if has_sub_content else None


def claims_of(fact: Fact) -> dict[str, Claim]:
    """What one fact with a course claims, one claim per activity: node, course, ancestors."""
    assert fact.course is not None
    assert fact.node is not None
    course, node = fact.course, fact.node
    ancestors = [activity for activity in fact.context if activity.level in ("module", "unit")]
    bases: list[str] = []

    def first(level: str, child: str) -> str | None:
        for activity in ancestors:
            if activity.level == level and activity.id != child:
                return activity.id
        return None

    def parent_of(child: str, level: str) -> str | None:
        if child == course.id:
            return None
        base = h5p_base(child) if level in ("item", "unit") else None
        if base is not None:
            bases.append(base)
            return base
        above = first("unit", child) if level == "item" else None
        if above is None and level in ("item", "unit"):
            above = first("module", child)
        return above or course.id

    claims = {node.id: Claim(node.type, claimed_title(node), parent_of(node.id, node.level or "unit"))}
    claims.setdefault(course.id, Claim(course.type, claimed_title(course), None))
    for activity in ancestors:
        if activity.id not in claims and activity.level is not None:
            parent = parent_of(activity.id, activity.level)
            claims[activity.id] = Claim(activity.type, claimed_title(activity), parent)
    for base in bases:
        claims.setdefault(base, Claim(None, None, first("module", base) or course.id))
    return claims


def kind_of(iri: str, activity_type: str | None, course: str) -> str:
    if iri == course:
        return "course"
    level = vocabulary.level(iri, activity_type) or "unit"
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


def outline_of(facts: list[Fact]) -> dict[tuple[str, str], dict[str, Any]]:
    """outline_node rows by (course, activity), from facts in order that have a course and a person."""
    nodes: dict[tuple[str, str], dict[str, Any]] = {}
    scored: set[tuple[str, str]] = set()
    for fact in facts:
        assert fact.course is not None
        assert fact.node is not None
        course = fact.course.id
        for iri, claim in claims_of(fact).items():
            row = nodes.setdefault((course, iri), {"type": None, "title": None, "kind": None, "parent": None})
            row["type"] = claim.type if claim.type is not None else row["type"]
            row["title"] = claim.title if claim.title is not None else row["title"]
            row["parent"] = claim.parent
        if fact.is_scoring:
            scored.add((course, fact.node.id))
    for (course, iri), row in nodes.items():
        row["kind"] = kind_of(iri, row["type"], course)
        row["rule"] = rule_of(iri, row["type"], row["kind"])
    for (course, iri), row in nodes.items():
        parent = nodes.get((course, row["parent"]))
        inside_a_unit = parent is not None and parent["kind"] == "unit"
        counted = row["kind"] == "unit" or (row["kind"] == "item" and not inside_a_unit)
        row["required"] = row["rule"] != "none" and counted
        row["graded"] = row["required"] and (course, iri) in scored
    return nodes
