"""Course blocks of Open edX, in both forms: one by hand, and those of a load generator."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from projections.placement import level_of
from schemas.course_outline import placed
from schemas.errors import ConfigurationRefused
from schemas.outline_import.open_edx import read_course_blocks

LMS = "https://lms.example.org"
KEY = "block-v1:Org+C+R+type@{kind}+block@{name}"


def block(kind: str, name: str, *children: str, **more: Any) -> dict[str, Any]:
    key = KEY.format(kind=kind, name=name)
    return {
        "id": key,
        "type": kind,
        "display_name": name.title(),
        "children": list(children),
        "lms_web_url": "x",
        **more,
    }


def api(*blocks: dict[str, Any]) -> bytes:
    return json.dumps({"root": blocks[0]["id"], "blocks": {one["id"]: one for one in blocks}}).encode()


QUIZ = block("problem", "quiz", graded=True, format="Homework", due="2026-03-01T12:00:00Z", weight=2.0)
CLIP = block("video", "clip")
UNIT = block("vertical", "unit", CLIP["id"], QUIZ["id"])
PART = block("sequential", "part", UNIT["id"])
CHAPTER = block("chapter", "week", PART["id"])
COURSE = block("course", "course", CHAPTER["id"])


def row(section: int, subsection: int, unit: int, kind: str, name: str, order: int = 0) -> dict[str, Any]:
    place = {"block_type": kind, "section": section, "subsection": subsection, "unit": unit}
    return {
        "course_key": "course-v1:Org+C+R",
        "location": KEY.format(kind=kind, name=name),
        "display_name": name.title(),
        "xblock_data_json": json.dumps(place),
        "order": order,
    }


def faults(document: bytes) -> list[str]:
    with pytest.raises(ConfigurationRefused) as caught:
        read_course_blocks(document, LMS)
    return [f"{one.path} {one.rule}" for one in caught.value.violations]


def tree(document: bytes) -> list[tuple[int, str, str, str | None]]:
    [outline] = read_course_blocks(document, LMS)
    assert (outline.course, outline.title) == (f"{LMS}/course/course-v1:Org+C+R", "Course")
    return [(one.depth, one.node.kind, one.node.id, one.node.title) for one in placed(outline)]


def test_both_forms_give_the_same_tree_by_hand() -> None:
    expected = [
        (depth, kind, f"{LMS}/xblock/{one['id']}", one["display_name"])
        for depth, kind, one in (
            (1, "module", CHAPTER),
            (2, "module", PART),
            (3, "unit", UNIT),
            (4, "unit", CLIP),
            (4, "item", QUIZ),
        )
    ]
    assert tree(api(COURSE, CHAPTER, PART, UNIT, CLIP, QUIZ)) == expected
    rows = [
        *(row(1, 1, 1, "problem", "quiz", 2), row(1, 1, 1, "video", "clip", 1), row(1, 1, 1, "vertical", "unit")),
        *(row(1, 0, 0, "chapter", "week"), row(0, 0, 0, "course", "course"), row(1, 1, 0, "sequential", "part")),
    ]
    assert tree(json.dumps(rows).encode()) == expected


def test_what_is_graded_has_a_category_a_due_date_and_a_weight() -> None:
    [outline] = read_course_blocks(api(COURSE, CHAPTER, PART, UNIT, CLIP, QUIZ), LMS + "/", "blocks.json")
    clip, quiz = outline.nodes[0].children[0].children[0].children
    assert (quiz.category, quiz.due_at, quiz.weight) == ("Homework", "2026-03-01T12:00:00Z", 2.0)
    assert (clip.category, clip.due_at, clip.weight) == (None, None, None)
    assert clip.type == "https://w3id.org/xapi/video/activity-type/video"
    assert (outline.source.kind, outline.source.name) == ("openedx", "blocks.json")
    [bare] = read_course_blocks(api(block("course", "course")))
    assert bare.course == "course-v1:Org+C+R"


def test_the_file_of_the_load_generator(shared_data: Path) -> None:
    """Five courses, 594 rows; each but the five courses' own is a node, whose id is what the statements call it."""
    document = (shared_data / "statements/openedx-generated/course_blocks.structure.json").read_bytes()
    outlines = read_course_blocks(document, LMS)
    assert [one.course.rpartition("/")[2] for one in outlines] == [
        *("course-v1:Org0+d58dcd+0", "course-v1:Org0+d58dcd+1", "course-v1:Org0+c2fbd8+0"),
        *("course-v1:Org0+c2fbd8+1", "course-v1:Org1+c30345+0"),
    ]
    nodes = [one for outline in outlines for one in placed(outline)]
    assert len(nodes) == 594 - 5
    kinds = Counter((one.node.id.partition("+type@")[2].partition("+")[0], one.node.kind) for one in nodes)
    assert kinds == {
        ("chapter", "module"): 19,
        ("sequential", "module"): 100,
        ("vertical", "unit"): 180,
        ("video", "unit"): 90,
        ("problem", "item"): 200,
    }
    for one in nodes:
        assert level_of(one.node.type, one.node.id) == one.node.kind  # as the statements alone would say
        if "+type@chapter" in one.node.id:
            assert one.depth == 1
    first = {one.node.title: one.node for one in placed(outlines[0])}
    assert [one.title for one in first["Vertical 54"].children] == ["Problem 19", "Problem 25"]  # unit 6 of 1.1
    assert [one.title for one in first["Sequential 40"].children] == ["Problem 14", "Problem 21"]  # no unit in 1.2


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (b"{", " must be JSON"),
        (b"[" * 100_000, " must be JSON"),
        (b"7", " must be an object"),
        (b'{"root": "a", "blocks": {}}', "root must be one of the blocks"),
        (api(block("course", "c", "b")), "must be one of the blocks"),
        (
            api(block("course", "c", PART["id"], PART["id"]), PART, UNIT, CLIP, QUIZ),
            "must be the child of one block only",
        ),
        (api(block("course", "c", KEY.format(kind="course", name="c"))), "must be the child of one block only"),
        (api(block("course", "c", QUIZ["id"]), {**QUIZ, "due": "soon"}), "nodes[0].due_at must be an ISO 8601"),
        (
            json.dumps([{**row(1, 1, 1, "video", "a"), "xblock_data_json": "{"}]).encode(),
            "[0].xblock_data_json must be",
        ),
        (json.dumps([row(1, 1, 1, "video", "a")] * 2).encode(), "nodes[1].id must be in the course once only"),
        (json.dumps([{**row(1, 1, 1, "video", "a"), "order": "first"}]).encode(), "[0].order must be an integer"),
    ],
)
def test_what_is_no_course_is_refused(document: bytes, fault: str) -> None:
    found = faults(document)
    assert len(found) == 1
    assert fault in found[0]


def test_a_tree_that_is_too_deep_is_refused() -> None:
    chain = [block("course", "n0", KEY.format(kind="chapter", name="n1"))]
    chain += [block("chapter", f"n{one}", KEY.format(kind="chapter", name=f"n{one + 1}")) for one in range(1, 5000)]
    assert faults(api(*chain)) == [f'blocks["{chain[12]["id"]}"].children[0] must not be more than 12 deep']
