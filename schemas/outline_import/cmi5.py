"""The outline of a cmi5 course structure: blocks become modules, assignable units become units.

The rule of this file: what an outline needs of a course structure is judged (its order of elements, its identifiers,
moveOn and masteryScore); what launching needs of it (url, launchMethod, launchParameters, entitlementKey) has to be
there and is not judged. moveOn is the unit's rule, masteryScore its pass mark (cmi5 10.2.4, 10.2.5, 13.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from schemas.configuration_refusal import refuse
from schemas.course_outline import CourseOutline, read_outline
from schemas.errors import ConfigurationRefused, Violation
from schemas.identifiers import IRI_PATTERN
from schemas.outline_import.lines import at_line, with_lines
from schemas.outline_import.xml_tree import Element, read_xml
from schemas.refusals import Path, shown

NAMESPACE: Final = re.compile(
    r"https?://(w3id\.org/xapi/profiles/cmi5|www\.adlnet\.gov/cmi5)/(v1/)?CourseStructure\.xsd"
)
CLAUSE: Final = "cmi5 13.1"
MOVE_ON: Final = ("NotApplicable", "Passed", "Completed", "CompletedAndPassed", "CompletedOrPassed")
COURSE_TYPE: Final = "https://w3id.org/xapi/cmi5/activitytype/course"
BLOCK_TYPE: Final = "https://w3id.org/xapi/cmi5/activitytype/block"

_IRI: Final = re.compile(IRI_PATTERN)
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_TEXTS: Final = (("title",), ("description",))
_SEQUENCES: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "courseStructure": (("course",), ("objectives",), ("au", "block")),
    "course": _TEXTS,
    "block": (*_TEXTS, ("objectives",), ("au", "block")),
    "au": (*_TEXTS, ("objectives",), ("url",), ("launchParameters",), ("entitlementKey",)),
}
"""The order of the elements within each; of those of one step, any number in any order where there are two."""
_OPTIONAL: Final = frozenset({"objectives", "launchParameters", "entitlementKey"})


def read_course_structure(document: bytes, name: str | None = None) -> CourseOutline:
    """The outline of a course structure (cmi5.xml). Raises ConfigurationRefused, with every fault."""
    root = read_xml(document, CLAUSE)
    if root.name != "courseStructure" or not NAMESPACE.fullmatch(root.namespace):
        rule = "must be a courseStructure in the namespace of cmi5"
        refuse([Violation(at_line(root.line, ""), rule, CLAUSE, shown(f"{root.namespace} {root.name}".strip()))])
    refuse([*_out_of_order(root, "courseStructure"), *_objectives(root)])
    course = next(root.of("course"))
    lines: dict[Path, int] = {(): root.line, ("course",): course.line, ("title",): course.line}
    violations: list[Violation] = []
    value = {
        "course": _identifier(course),
        "title": _title(course),
        "source": {"kind": "cmi5"} | ({"name": name} if name else {}),
        "nodes": _nodes(root, ("nodes",), lines, violations),
    }
    refuse(violations)
    try:
        return read_outline({key: one for key, one in value.items() if one is not None})
    except ConfigurationRefused as error:
        raise ConfigurationRefused(with_lines(error.violations, lines)) from None


def _out_of_order(element: Element, path: str) -> Iterator[Violation]:
    steps = _SEQUENCES[element.name]
    step, there = 0, set()
    for child in element.children:
        if child.namespace != element.namespace:
            continue  # an extension (cmi5 13.1)
        at = next((index for index, names in enumerate(steps) if child.name in names), None)
        place = at_line(child.line, f"{path}.{child.name}")
        if at is None:
            yield Violation(place, f"is no element of {element.name}", CLAUSE, child.name)
            continue
        if at < step:
            yield Violation(place, f"must stand before {steps[step][0]}", CLAUSE, child.name)
        elif at in there and len(steps[at]) == 1:
            yield Violation(place, "must be there no more than once", CLAUSE, child.name)
        step = max(step, at)
        there.add(at)
        if child.name in _SEQUENCES:
            yield from _out_of_order(child, f"{path}.{child.name}")
    for index, names in enumerate(steps):
        if index not in there and names[0] not in _OPTIONAL:
            rule = f"must have {' or '.join(names)}"
            yield Violation(at_line(element.line, path), rule, CLAUSE, "nothing")


def _objectives(root: Element) -> Iterator[Violation]:
    """Objectives are no part of the outline; their identifiers are judged as all others are (cmi5 13.1.2)."""
    seen: set[str] = set()
    for objectives in root.of("objectives"):
        for objective in objectives.of("objective"):
            place, id_ = at_line(objective.line, "courseStructure.objectives.objective"), _identifier(objective)
            if not _IRI.fullmatch(id_):
                yield Violation(place, "must have an id that is an IRI with a scheme", CLAUSE, shown(id_))
            elif id_ in seen:
                yield Violation(place, "must be in the course once only", CLAUSE, shown(id_))
            seen.add(id_)


def _nodes(within: Element, path: Path, lines: dict[Path, int], violations: list[Violation]) -> list[dict[str, Any]]:
    members = [child for child in within.children if child.name in ("au", "block")]
    found = []
    for index, element in enumerate(one for one in members if one.namespace == within.namespace):
        place = (*path, index)
        lines[place] = element.line
        node: dict[str, Any] = {"id": _identifier(element), "title": _title(element)}
        if element.name == "block":
            node |= {"kind": "module", "type": BLOCK_TYPE}
            node["children"] = _nodes(element, (*place, "children"), lines, violations)
        else:
            node |= {"kind": "unit"} | _assignable_unit(element, violations)
        found.append({key: one for key, one in node.items() if one is not None})
    return found


def _assignable_unit(element: Element, violations: list[Violation]) -> dict[str, Any]:
    """What is asked of an assignable unit. Without moveOn nothing is (cmi5 13.1.4)."""
    criterion = element.attributes.get("moveOn", "NotApplicable").strip()
    if criterion not in MOVE_ON:
        rule = f"must be one of {', '.join(MOVE_ON)}"
        violations.append(Violation(at_line(element.line, "au.moveOn"), rule, CLAUSE, shown(criterion)))
        criterion = "NotApplicable"
    mastery = element.attributes.get("masteryScore")
    score = None
    if mastery is not None:
        score = float(mastery) if _DECIMAL.fullmatch(mastery.strip()) else -1.0
        if not 0 <= score <= 1:
            violations.append(Violation(at_line(element.line, "au.masteryScore"), _MASTERY, CLAUSE, shown(mastery)))
            score = None
    type_ = element.attributes.get("activityType", "").strip()
    rule_: dict[str, Any] = {"rule": "move_on", "criterion": criterion}
    return {
        "type": type_ if _IRI.fullmatch(type_) else None,
        "required": criterion != "NotApplicable",
        "pass_mark": score,
        "rule": {"when": rule_ if score is None else {**rule_, "mastery_score": score}},
    }


_MASTERY: Final = "must be a decimal number from 0 to 1"


def _identifier(element: Element) -> str:
    return element.attributes.get("id", "").strip()


def _title(element: Element) -> str | None:
    """The title in English, else in the first language by code points (docs/read-models.md, section 4)."""
    strings = [one for title in element.of("title") for one in title.of("langstring")]
    return _chosen((one.attributes.get("lang", ""), one.text) for one in strings)


def _chosen(titles: Iterable[tuple[str, str]]) -> str | None:
    by_language = {language: text for language, text in titles if text}
    if not by_language:
        return None
    language = next((tag for tag in ("en", "en-US") if tag in by_language), None)
    return by_language[min(by_language) if language is None else language][:1000]
