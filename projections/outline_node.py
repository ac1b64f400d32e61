"""A course's outline, from what its statements say of it: the last saying wins.

docs/read-models.md, sections 4 and 5.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from projections.fact import claimed_iri
from projections.names import Name, named
from projections.placement import THE_COURSE, Claim, level_of, open_edx_kind
from projections.shared_parts import ClaimSet
from projections.vocabulary import (
    ASSESSMENT_TYPES,
    DOCUMENT_TYPES,
    LISTED_TYPES,
    MEDIA_TYPES,
    OPEN_EDX_LEVELS,
    UNRULED_TYPES,
    Level,
)
from schemas.course_outline import CourseOutline, placed


class OutlineNode(NamedTuple):
    """One row of `outline_node`, after tenant and course.

    position: among its siblings, from 0, and source: of the outline that was set, for the nodes that it names.
    """

    node: Name
    iri: str
    type: str | None
    title: str | None
    kind: str
    parent: Name | None
    rule: str
    required: bool
    graded: bool
    position: int | None = None
    source: str | None = None


class Saying(NamedTuple):
    """A claim set, and when it was last said by a live statement."""

    claims: ClaimSet
    last_at: datetime
    last_id: Name


class _Heard:
    """What is heard of one activity so far; sayings come in order, so what comes later replaces."""

    __slots__ = ("is_module", "parent", "scoring", "title", "tracked", "type")

    def __init__(self) -> None:
        self.type: str | None = None
        self.title: str | None = None
        self.parent: str | None = None
        self.scoring = False
        self.tracked = False
        self.is_module = False


def fold(course: str, sayings: Iterable[Saying], outline: CourseOutline | None = None) -> list[OutlineNode]:
    """The outline of one course (IRI) from all its sayings, and from the outline that was set."""
    heard = _heard(course, sayings)
    if outline is not None:
        return _fold_set(course, heard, outline)
    kinds = _kinds(course, heard, {})
    units = {iri for iri, known in heard.items() if kinds[iri] is Level.UNIT and _is_content(iri, known, kinds[iri])}
    return [_node(course, iri, known, kinds[iri], units) for iri, known in heard.items()]


def _fold_set(course: str, heard: dict[str, _Heard], outline: CourseOutline) -> list[OutlineNode]:
    """What was set goes before what was heard; only what it names is asked for. docs/rules.md, section 6."""
    told = {place.node.id: place for place in placed(outline)}
    top = heard.setdefault(course, _Heard())
    top.title = outline.title or top.title
    for iri, place in told.items():
        known = heard.setdefault(iri, _Heard())
        known.type = place.node.type or known.type
        known.title = place.node.title or known.title
        known.parent = place.parent
    kinds = _kinds(course, heard, {iri: Level(place.node.kind) for iri, place in told.items()})
    rules = {iri: rule_of(heard[iri].type, kinds[iri], iri) for iri in heard}
    required: set[str] = set()
    for kind in (Level.UNIT, Level.ITEM, Level.MODULE):  # whether an item is required depends on the unit around it
        for iri, (node, parent, *_) in told.items():
            inside = parent in required and kinds[parent] is Level.UNIT
            counts = kind is Level.UNIT or (kind is Level.ITEM and not inside)
            if kinds[iri] is kind and (counts and rules[iri] != "none" if node.required is None else node.required):
                required.add(iri)
    rows: list[OutlineNode] = []
    for iri, known in heard.items():
        place_ = told.get(iri)
        weighed = place_ is not None and any(
            one is not None for one in (place_.node.weight, place_.node.category, place_.node.pass_mark)
        )
        rows.append(
            OutlineNode(
                node=named(iri),
                iri=iri,
                type=known.type,
                title=known.title,
                kind=kinds[iri].value,
                parent=None if iri == course or known.parent is None else named(known.parent),
                rule=rules[iri],
                required=iri in required,
                graded=iri in required and (known.scoring or weighed),
                position=None if place_ is None else place_.order,
                source=None if place_ is None else outline.source.kind,
            )
        )
    return rows


def _heard(course: str, sayings: Iterable[Saying]) -> dict[str, _Heard]:
    heard: dict[str, _Heard] = {}
    for saying in sorted(sayings, key=lambda one: (one.last_at, one.last_id)):
        for claim in saying.claims.claims:
            iri = claimed_iri(claim, course)
            if not _counts(claim, iri, saying.claims.node, course):
                continue
            known = heard.setdefault(iri, _Heard())
            known.type = claim.type or known.type
            known.title = claim.title or known.title
            known.parent = course if claim.parent == THE_COURSE else claim.parent
            known.scoring |= saying.claims.scoring and claim.role == "node"
            known.tracked |= saying.claims.tracked and claim.role == "node"
            known.is_module |= claim.role == "module"
    return heard


def _kinds(course: str, heard: dict[str, _Heard], told: Mapping[str, Level]) -> dict[str, Level]:
    parents = {known.parent for iri, known in heard.items() if iri != course}
    return {iri: told.get(iri) or _kind(course, iri, known, leaf=iri not in parents) for iri, known in heard.items()}


def _counts(claim: Claim, iri: str, node: str, course: str) -> bool:
    """A course that only the registration told may turn out to be the node itself, or one of its ancestors."""
    if claim.role == "base":
        return node != course
    return iri != course or claim.iri == THE_COURSE or claim.role == "node"


def rule_of(type_: str | None, kind: str, iri: str) -> str:
    """The name of the default completion rule. docs/read-models.md, section 5."""
    if type_ in UNRULED_TYPES:
        return "none"
    block = open_edx_kind(iri)
    if type_ in MEDIA_TYPES or block == "video":
        return "media"
    if type_ in ASSESSMENT_TYPES or block == "problem":
        return "assessment"
    if type_ in DOCUMENT_TYPES and kind != Level.MODULE:
        return "document"
    return "content"


def _kind(course: str, iri: str, known: _Heard, *, leaf: bool) -> Level:
    if iri == course:
        return Level.COURSE
    level = level_of(known.type, iri) or (Level.MODULE if known.is_module else Level.UNIT)
    by_id = OPEN_EDX_LEVELS.get(open_edx_kind(iri) or "")
    if leaf and level is Level.MODULE and by_id is not Level.MODULE:
        return Level.UNIT  # Moodle types assignments as modules
    return Level.MODULE if level is Level.COURSE else level


def _is_content(iri: str, known: _Heard, kind: Level) -> bool:
    listed = known.type in LISTED_TYPES or open_edx_kind(iri) is not None
    return rule_of(known.type, kind, iri) != "none" and (listed or known.tracked)


def _node(course: str, iri: str, known: _Heard, kind: Level, required_units: set[str]) -> OutlineNode:
    parent = None if iri == course else known.parent
    counts = kind is Level.UNIT or (kind is Level.ITEM and parent not in required_units)
    required = counts and _is_content(iri, known, kind)
    return OutlineNode(
        node=named(iri),
        iri=iri,
        type=known.type,
        title=known.title,
        kind=kind.value,
        parent=None if parent is None else named(parent),
        rule=rule_of(known.type, kind, iri),
        required=required,
        graded=required and known.scoring,
    )
