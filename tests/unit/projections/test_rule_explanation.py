"""Why something is completed or not, in words and as data."""

from typing import Any
from uuid import UUID

import pytest

from projections.fact import Fact
from projections.rule_evaluation import Override, RuleContext
from projections.rule_explanation import Explanation, explain
from schemas.completion_rule import DEFAULTS, CompletionRule, read_completion_rule
from tests.unit.projections.learner import UNCOMPLETED, VIEWED, at, did, played, scored

VIDEO_AND_QUIZ = {
    "rule": "all",
    "of": [{"rule": "video_fraction", "at_least": 0.9}, {"rule": "score", "at_least": 0.6}],
}


def why(rule: dict[str, Any] | CompletionRule, *facts: Fact, **context: Any) -> tuple[str, Explanation]:
    parsed = rule if isinstance(rule, CompletionRule) else read_completion_rule({"when": rule})
    _, sentence, explanation = explain(parsed, facts, RuleContext(**context))
    return sentence, explanation


def test_what_is_missing_is_told_in_numbers_with_its_statements() -> None:
    sentence, explanation = why(VIDEO_AND_QUIZ, played(1, 72), scored(2, "answered", 0.55, 3), scored(3, "scored", 0.2))
    assert sentence == "not completed: video watched 0.72 of 0.90; best score 0.55 of 0.60"
    assert (explanation.rule, explanation.holds, explanation.reached, explanation.asked) == ("all", False, 0, 2)
    video, quiz = explanation.parts
    assert (video.reached, video.asked, video.statements) == (0.72, 0.9, (UUID(int=1),))
    assert (quiz.reached, quiz.asked, quiz.statements) == (0.55, 0.6, (UUID(int=2),))


def test_a_number_that_falls_short_never_looks_like_enough() -> None:
    sentence, _ = why({"rule": "video_fraction", "at_least": 0.9}, played(1, 89.99))
    assert sentence == "not completed: video watched 0.89 of 0.90"


@pytest.mark.parametrize(
    ("rule", "facts", "context", "sentence"),
    [
        ("media", [played(1, 95, 9)], {}, "completed on 2026-03-02: video watched 0.95 of 0.90"),
        ("media", [], {}, "not started: video watched 0.00 of 0.90"),
        ("assessment", [], {}, "not started: no score yet of 0.60"),
        ("assessment", [scored(1, "failed", 0.7)], {}, "not completed: best score 0.70 of 0.60, judged as failed"),
        (
            "document",
            [did(1, "interacted")],
            {},
            "not completed: not yet completed, attended, submitted, satisfied, waived or viewed",
        ),
        ("document", [did(1, VIEWED)], {}, "completed on 2026-03-02: viewed"),
        ("none", [did(1, VIEWED)], {}, "not completed: not yet set by hand"),
        ("none", [], {"override": Override(True, at(0))}, "completed on 2026-03-02: set by hand"),
        (
            "document",
            [did(1, VIEWED), did(2, UNCOMPLETED, 5)],
            {},
            "not completed since it was taken back on 2026-03-02: "
            "not yet completed, attended, submitted, satisfied, waived or viewed",
        ),
    ],
)
def test_sentences(rule: str, facts: list[Fact], context: dict[str, Any], sentence: str) -> None:
    assert why(DEFAULTS[rule], *facts, **context)[0] == sentence


def test_lateness_numbers_of_parts_and_other_nodes_are_told() -> None:
    late = {"rule": "not_after", "late": "flag", "of": {"rule": "passed"}}
    due = "2026-03-02 09:05 UTC"
    assert why(late, did(1, "passed", 9), due_at=at(5))[0] == f"completed on 2026-03-02, late: passed, late: due {due}"
    assert why(late, due_at=at(5))[0] == f"not started: not yet passed (due {due})"
    assert why(late)[0] == "not started: not yet passed (no due date is set)"
    refused = {**late, "late": "refuse"}
    assert why(refused, did(1, "passed", 9), due_at=at(5))[0] == (f"not completed: passed, refused as late: due {due}")
    some = {"rule": "n_of", "m": 2, "of": [{"rule": "viewed"}, {"rule": "passed"}, {"rule": "attended"}]}
    assert why(some, did(1, VIEWED))[0] == "not completed: 1 of 2 needed: not yet passed; not yet attended"
    waits = {"rule": "prerequisite", "node": "http://course.example/intro"}
    assert why(waits, did(1, VIEWED))[0] == "not completed: intro is not yet completed"
    moved = {"rule": "move_on", "criterion": "Passed"}
    assert why(moved, did(1, VIEWED))[0] == "not completed: moveOn Passed is not yet met"
    assert why({"rule": "duration", "at_least": "PT10M"}, did(1, VIEWED), did(2, VIEWED, 5))[0] == (
        "not completed: 300 s of 600 s spent"
    )
