"""Grades by policies, by hand: docs/rules.md, sections 4 and 5."""

from datetime import datetime
from typing import Any

import pytest

from projections.attempt import Attempt
from projections.grade_evaluation import GradedItem, GradeOverride, NodeGrade, grade_course, grade_node
from schemas.configuration_refusal import as_json
from schemas.errors import ConfigurationRefused
from schemas.grade_policy import AttemptPolicy, GradePolicy, check_policy, json_schema, read_grade_policy
from tests.unit.projections.learner import at, days

EXAM = "http://course.example/exam"


def tried(key: str, score: float | None, minutes: float = 0) -> Attempt:
    return Attempt(key, at(minutes), at(minutes + 1), None, None, None, score, score, False, None, 60_000)


def graded(policy: dict[str, Any], *attempts: Attempt, **more: Any) -> NodeGrade:
    parsed = read_grade_policy({"attempts": policy})
    grade = grade_node(attempts, parsed.attempts, counts=True, pass_mark=parsed.pass_mark, **more)
    assert grade is not None
    return grade


TRIES = [tried("a", 0.5), tried("b", 0.9, 10), tried("c", None, 20), tried("d", 0.7, 30)]


@pytest.mark.parametrize(
    ("policy", "score", "key"),
    [
        ({}, 0.9, "b"),
        ({"take": "last"}, 0.7, "d"),
        ({"take": "first"}, 0.5, "a"),
        ({"take": "average"}, 0.7, None),
        ({"take": "average_of_best", "k": 2}, 0.8, None),
        ({"take": "average_of_best", "k": 9}, 0.7, None),
        ({"take": "manual"}, None, None),
        ({"max_attempts": 1}, 0.5, "a"),
        ({"take": "last", "max_attempts": 3}, 0.9, "b"),
    ],
)
def test_which_attempts_make_the_grade(policy: dict[str, Any], score: float | None, key: str | None) -> None:
    grade = graded(policy, *TRIES)
    assert (grade.score, grade.best_attempt, grade.attempts) == (score, key, 4)
    assert grade.counted == policy.get("max_attempts", 4)
    assert grade.passed is (None if score is None else score >= 0.6)


@pytest.mark.parametrize(
    ("penalty", "late_by", "score"),
    [
        ({"at_once": 0.2}, 0, 0.9),
        ({"at_once": 0.2}, 1, 0.72),
        ({"at_once": 0.2, "grace": "PT1H"}, 60, 0.9),
        ({"at_once": 0.2, "grace": "PT1H"}, 61, 0.72),
        ({"per_day": 0.1}, 1, 0.81),  # of a day that has begun
        ({"per_day": 0.1}, days(1), 0.81),
        ({"per_day": 0.1}, days(1) + 1, 0.72),
        ({"per_day": 0.1, "at_most": 0.25}, days(5), 0.675),
        ({"per_day": 0.5}, days(9), 0.0),
    ],
)
def test_lateness_takes_its_share(penalty: dict[str, Any], late_by: float, score: float) -> None:
    grade = graded({"late_penalty": penalty}, tried("a", 0.9, late_by - 1), due_at=at(0))
    assert grade.score == pytest.approx(score, abs=1e-9)
    assert grade.lost == pytest.approx(0.9 - score, abs=1e-9)
    assert grade.late == (late_by > 0)


def test_an_attempt_in_time_may_be_the_best_after_all() -> None:
    policy = {"late_penalty": {"at_once": 0.5}}
    assert graded(policy, tried("a", 0.6, -5), tried("b", 1.0, 5), due_at=at(0)).best_attempt == "a"


def test_an_override_is_the_grade_and_being_excused_is_none() -> None:
    grade = graded({}, *TRIES, override=GradeOverride(0.4))
    assert (grade.policy, grade.score, grade.best_attempt, grade.passed) == ("override", 0.4, None, False)
    assert graded({"take": "manual"}, override=GradeOverride(1.0)).score == 1.0
    excused = graded({}, *TRIES, override=GradeOverride(None, excused=True))
    assert (excused.score, excused.excused, excused.passed) == (None, True, None)
    assert grade_node([], AttemptPolicy(), counts=True, pass_mark=0.6) is None


def item(node: str, score: float | None, **more: Any) -> GradedItem:
    return GradedItem(node, score, **more)


def course(policy: dict[str, Any], *items: GradedItem, now: datetime | None = None, own: float | None = None) -> Any:
    return grade_course(items, read_grade_policy(policy), own_score=own, verdict=None, now=now)[:3]


