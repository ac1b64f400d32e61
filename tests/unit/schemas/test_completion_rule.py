"""Completion rules as data: what is refused, where, and that the shape is told as a JSON Schema."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.completion_rule import (
    DEFAULTS,
    CompletionRule,
    json_schema,
    parts_of,
    read_completion_rule,
)
from schemas.course_configuration import read_configuration_event
from schemas.errors import ConfigurationRefused
from schemas.grade_policy import read_grade_policy
from schemas.prerequisites import check_prerequisites

VIEWED = {"rule": "viewed"}


def faults(value: Any) -> dict[str, str]:
    with pytest.raises(ConfigurationRefused) as caught:
        read_completion_rule(value)
    assert all(one.clause == "Rules 1" and one.found for one in caught.value.violations)
    return {one.path: one.rule for one in caught.value.violations}


def nested(depth: int) -> dict[str, Any]:
    rule: dict[str, Any] = VIEWED
    for _ in range(depth):
        rule = {"rule": "all", "of": [rule]}
    return rule


@pytest.mark.parametrize(
    ("when", "path", "rule"),
    [
        ({"rule": "all", "of": []}, "when.of", "must have at least one element"),
        ({"rule": "any", "of": {}}, "when.of", "must be an array"),
        ({"rule": "n_of", "m": 2, "of": [VIEWED]}, "when.m", "must be at most 1, the number of parts"),
        ({"rule": "n_of", "m": 0, "of": [VIEWED]}, "when.m", "must be greater than or equal to 1"),
        ({"rule": "score", "at_least": 1.01}, "when.at_least", "must be less than or equal to 1"),
        ({"rule": "score", "at_least": True}, "when.at_least", "must be a number"),
        ({"rule": "score", "at_least": "0.5"}, "when.at_least", "must be a number"),
        ({"rule": "video_fraction", "at_least": 0}, "when.at_least", "must be greater than 0"),
        ({"rule": "scroll_depth", "minimum_seconds": -1}, "when.minimum_seconds", "must be greater than 0"),
        ({"rule": "duration", "at_least": "PT0S"}, "when.at_least", "must be more than nothing"),
        ({"rule": "duration"}, "when.at_least", "is required"),
        ({"rule": "duration", "at_least": "1 h"}, "when.at_least", "must be an ISO 8601 duration"),
        ({"rule": "statement", "verb": "watched"}, "when.verb", "must be an IRI with a scheme"),
        ({"rule": "viewed", "twice": True}, "when.twice", "is no property of this object"),
        ({"rule": "all", "of": [VIEWED, {"rule": "seen"}]}, "when.of[1]", "must be an object whose `rule` is one of"),
        (
            {"rule": "not_after", "deadline": "2026-03-01T12:00:00", "of": VIEWED},
            "when.deadline",
            "must have a zone, such as Z or +01:00",
        ),
        (
            {"rule": "not_after", "deadline": "2026-02-30T12:00:00Z", "of": VIEWED},
            "when.deadline",
            "must name a day and time that exist",
        ),
        (
            {"rule": "not_after", "late": "perhaps", "of": VIEWED},
            "when.late",
            "must be 'accept', 'flag' or 'refuse'",
        ),
        (nested(11), "when", "must not be nested more than 10 deep"),
        (
            {"rule": "any", "of": [{"rule": "all", "of": [VIEWED] * 250}, {"rule": "any", "of": [VIEWED] * 249}]},
            "when",
            "must have at most 500 parts, not 502",
        ),
        (nested(2000), "", "must not be nested 61 deep"),
    ],
)
def test_a_rule_that_cannot_be_evaluated_is_refused(when: Any, path: str, rule: str) -> None:
    found = faults({"when": when})
    assert list(found) == [path]
    assert found[path].startswith(rule)


@pytest.mark.parametrize(
    ("options", "path", "rule"),
    [
        ({"renewal": "P1M"}, "renewal", "is of use only beside valid_for"),
        ({"valid_for": "P1M", "renewal": "P30D"}, "renewal", "must be shorter than valid_for"),
        ({"valid_for": "P0D"}, "valid_for", "must be a period of years, months, weeks or days"),
        ({"valid_for": "PT5H"}, "valid_for", "must be a period of years, months, weeks or days"),
        ({"revocable": 1}, "revocable", "must be true or false"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], path: str, rule: str) -> None:
    found = faults({"when": VIEWED, **options})
    assert list(found) == [path]
    assert found[path].startswith(rule)


def test_every_fault_is_told_at_once() -> None:
    assert set(faults({"when": {"rule": "all", "of": [{"rule": "score", "at_least": 2}, 7]}, "x": 1})) == {
        "when.of[0].at_least",
        "when.of[1]",
        "x",
    }
    assert set(faults([])) == {""}


def test_what_a_rule_does_not_say_is_its_default() -> None:
    deepest = read_completion_rule({"when": nested(10)})
    assert (deepest.revocable, deepest.valid_for, deepest.renewal) == (False, None, None)
    assert read_completion_rule({"when": {"rule": "scroll_depth"}}).when.at_least == 0.9  # type: ignore[union-attr]
    assert read_completion_rule({"when": {"rule": "not_after", "of": VIEWED}}).when.late == "flag"  # type: ignore[union-attr]


def waits_for(*nodes: str) -> CompletionRule:
    return read_completion_rule(
        {"when": {"rule": "all", "of": [{"rule": "prerequisite", "node": one} for one in nodes]}}
    )


def test_prerequisites_are_nodes_of_the_outline_and_wait_for_nothing_that_waits_for_them() -> None:
    a, b, c, d = (f"http://x.example/{name}" for name in "abcd")
    known = frozenset({a, b, c})

    def found(*judged: str, **rules: CompletionRule) -> dict[str, str]:
        named = {f"http://x.example/{name}": rule for name, rule in rules.items()}
        roots = {node: (node[-1], "rule") for node in judged}
        return {one.path: one.rule for one in check_prerequisites(named, known, roots)}

    assert found(a, b, a=waits_for(b), b=waits_for(c)) == {}
    assert found(a, a=waits_for(b, d)) == {"a.rule.when.of[1].node": "must be a node of the course's outline"}
    assert found(a, a=waits_for(a)) == {"a.rule.when.of[0].node": f"must not wait for {a}, which waits for it"}
    ring = {"a": waits_for(b), "b": waits_for(c), "c": waits_for(a)}
    assert found(c, **ring) == {"c.rule.when.of[0].node": f"must not wait for {c}, which waits for it"}
    assert len(found(a, b, c, **ring)) == 3


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_whoever_waits_for_itself_is_found(edges: list[tuple[int, int]]) -> None:
    """As somebody finds who follows each edge to wherever it leads."""
    names = [f"http://x.example/{number}" for number in range(8)]
    needs = {one: [to for from_, to in edges if from_ == one] for one, _ in edges}
    rules = {names[one]: waits_for(*(names[to] for to in to_)) for one, to_ in needs.items()}
    found = check_prerequisites(rules, frozenset(names), {node: (node,) for node in rules})
    expected = set()
    for start, target in edges:
        behind, waiting = {target}, [target]
        while waiting:
            new = set(needs.get(waiting.pop(), ())) - behind
            behind |= new
            waiting += new
        if start in behind:
            expected.add((names[start], names[target]))
    assert {(one.rule.split()[4].rstrip(","), json.loads(one.found)) for one in found} == expected


def test_a_ring_of_a_whole_outline_is_judged_in_one_pass() -> None:
    names = [f"http://x.example/{number}" for number in range(20_000)]
    rules = {name: waits_for(names[number - 1]) for number, name in enumerate(names)}
    assert len(list(check_prerequisites(rules, frozenset(names), dict.fromkeys(names, ())))) == len(names)


def test_the_json_schema_knows_every_kind_of_part() -> None:
    shapes = json_schema()["$defs"]
    kinds = {shape["properties"]["rule"]["const"] for shape in shapes.values()}
    leaves = {"statement", "viewed", "video_fraction", "scroll_depth", "score", "passed", "submitted", "attended"}
    leaves |= {"duration", "move_on", "manual", "prerequisite"}
    assert kinds == leaves | {"all", "any", "n_of", "not_after"}
    assert all("rule" in shape["required"] and shape["additionalProperties"] is False for shape in shapes.values())


def test_the_default_rules_are_in_the_vocabulary_and_pass_their_own_checks() -> None:
    assert set(DEFAULTS) == {"media", "assessment", "document", "content", "none"}
    for rule in DEFAULTS.values():
        assert read_completion_rule(rule.model_dump(mode="json")) == rule
        assert len(list(parts_of(rule.when))) <= 9


def test_the_examples_of_the_documentation_are_in_order() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
    rule, policy, tried = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert read_completion_rule(json.loads(rule)).renewal == "P30D"
    assert len(read_grade_policy(json.loads(policy)).categories) == 2
    for event in json.loads(tried)["events"]:
        read_configuration_event(event.pop("kind"), {"course": "https://course.example/geology", "by": "me", **event})
    for kind in {shape["properties"]["rule"]["const"] for shape in json_schema()["$defs"].values()}:
        assert f"`{kind}`" in text
