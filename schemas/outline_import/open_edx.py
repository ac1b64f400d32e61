"""The outlines of Open edX course blocks: of the Course Blocks API, and of the list that Aspects keeps.

The rule of this file: both forms give the same outline: chapters and subsections are modules, verticals and the blocks
within them units, problems items. The id of a node is what statements call it: the address of the LMS, `xblock/` and
the block's key; without an address it is the key alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from schemas.configuration_refusal import read, read_json, refuse
from schemas.course_outline import CourseOutline, read_outline
from schemas.errors import Violation
from schemas.refusals import shown, written

CLAUSE: Final = "Rules 6"
LARGEST: Final = 50_000_000
"""Bytes of a file."""
_KINDS: Final = {"chapter": "module", "sequential": "module", "problem": "item"}
_TYPES: Final = {"video": "https://w3id.org/xapi/video/activity-type/video"}
_DEEPEST: Final = 12


class _Block(BaseModel):
    """One block of the API; what is not named here is not needed."""

    model_config = ConfigDict(strict=True, frozen=True)
    id: str
    type: str
    display_name: str | None = None
    children: list[str] = Field(default_factory=list)
    graded: bool = False
    format: str | None = None
    due: str | None = None
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


class _Blocks(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)
    root: str
    blocks: dict[str, _Block]


class _Place(BaseModel):
    """Where Aspects says a block stands: its chapter, the subsection in that, the unit in that; 0 where none."""

    model_config = ConfigDict(strict=True, frozen=True)
    block_type: str
    section: int
    subsection: int
    unit: int
    graded: bool = False


class _Row(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)
    course_key: str
    location: str
    display_name: str | None = None
    xblock_data_json: str
    order: int = 0


_BLOCKS: Final[TypeAdapter[_Blocks]] = TypeAdapter(_Blocks)
_ROWS: Final[TypeAdapter[list[_Row]]] = TypeAdapter(list[_Row])
_PLACE: Final[TypeAdapter[_Place]] = TypeAdapter(_Place)

Json = dict[str, Any]


def read_course_blocks(document: bytes, lms: str | None = None, name: str | None = None) -> list[CourseOutline]:
    """The outline of each course in a file of course blocks. lms: its address, such as https://lms.example.org.

    Raises ConfigurationRefused, with every fault.
    """
    if len(document) > LARGEST:
        refuse([Violation("", f"must have at most {LARGEST} bytes", CLAUSE, f"{len(document)} bytes")])
    value = read_json(document, CLAUSE)
    base = "" if lms is None else lms.rstrip("/") + "/"
    if isinstance(value, list):
        return _of_rows(read(_ROWS, value, CLAUSE), base, name)
    return [_of_blocks(read(_BLOCKS, value, CLAUSE), base, name)]


def _outline(key: str, title: str | None, nodes: list[Json], base: str, name: str | None) -> CourseOutline:
    """key: of the course block, or of the course."""
    course = key.removeprefix("block-v1:").partition("+type@")[0] if key.startswith("block-v1:") else key
    course = course if course.startswith(("course-v1:", "ccx-v1:")) else f"course-v1:{course}"
    value = {
        "course": f"{base}course/{course}" if base else course,
        "title": _trimmed(title),
        "source": {"kind": "openedx"} | ({"name": name} if name else {}),
        "nodes": nodes,
    }
    return read_outline({key: one for key, one in value.items() if one is not None})


def _node(key: str, type_: str, title: str | None, base: str) -> Json:
    found = {
        "id": f"{base}xblock/{key}" if base else key,
        "kind": _KINDS.get(type_, "unit"),
        "type": _TYPES.get(type_),
        "title": _trimmed(title),
    }
    return {key: one for key, one in found.items() if one is not None} | {"children": []}


def _trimmed(title: str | None) -> str | None:
    return (title or "").strip()[:1000] or None


def _of_blocks(blocks: _Blocks, base: str, name: str | None) -> CourseOutline:
    root = blocks.blocks.get(blocks.root)
    if root is None:
        refuse([Violation("root", "must be one of the blocks", CLAUSE, shown(blocks.root))])
    refuse(_misplaced(blocks))
    assert root is not None
    nodes = [_built(blocks.blocks, child, base) for child in root.children]
    return _outline(root.id, root.display_name, nodes, base, name)


def _misplaced(blocks: _Blocks) -> Iterator[Violation]:
    """Every block is the child of one block at most, and none is deeper than an outline can be, so of no ring."""
    waiting, seen = [(blocks.root, 0)], {blocks.root}
    while waiting:
        key, depth = waiting.pop()
        for index, child in enumerate(blocks.blocks[key].children):
            path = written(("blocks", key, "children", index))
            if child not in blocks.blocks:
                yield Violation(path, "must be one of the blocks", CLAUSE, shown(child))
            elif child in seen:
                yield Violation(path, "must be the child of one block only", CLAUSE, shown(child))
            elif depth >= _DEEPEST:
                yield Violation(path, f"must not be more than {_DEEPEST} deep", CLAUSE, shown(child))
            else:
                seen.add(child)
                waiting.append((child, depth + 1))


def _built(blocks: Mapping[str, _Block], key: str, base: str) -> Json:
    block = blocks[key]
    node = _node(block.id, block.type, block.display_name, base)
    if block.graded and block.format:
        node["category"] = block.format
    if block.due is not None:
        node["due_at"] = block.due
    if block.weight is not None:
        node["weight"] = block.weight
    return node | {"children": [_built(blocks, child, base) for child in block.children]}


def _of_rows(rows: list[_Row], base: str, name: str | None) -> list[CourseOutline]:
    courses: dict[str, list[tuple[_Place, _Row]]] = {}
    for index, row in enumerate(rows):
        path = (index, "xblock_data_json")
        place = read(_PLACE, read_json(row.xblock_data_json, CLAUSE, path), CLAUSE, path)
        courses.setdefault(row.course_key, []).append((place, row))
    return [_of_course(key, members, base, name) for key, members in courses.items()]


def _of_course(key: str, members: list[tuple[_Place, _Row]], base: str, name: str | None) -> CourseOutline:
    """The tree of one course, whose rows stand in its order: a block is in the last container opened before it."""
    title: str | None = None
    nodes: list[Json] = []
    within: dict[int, Json] = {}  # the containers that are open: 0 chapter, 1 subsection, 2 unit
    levels = {"chapter": 0, "sequential": 1, "vertical": 2}
    for place, row in sorted(members, key=lambda one: _position(one[0], one[1], levels)):
        if place.block_type == "course":
            title = row.display_name
            continue
        node = _node(row.location, place.block_type, row.display_name, base)
        level = levels.get(place.block_type, 3)
        deepest = min(level, 1 + (place.subsection > 0) + (place.unit > 0))
        parent = next((within[one] for one in range(deepest - 1, -1, -1) if one in within), None)
        (nodes if parent is None else parent["children"]).append(node)
        if level < 3:
            within = {one: open_ for one, open_ in within.items() if one < level} | {level: node}
    return _outline(key, title, nodes, base, name)


def _position(place: _Place, row: _Row, levels: Mapping[str, int]) -> tuple[int, int, int, int, int, str]:
    level = levels.get(place.block_type, 3)
    return place.section, place.subsection, place.unit, level, row.order, row.location
