"""Outlines as data: what is refused between nodes, and that every node has its place."""

from typing import Any

import pytest

from schemas.completion_rule import read_completion_rule
from schemas.course_outline import check_outline, placed, read_outline, rules_of
from schemas.errors import ConfigurationRefused

COURSE = "http://x.example/course"


def node(name: str, kind: str = "unit", *children: Any, **more: Any) -> dict[str, Any]:
    return {"id": f"http://x.example/{name}", "kind": kind, "children": list(children), **more}


def outline(*nodes: Any, **more: Any) -> dict[str, Any]:
    return {"course": COURSE, "nodes": list(nodes), **more}


def waits_for(name: str) -> dict[str, Any]:
    return {"when": {"rule": "prerequisite", "node": f"http://x.example/{name}"}}


def faults(value: Any) -> dict[str, str]:
    with pytest.raises(ConfigurationRefused) as caught:
        read_outline(value)
    return {one.path: one.rule for one in caught.value.violations}


def test_every_node_has_its_place_depth_first() -> None:
    found = read_outline(outline(node("m", "module", node("u", "unit", node("i", "item")), node("v")), node("w")))
    assert [(one.node.id[-1], one.parent.rpartition("/")[2], one.order, one.depth) for one in placed(found)] == [
        ("m", "course", 0, 1),
        ("u", "m", 0, 2),
        ("i", "u", 0, 3),
        ("v", "m", 1, 2),
        ("w", "course", 1, 1),
    ]


@pytest.mark.parametrize(
    ("value", "path", "rule"),
    [
        (outline(node("a"), node("a")), "nodes[1].id", "must be in the course once only"),
        (outline(node("course")), "nodes[0].id", "must be in the course once only"),
        (outline(node("a", "unit", node("b", "module"))), "nodes[0].children[0].kind", "must not stand within a unit"),
        (outline(node("a", "item", node("b"))), "nodes[0].children[0].kind", "must not stand within an item"),
        (outline({"id": "a"}), "nodes[0].id", "must be an IRI with a scheme"),
        (outline(node("a", due_at="2026-03-01T12:00:00")), "nodes[0].due_at", "must have a zone"),
        (outline(node("a", weight=-1)), "nodes[0].weight", "must be greater than or equal to 0"),
        (outline(node("a", title="\0")), "nodes[0].title", "must not contain U+0000"),
        (outline(node("a", rule=waits_for("b"))), "nodes[0].rule.when.node", "must be a node of the course's outline"),
        (outline(node("a", rule=waits_for("a"))), "nodes[0].rule.when.node", "must not wait for"),
        (outline(node("a"), rule={"when": {"rule": "x"}}), "rule.when", "must be an object whose `rule` is one of"),
        ({"nodes": []}, "course", "is required"),
    ],
)
def test_an_outline_that_does_not_hold_together_is_refused(value: Any, path: str, rule: str) -> None:
    found = faults(value)
    assert list(found) == [path]
    assert found[path].startswith(rule)


def test_an_outline_has_bounds() -> None:
    deep = node("n0", "module")
    for number in range(1, 13):
        deep = node(f"n{number}", "module", deep)
    assert set(faults(outline(deep)).values()) == {"must not be more than 12 deep"}
    assert list(faults(outline(*(node(f"n{number}") for number in range(20_001))))) == ["nodes[20000]"]


def test_a_rule_that_was_set_goes_before_the_outlines_own_and_is_judged_with_it() -> None:
    found = read_outline(outline(node("a", rule=waits_for("b")), node("b"), rule=waits_for("a")))
    assert set(rules_of(found)) == {COURSE, "http://x.example/a"}
    ring = {"http://x.example/b": read_completion_rule(waits_for("a"))}
    assert [one.path for one in check_outline(found, ("outline",), ring)] == [
        "outline.nodes[0].rule.when.node",
        "outline.nodes[1].rule.when.node",
    ]
    gone = {"http://x.example/b": read_completion_rule(waits_for("z"))}
    assert [one.rule for one in check_outline(found, (), gone)] == ["must be a node of the course's outline"]
    freed = {"http://x.example/a": read_completion_rule({"when": {"rule": "viewed"}}), **ring}
    assert list(check_outline(found, (), freed)) == []
