"""What each part of a rule means, by hand: docs/rules.md, section 2."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from projections.fact import Fact
from projections.rule_evaluation import Override, RuleContext, Verdict, evaluate
from projections.rule_facts import Evidence
from schemas.completion_rule import read_completion_rule
from tests.unit.projections.learner import PROGRESS, UNCOMPLETED, VIEWED, at, days, did, played, scored

NODE = "http://course.example/before"


def judged(when: dict[str, Any], *facts: Fact, context: RuleContext | None = None, **options: Any) -> Verdict:
    return evaluate(read_completion_rule({"when": when, **options}), facts, context or RuleContext())


def completed_by(when: dict[str, Any], *facts: Fact, **more: Any) -> int | None:
    verdict = judged(when, *facts, **more)
    assert (verdict.satisfied_by is None) == (verdict.completed_at is None)
    return None if verdict.satisfied_by is None else verdict.satisfied_by.int


def test_opening_completes_nothing_but_what_asks_for_it() -> None:
    opened = did(1, VIEWED)
    assert completed_by({"rule": "viewed"}, opened) == 1
    for rule in ("passed", "submitted", "attended", "score", "video_fraction", "scroll_depth"):
        assert completed_by({"rule": rule}, opened) is None


def test_a_claim_that_denies_itself_is_none() -> None:
    when = {"rule": "statement", "verb": "http://adlnet.gov/expapi/verbs/completed"}
    denials = [did(1, "completed", success=False), did(2, "completed", completion=False), scored(3, "completed", 0.59)]
    assert completed_by(when, *denials) is None
    assert completed_by(when, *denials, scored(4, "completed", 0.6, 5)) == 4
    assert completed_by({"rule": "attended"}, did(1, "attended", success=False), did(2, "attended", 1)) == 2


def test_a_score_is_the_best_one_and_failing_cannot_reach_the_pass_mark() -> None:
    tries = [scored(1, "answered", 0.4), scored(2, "failed", 0.9, 1), scored(3, "scored", 0.7, 2)]
    assert completed_by({"rule": "score"}, *tries) == 3
    assert completed_by({"rule": "score", "at_least": 0.8}, *tries) == 2
    assert completed_by({"rule": "score"}, *tries, context=RuleContext(pass_mark=0.75)) is None
    assert completed_by({"rule": "score", "at_least": 1.0}, did(1, "answered", success=True)) == 1
    assert completed_by({"rule": "score", "at_least": 0.1}, did(1, "answered", success=False)) is None


def test_a_video_asks_for_its_number_or_for_the_statements_own() -> None:
    seen = [played(1, 50), played(2, 72, 1), played(3, 95, 2)]
    assert completed_by({"rule": "video_fraction"}, *seen) == 3
    assert completed_by({"rule": "video_fraction", "at_least": 0.7}, *seen) == 2
    verdict = judged({"rule": "video_fraction"}, *seen[:2])
    assert (verdict.state, verdict.fraction) == ("in_progress", 0.72)


def test_a_text_is_scrolled_far_enough_and_not_too_fast() -> None:
    steps = [did(1, "progressed", 0, extensions={PROGRESS: 40}), did(2, "progressed", 1, extensions={PROGRESS: 95})]
    assert completed_by({"rule": "scroll_depth"}, *steps) == 2
    slow = {"rule": "scroll_depth", "at_least": 0.9, "minimum_seconds": 90}
    assert completed_by(slow, *steps) is None
    assert judged(slow, *steps).fraction == 0.95
    assert completed_by(slow, *steps, did(3, "interacted", 2)) == 3


def test_time_is_that_of_the_visits() -> None:
    visits = [did(1, VIEWED), did(2, VIEWED, 10), did(3, VIEWED, days(1)), did(4, VIEWED, days(1) + 6)]
    assert completed_by({"rule": "duration", "at_least": "PT15M"}, *visits) == 4
    assert completed_by({"rule": "duration", "at_least": "PT10M"}, *visits) == 2
    verdict = judged({"rule": "duration", "at_least": "PT32M"}, *visits)
    assert (verdict.state, verdict.fraction) == ("in_progress", 0.5)


def test_combinators_hold_at_the_moment_at_which_enough_of_their_parts_do() -> None:
    of = [{"rule": "viewed"}, {"rule": "passed"}, {"rule": "submitted"}]
    did_it = [did(1, VIEWED), did(2, "http://activitystrea.ms/submit", 5), did(3, "passed", 9)]
    assert completed_by({"rule": "any", "of": of}, *did_it) == 1
    assert completed_by({"rule": "n_of", "m": 2, "of": of}, *did_it) == 2
    assert completed_by({"rule": "all", "of": of}, *did_it) == 3
    verdict = judged({"rule": "all", "of": of}, *did_it[:2])
    assert (verdict.state, verdict.fraction) == ("in_progress", 0.666667)


@pytest.mark.parametrize(("late", "expected"), [("accept", (3, False)), ("flag", (3, True)), ("refuse", (None, False))])
def test_a_deadline_accepts_flags_or_refuses_what_is_late(late: str, expected: tuple[int | None, bool]) -> None:
    when = {"rule": "not_after", "deadline": at(10).isoformat(), "late": late, "of": {"rule": "passed"}}
    verdict = judged(when, did(3, "passed", 11))
    assert (verdict.satisfied_by and verdict.satisfied_by.int, verdict.late) == expected
    assert judged(when, did(2, "passed", 10), did(3, "passed", 11)).late is False
    by_due_date = {"rule": "not_after", "late": late, "of": {"rule": "passed"}}
    assert judged(by_due_date, did(3, "passed", 11), context=RuleContext(due_at=at(10))) == verdict
    assert completed_by(by_due_date, did(3, "passed", 11)) == 3  # nothing is due


def test_a_prerequisite_may_come_before_or_after() -> None:
    when = {"rule": "all", "of": [{"rule": "prerequisite", "node": NODE}, {"rule": "viewed"}]}
    read = did(1, VIEWED, 5)
    assert completed_by(when, read) is None
    for minute, expected in ((0, 1), (9, 77)):
        done = RuleContext(prerequisites={NODE: Evidence(at(minute), UUID(int=77))})
        assert completed_by(when, read, context=done) == expected


def test_an_override_completes_by_hand_and_takes_back_by_hand() -> None:
    by_hand = judged({"rule": "manual"}, did(1, VIEWED), context=RuleContext(override=Override(True, at(7))))
    assert (by_hand.state, by_hand.completed_at, by_hand.satisfied_by) == ("completed", at(7), None)
    assert judged({"rule": "passed"}, context=RuleContext(override=Override(True, at(7)))).state == "completed"
    taken = RuleContext(override=Override(False, at(7)))
    assert judged({"rule": "passed"}, did(1, "passed", 7), context=taken).revoked_at == at(7)
    assert completed_by({"rule": "passed"}, did(1, "passed", 7), did(2, "passed", 8), context=taken) == 2
    assert judged({"rule": "manual"}, did(1, VIEWED)).state == "in_progress"


def test_what_is_sticky_stays_and_what_is_revocable_is_taken_back() -> None:
    turns = [did(1, "passed"), did(2, "failed", 5)]
    assert completed_by({"rule": "passed"}, *turns) == 1
    verdict = judged({"rule": "passed"}, *turns, revocable=True)
    assert (verdict.state, verdict.revoked_at) == ("in_progress", at(5))
    assert completed_by({"rule": "passed"}, *turns, did(3, "passed", 9), revocable=True) == 3
    both = {"rule": "all", "of": [{"rule": "viewed"}, {"rule": "passed"}]}
    assert completed_by(both, did(9, VIEWED), *turns, did(3, "passed", 9), revocable=True) == 3
    lower = [scored(1, "scored", 0.9), scored(2, "scored", 0.5, 5)]
    assert completed_by({"rule": "score"}, *lower) == 1
    assert completed_by({"rule": "score"}, *lower, revocable=True) is None
    assert completed_by({"rule": "passed"}, did(1, "passed"), did(2, UNCOMPLETED, 5)) is None


def test_a_completion_expires_and_is_renewed_in_its_window_or_after_it() -> None:
    options: dict[str, Any] = {"valid_for": "P30D", "renewal": "P10D"}
    first, early, within = did(1, "passed"), did(2, "passed", days(5)), did(3, "passed", days(25))

    def on(day: float, *facts: Fact) -> Verdict:
        return judged({"rule": "passed"}, *facts, context=RuleContext(now=at(days(day))), **options)

    assert (on(29, first).state, on(30, first).state) == ("completed", "expired")
    assert on(40, first, early).state == "expired"
    renewed = on(40, first, early, within)
    assert (renewed.state, renewed.renewed_at, renewed.expires_at) == ("completed", at(days(25)), at(days(60)))
    assert (renewed.completed_at, renewed.satisfied_by) == (at(0), UUID(int=1))
    afterwards = on(50, first, did(4, "passed", days(45)))
    assert (afterwards.state, afterwards.expires_at) == ("completed", at(days(75)))
    assert judged({"rule": "passed"}, first, **options).state == "completed"  # without a clock nothing expires


def test_a_year_is_a_calendar_year() -> None:
    leap = did(1, "passed", (timedelta(days=728)) / timedelta(minutes=1))  # 28 February 2028
    verdict = judged({"rule": "passed"}, leap, valid_for="P1Y")
    assert verdict.expires_at is not None
    assert verdict.expires_at.date().isoformat() == "2029-02-28"


def test_a_verb_on_another_type_of_node_does_not_count() -> None:
    when = {"rule": "statement", "verb": VIEWED, "activity_type": "http://x.example/page"}
    assert completed_by(when, did(1, VIEWED), context=RuleContext("http://x.example/page")) == 1
    assert completed_by(when, did(1, VIEWED), context=RuleContext("http://x.example/film")) is None
