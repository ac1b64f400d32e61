"""Our own YAML: what it looks like, that it reads back as it was written, and what is refused."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.completion_rule import CompletionRule, Prerequisite
from schemas.course_outline import CourseOutline, OutlineNode, Source, placed
from schemas.errors import ConfigurationRefused
from schemas.outline_import.outline_yaml import read_yaml, write_yaml
from tests.properties.rules import completion_rules

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "rules.md"


def faults(document: bytes) -> list[str]:
    with pytest.raises(ConfigurationRefused) as caught:
        read_yaml(document)
    return [f"{one.path} {one.rule}" for one in caught.value.violations]


def test_the_example_of_the_documentation_is_one() -> None:
    example = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    outline = read_yaml(example[0].encode(), "course.yaml")
    assert outline.source == Source(kind="yaml", name="course.yaml")
    assert len(list(placed(outline))) == 4
    assert read_yaml(write_yaml(outline).encode()) == outline


_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
_names = st.sampled_from(["yes", "null", "1:30", "2026-03-01", "~", "0x1F", "Week 1", "été"])


@st.composite
def outlines(draw: st.DrawFn) -> CourseOutline:
    """Outlines whose texts are such as YAML takes for something else."""
    number = draw(st.integers(0, 4))
    ids = [f"http://x.example/{one}?a=b#c: d".replace(" ", "%20") for one in range(number)]
    nodes = [
        OutlineNode(
            id=one,
            title=draw(st.none() | _names | _texts),
            required=draw(st.none() | st.booleans()),
            weight=draw(st.none() | st.sampled_from([0.0, 1e-7, 2.0, 1_000_000.0])),
            category=draw(st.none() | _names),
            due_at=draw(st.sampled_from([None, "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.5+01:00"])),
            rule=draw(st.none() | completion_rules().filter(_is_free)),
        )
        for one in ids
    ]
    module = OutlineNode(id="http://x.example/module", kind="module", children=tuple(nodes))
    return CourseOutline(course="http://x.example/course", title=draw(_texts), nodes=(module,))


def _is_free(rule: CompletionRule) -> bool:
    return Prerequisite.__name__ not in repr(rule)


@settings(max_examples=60)
@given(outline=outlines())
def test_what_is_written_reads_back_the_same(outline: CourseOutline) -> None:
    assert read_yaml(write_yaml(outline).encode()) == outline


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (b"a: &x [1]\nb: *x", "line 1 must have no anchors and aliases"),
        (b"[" * 100, "line 1 must not be nested more than 60 deep"),
        (b"x: 1\ncourse: !!python/name:os.system x", "line 2, course must have no tags"),
        (b"nodes:\n  - !thing {}", "line 2, nodes[0] must have no tags"),
        (b"a: 1\na: 2", "line 2, a must be there no more than once"),
        (b"? [a]\n: 1", "line 1 must have keys that are text"),
        (b"{a: 1", "line 2 must be well-formed YAML"),
        (b"course: \xff", " must be UTF-8"),
        (b"course: \0", "line 1 must be well-formed YAML"),
        (b'course: "\\uD800"', "line 1 must be well-formed YAML"),
        (b"course: 1:30", "line 1, course must be a decimal number"),
        (b"course: " + b"9" * 5000, "line 1, course must be a decimal number"),
        (b"", "line 1 must be an object"),
        (b"course: http://x.example/c\nnodes:\n- id: nothing", "line 3, nodes[0].id must be an IRI with a scheme"),
        (b"course: http://x.example/c\ntitle: no", "line 2, title must be a string"),
        (b"nodes: []", "line 1, course is required"),
        (b" " * 5_000_001, " must have at most 5000000 bytes"),
    ],
)
def test_what_is_no_outline_is_refused_with_its_line(document: bytes, fault: str) -> None:
    assert [one[: len(fault)] for one in faults(document)] == [fault]
