"""Where a statement belongs: course, node, and what it says of the course's outline. Never by position in a list.

docs/read-models.md, section 4.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from projections.vocabulary import ATTEMPT_TYPE, GENERIC_TITLES, LEVELS, OPEN_EDX_LEVELS, Level

_LONGEST_KIND = 100
THE_COURSE = ""
"""Stands for the course itself in claims: the same saying is kept once, whichever way the course was found."""

_SUB_CONTENT = re.compile(r"[?&]subContentId=")

Activity = Mapping[str, Any]


class Block(NamedTuple):
    """The parts of an Open edX block identifier: …block-v1:KEY+type@KIND+block@…; ccx: of a custom course."""

    base: str
    ccx: bool
    key: str
    kind: str


def block_of(iri: str) -> Block | None:
    """Read an Open edX block identifier, in one pass; None for any other."""
    base, found, rest = iri.partition("block-v1:")
    if not found:
        return None
    ccx = base.endswith("ccx-") or rest.startswith("ccx-v1:")
    base = base.removesuffix("ccx-").removesuffix("xblock/")
    rest = rest.removeprefix("course-v1:").removeprefix("ccx-v1:")
    at = rest.find("+type@", 1)
    while at != -1:
        kind, plus, _ = rest[at + 6 : at + 6 + _LONGEST_KIND].partition("+")
        if kind and plus and rest.startswith("+block@", at + 6 + len(kind)):
            return Block(base, ccx, rest[:at], kind)
        at = rest.find("+type@", at + 1)
    return None


class Claim(NamedTuple):
    """What one statement says of one activity: `role` is node, course, ancestor, base (of H5P content) or module (in
    which what is mapped stands); parent None for the course.
    """

    iri: str
    role: str
    type: str | None
    title: str | None
    parent: str | None


class Placement(NamedTuple):
    """course: IRI, or None when this statement alone does not tell. step: mapping, context, object, identifier,
    unassigned.
    """

    course: str | None
    step: str
    node: str | None
    claims: tuple[Claim, ...]


class Mapped(NamedTuple):
    """What is set of a statement's activities: their course; of each that is mapped to it, by the id that it goes by,
    the module that it stands in. renamed: those that go by a node's id.
    """

    course: str
    modules: Mapping[str, str | None]
    renamed: frozenset[str]

    def level(self, iri: str, level: Level | None) -> Level | None:
        """Of an ancestor: one that is mapped is a part of the course, whatever it is elsewhere."""
        if iri not in self.modules:
            return level
        return Level.MODULE if level is Level.COURSE else level or Level.UNIT


def level_of(type_: str | None, iri: str) -> Level | None:
    """The level an activity shows by its type or, in Open edX, by its identifier; None where neither tells."""
    block = block_of(iri)
    by_id = OPEN_EDX_LEVELS.get(block.kind) if block else None
    if by_id is Level.MODULE:
        return by_id
    return LEVELS.get(type_ or "") or by_id


def is_course(type_: str | None) -> bool:
    """Whether an activity of this type is a course, whatever its identifier looks like."""
    return LEVELS.get(type_ or "") is Level.COURSE


def open_edx_kind(iri: str) -> str | None:
    """`video`, `problem`, … of an Open edX block identifier."""
    block = block_of(iri)
    return block.kind if block else None


def type_of(activity: Activity) -> str | None:
    """definition.type, where there is one."""
    type_ = activity.get("definition", {}).get("type")
    return type_ if isinstance(type_, str) else None


def place(target: Activity, around: Mapping[str, Any], mapped: Mapped | None = None) -> Placement:
    """Place a statement whose object is an Activity; `around`: its contextActivities; `mapped`: as these are set."""
    above = [*members(around, "parent"), *members(around, "grouping")]
    ancestors = [(one, type_of(one)) for one in above]
    levels = [level_of(type_, one["id"]) for one, type_ in ancestors]
    if mapped is not None:
        levels = [mapped.level(one["id"], level) for (one, _), level in zip(ancestors, levels, strict=True)]
    node, node_type = target, type_of(target)
    if node_type == ATTEMPT_TYPE:
        units = [one for (one, _), level in zip(ancestors, levels, strict=True) if level is Level.UNIT]
        if mapped is not None and target["id"] in (mapped.modules if not units else mapped.renamed):
            units = [{"id": target["id"]}]
        if not units:
            return Placement(None, "unassigned", None, ())
        node, node_type = units[0], type_of(units[0])
    node_level = level_of(node_type, node["id"])
    candidates = members(around, "parent") if is_course(node_type) else above
    course: Activity | None = next((one for one in candidates if is_course(type_of(one))), None)
    step = "context"
    if mapped is not None:
        course = next((one for one in above if one["id"] == mapped.course), {"id": mapped.course})
        step = "mapping"
    if course is None and is_course(node_type):
        course, step = node, "object"
    if course is None:
        iri = _course_by_identifier(node["id"])
        if iri is not None:
            course, step = {"id": iri}, "identifier"
    course_iri = None if course is None else course["id"]
    between = [
        (one["id"], type_, one, level)
        for (one, type_), level in zip(ancestors, levels, strict=True)
        if level in (Level.MODULE, Level.UNIT)
    ]
    claims = _claims(node, node_type, node_level or Level.UNIT, course, between)
    return Placement(course_iri, step if course is not None else "unassigned", node["id"], claims)


def _claims(
    node: Activity,
    node_type: str | None,
    level: Level,
    course: Activity | None,
    between: Sequence[tuple[str, str | None, Activity, Level | None]],
) -> tuple[Claim, ...]:
    course_iri = None if course is None else course["id"]
    node_iri = node["id"]

    def first(wanted: Level, but: str) -> str | None:
        return next((iri for iri, _, _, one in between if one is wanted and iri != but), None)

    def parent_of(iri: str, level: Level | None) -> str:
        above = None
        if level is Level.ITEM:
            above = first(Level.UNIT, iri) or first(Level.MODULE, iri)
        elif level is Level.UNIT:
            above = first(Level.MODULE, iri)
        return above or THE_COURSE

    claims: dict[str, Claim] = {}
    course_type = None if course is None else type_of(course)
    course_title = None if course is None else title_of(course)
    if node_iri == course_iri:
        title = title_of(node)
        claims[THE_COURSE] = Claim(THE_COURSE, "node", node_type, title, None)
    else:
        parent = parent_of(node_iri, level)
        if level in (Level.ITEM, Level.UNIT) and _SUB_CONTENT.search(node_iri):
            parent = _without_sub_content(node_iri)
        claims[node_iri] = Claim(node_iri, "node", node_type, title_of(node), parent)
        claims[THE_COURSE] = Claim(THE_COURSE, "course", course_type, course_title, None)
    for iri, type_, activity, one in between:
        if iri not in claims and iri != course_iri:
            claims[iri] = Claim(iri, "ancestor", type_, title_of(activity), parent_of(iri, one))
    if node_iri in claims:
        base = claims[node_iri].parent
        if base and base not in claims and base != course_iri:
            claims[base] = Claim(base, "base", None, None, parent_of(base, Level.UNIT))
    return tuple(claims.values())


def title_of(activity: Activity) -> str | None:
    """The title an activity claims: trimmed; None when blank or generic."""
    name = activity.get("definition", {}).get("name")
    if not name:
        return None
    tag = next((tag for tag in ("en", "en-US") if tag in name), None) or min(name)
    text = str(name[tag]).strip()
    return None if not text or text.casefold() in GENERIC_TITLES else text


def _course_by_identifier(iri: str) -> str | None:
    block = block_of(iri)
    if block is None:
        return None
    return f"{block.base}{'course/' if block.base else ''}{'ccx-v1:' if block.ccx else 'course-v1:'}{block.key}"


def _without_sub_content(iri: str) -> str:
    path, _, query = iri.partition("?")
    kept = "&".join(part for part in query.split("&") if not part.startswith("subContentId="))
    return f"{path}?{kept}" if kept else path


def members(around: Mapping[str, Any], name: str) -> Iterator[Activity]:
    """The activities that a statement's contextActivities have under a name."""
    found = around.get(name, ())
    yield from (found,) if isinstance(found, Mapping) else found