def test_so_far_and_if_nothing_more_is_done() -> None:
    items = [item("a", 0.9), item("b", 0.6), item("c", None), item("d", None, due_at=at(10))]
    assert course({}, *items) == (0.75, 0.375, None)
    assert course({}, *items, now=at(10)) == (0.75, 0.375, None)
    assert course({}, *items, now=at(11)) == (0.5, 0.375, None)
    assert course({}, *items[:3], now=at(11)) == (0.75, 0.5, None)
    assert course({"pass_mark": 0.5}, *items[:3]) == (0.75, 0.5, True)
    assert course({}, *items, own=0.61) == (0.61, 0.61, True)
    assert course({"own_grade": False}, *items, own=0.61) == (0.75, 0.375, None)
    assert course({}) == (None, None, None)
    assert course({}, item("a", 0.9), item("b", None, excused=True)) == (0.9, 0.9, True)


def test_weights_categories_and_the_lowest() -> None:
    assert course({}, item("a", 1.0, weight=3), item("b", 0.0)) == (0.75, 0.75, True)
    quizzes = [item(name, score, category="quiz") for name, score in (("a", 0.2), ("b", 0.8), ("c", 1.0))]
    essay = item("d", None, category="essay")
    policy = {"categories": [{"name": "quiz", "weight": 1, "drop_lowest": 1}, {"name": "essay", "weight": 3}]}
    assert course(policy, *quizzes, essay, item("e", 0.0)) == (0.9, 0.225, None)
    assert course(policy, *quizzes, item("d", 0.5, category="essay")) == (0.6, 0.6, True)
    assert course({"drop_lowest": 9}, *quizzes) == (1.0, 1.0, True)
    found = grade_course(quizzes, read_grade_policy({"drop_lowest": 1}), own_score=None, verdict=False)
    assert (found.passed, found.dropped) == (False, ("a",))
    late = [item("a", None, due_at=at(0)), item("b", 1.0)]
    assert grade_course(late, GradePolicy(), own_score=None, verdict=None, now=at(1)).missing == ("a",)


def faults(value: Any) -> dict[str, str]:
    with pytest.raises(ConfigurationRefused) as caught:
        read_grade_policy(value)
    assert all(one.clause == "Rules 4" for one in caught.value.violations)
    return {one.path: one.rule for one in caught.value.violations}


@pytest.mark.parametrize(
    ("value", "path", "rule"),
    [
        ({"attempts": {"take": "average_of_best"}}, "attempts.k", "must be given with average_of_best"),
        ({"attempts": {"k": 2}}, "attempts.k", "must be given with average_of_best"),
        ({"attempts": {"take": "median"}}, "attempts.take", "must be 'best'"),
        ({"attempts": {"max_attempts": 0}}, "attempts.max_attempts", "must be greater than or equal to 1"),
        ({"attempts": {"late_penalty": {}}}, "attempts.late_penalty", "must take something"),
        ({"pass_mark": 60}, "pass_mark", "must be less than or equal to 1"),
        ({"categories": [{"name": "a", "weight": 0}]}, "categories[0].weight", "must be greater than 0"),
        ({"categories": [{"name": "a", "weight": 1}] * 2}, "categories[1].name", "must differ from the names"),
        ({"categories": [{"name": "a", "weight": 1}], "drop_lowest": 1}, "drop_lowest", "is said by each category"),
        ({"nodes": {"exam": {}}}, "nodes.exam", "must be an IRI with a scheme"),
    ],
)
def test_a_policy_that_cannot_be_computed_is_refused(value: Any, path: str, rule: str) -> None:
    found = faults(value)
    assert list(found) == [path]
    assert found[path].startswith(rule)


def test_a_policy_speaks_of_nodes_and_categories_that_are_there() -> None:
    policy = read_grade_policy({"nodes": {EXAM: {}}, "categories": [{"name": "a", "weight": 1}]})
    assert list(check_policy(policy, frozenset({EXAM}), {EXAM: "a"})) == []
    found = check_policy(policy, frozenset(), {EXAM: "b"}, ("policy",))
    assert [(one.path, one.found) for one in found] == [
        (f'policy.nodes["{EXAM}"]', f'"{EXAM}"'),
        ("policy.categories", '"b"'),
    ]
    assert read_grade_policy(as_json(policy)) == policy
    assert set(json_schema()["$defs"]) == {"AttemptPolicy", "Category", "LatePenalty"}
