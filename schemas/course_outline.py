"""A course's outline as somebody sets it: its nodes in order, each with what is asked of it. docs/rules.md, section 6.

The rule of this file: a node is an activity id, once in a course, with kinds that never grow downwards (module, unit,
item). What a node does not say is left to what statements say of it (docs/read-models.md, sections 4 and 5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field, Strict, TypeAdapter

from schemas.completion_rule import AmountOfTime, CompletionRule, Mark, with_kinds_required
from schemas.configuration_refusal import BoundedIri, Configured, Line, Title, ZonedTimestamp, read, refuse
from schemas.errors import Violation
from schemas.prerequisites import check_prerequisites
from schemas.refusals import Path, shown, written

CLAUSE: Final = "Rules 6"
MOST_NODES: Final = 20_000
DEEPEST_NODE: Final = 12

Kind = Literal["module", "unit", "item"]
_RANK: Final[dict[str, int]] = {"module": 0, "unit": 1, "item": 2}


class Source(Configured):
    """Where the outline comes from, and the name of the file it was read from."""

    kind: Literal["cmi5", "openedx", "yaml", "set"] = "set"
    name: Line | None = None


class OutlineNode(Configured):
    """One node. required: left out, docs/read-models.md, section 5, decides. media_length: seconds.

    weight: among the nodes of its category. pass_mark: the mastery score of this node.
    """

    id: BoundedIri
    kind: Kind = "unit"
    type: BoundedIri | None = None
    title: Title | None = None
    required: bool | None = None
    weight: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    category: Line | None = None
    due_at: ZonedTimestamp | None = None
    expected_duration: AmountOfTime | None = None
    media_length: Annotated[float, Field(gt=0, le=10**9)] | None = None
    pass_mark: Mark | None = None
    rule: CompletionRule | None = None
    children: Annotated[tuple[OutlineNode, ...], Strict(False)] = ()


class CourseOutline(Configured):
    """The outline of one course; rule: of the course itself."""

    course: BoundedIri
    title: Title | None = None
    source: Source = Source()
    rule: CompletionRule | None = None
    nodes: Annotated[tuple[OutlineNode, ...], Strict(False)] = ()


class Placed(NamedTuple):
    """A node in its place: its parent's id, its number among its siblings from 0, its depth from 1, its path."""

    node: OutlineNode
    parent: str
    order: int
    depth: int
    path: Path


_ADAPTER: Final[TypeAdapter[CourseOutline]] = TypeAdapter(CourseOutline)


def read_outline(value: Any, root: Path = ()) -> CourseOutline:
    """An outline out of parsed JSON. Raises ConfigurationRefused, with every fault."""
    outline = read(_ADAPTER, value, CLAUSE, root)
    refuse(check_outline(outline, root))
    return outline


def json_schema() -> dict[str, Any]:
    """The JSON Schema of an outline."""
    return with_kinds_required(_ADAPTER.json_schema())


def placed(outline: CourseOutline) -> Iterator[Placed]:
    """Every node in its place, depth first; the course itself is none."""
    waiting = [Placed(node, outline.course, order, 1, ("nodes", order)) for order, node in enumerate(outline.nodes)][
        ::-1
    ]
    while waiting:
        place = waiting.pop()
        yield place
        node, _, _, depth, path = place
        waiting += [
            Placed(child, node.id, order, depth + 1, (*path, "children", order))
            for order, child in enumerate(node.children)
        ][::-1]


def rules_of(outline: CourseOutline) -> dict[str, CompletionRule]:
    """The rules that the outline says itself, by node."""
    found = {} if outline.rule is None else {outline.course: outline.rule}
    return found | {place.node.id: place.node.rule for place in placed(outline) if place.node.rule is not None}


def check_outline(
    outline: CourseOutline, root: Path = (), set_rules: Mapping[str, CompletionRule] | None = None
) -> Iterator[Violation]:
    """Whatever is wrong between its nodes. set_rules: what was set beside the outline, and goes before it."""
    rules = rules_of(outline)
    roots: dict[str, Path] = {outline.course: (*root, "rule")}
    seen = {outline.course}
    kinds: dict[str, Kind] = {}
    for number, (node, parent, _, depth, path) in enumerate(placed(outline), start=1):
        place = root + path
        if node.id in seen:
            yield Violation(written((*place, "id")), "must be in the course once only", CLAUSE, shown(node.id))
        if parent in kinds and _RANK[node.kind] < _RANK[kinds[parent]]:
            rule = f"must not stand within {'an' if kinds[parent] == 'item' else 'a'} {kinds[parent]}"
            yield Violation(written((*place, "kind")), rule, CLAUSE, shown(node.kind))
        if depth > DEEPEST_NODE:
            yield Violation(written(place), f"must not be more than {DEEPEST_NODE} deep", CLAUSE, str(depth))
        if number > MOST_NODES:
            yield Violation(written(place), f"must not be more than {MOST_NODES} nodes", CLAUSE, "more")
            return
        seen.add(node.id)
        kinds[node.id] = node.kind
        roots[node.id] = (*place, "rule")
    in_force = rules | dict(set_rules or {})
    judged = {node: roots.get(node, (*root, "rule")) for node in in_force}
    yield from check_prerequisites(in_force, frozenset(seen), judged)
