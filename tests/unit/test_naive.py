"""The rule of this file: the oracle is checked by hand, and the sum stands beside each expectation.

Facts, attempts, grades, enrolment and risk; coverage and completion, and placement and outline have files of their own.
"""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.course_of_ann import (
    ANN,
    COURSE,
    IN_COURSE,
    LESSON,
    QUIZ,
    REGISTRATION,
    START,
    TYPE,
    Payload,
    activity,
    after,
    fields,
    key,
    models,
    partly,
    said,
    within,
)


def test_visits_and_time() -> None:
    # 0 and 1800 s are one visit (no more than 30 minutes) of 1800 s; 3601 s begins another, which
    # lasts the 90.5 s that it says. The satisfied of the system at 9000 s is no activity of Ann's.
    row = models(
        said(1, 0, "experienced", LESSON),
        said(2, 1800, "experienced", LESSON),
        said(3, 3601, "experienced", LESSON, result={"duration": "PT1M30.5S"}),
        said(4, 9000, "https://w3id.org/xapi/adl/verbs/satisfied", LESSON),
    )["node_progress"][COURSE, ANN, LESSON]
    assert (row["visits"], row["duration"], row["statements"]) == (2, 1_890_500, 4)
    assert (row["last_activity_id"], row["last_at"]) == (key(3), after(9000))


def test_attempts_by_gap() -> None:
    # A pause of exactly 1800 s keeps the attempt, one of 1801 s begins another; the third statement names
    # its own. Best of 0.4, 0.9 (the last of its attempt, not the 1.0 before) and 0.5 is 0.9.
    def scored(number: int, seconds: float, scaled: float, **more: Any) -> Payload:
        result = {"score": {"scaled": scaled}}
        return said(number, seconds, "scored", QUIZ, TYPE + "assessment", result=result, **more)

    session = {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": "S"}
    named = {"contextActivities": IN_COURSE, "extensions": session}
    found = models(
        said(1, 0, "experienced", QUIZ),
        scored(2, 1800, 0.4),
        scored(3, 1900, 0.5, context=named),
        scored(4, 3601, 1.0),
        scored(5, 3700, 0.9),
    )
    attempts = {k[3]: (row["started_at"], row["score"]) for k, row in found["attempt"].items()}
    assert attempts == {
        f"gap:{key(1)}": (after(0), 0.4),
        "session:S": (after(1900), 0.5),
        f"gap:{key(4)}": (after(3601), 0.9),
    }
    assert list(found["gradebook"][COURSE, ANN, QUIZ].values()) == ["best", 0.9, 3, f"gap:{key(4)}", True]


@pytest.mark.parametrize(
    ("sent", "score", "suspect"),
    [
        ({"raw": 75, "max": 100, "scaled": 0.5}, 0.75, True),  # 75/100, and scaled is off by 0.25
        ({"raw": 15, "min": 10, "max": 20}, 0.5, False),  # (15 − 10) / (20 − 10)
        ({"raw": 34, "max": 0}, None, False),  # max ≤ min and nothing else: no score
        ({"scaled": 0.7, "raw": 34, "max": 0}, 0.7, True),
        ({"raw": 3, "max": 2}, 1.0, True),  # 1.5, cut
        ({"raw": 2, "max": 3}, 0.666667, False),
        ({"raw": -1, "max": 2}, 0.0, True),  # −0.5, cut
        ({"scaled": -0.5}, 0.0, False),  # a scaled score may be as low as −1
        ({"scaled": -1.5}, 0.0, True),
        ({"scaled": 1.2}, 1.0, True),
        ({"scaled": True, "raw": 1}, None, False),  # a boolean is no number
    ],
)
def test_scores(sent: Payload, score: float | None, suspect: bool) -> None:
    # The verb says passed, whatever result.success says.
    passed = said(1, 0, "passed", QUIZ, TYPE + "assessment", result={"score": sent, "success": False})
    (row,) = models(passed)["attempt"].values()
    assert (row["score"], row["score_suspect"], row["success"]) == (score, suspect, True)


def test_voiding_counts_before_and_after_and_cannot_be_voided() -> None:
    # 3 voids 1 and 4 would void 3, which is a voiding statement: 1 stays voided. Only 2 is a fact.
    def voids(number: int, target: int) -> Payload:
        reference = {"objectType": "StatementRef", "id": str(key(target)).upper()}
        return said(number, 0, "voided", LESSON) | {"object": reference}

    done, seen = said(1, 0, "completed", LESSON), said(2, 60, "experienced", LESSON)
    found = models(done, seen, voids(3, 1), voids(4, 3))  # and, as always, in the opposite order
    assert set(found["fact"]) == {(key(2),)}
    assert found["node_progress"][COURSE, ANN, LESSON]["state"] == "in_progress"


def test_an_attempt_is_its_own_key_then_its_parent_s() -> None:
    # Of the kinds of key the activity goes first, the object before its parents, and session before registration.
    one, two = (activity(f"{QUIZ}/attempt/{n}", TYPE + "attempt") for n in (1, 2))
    quiz = activity(QUIZ, TYPE + "assessment")
    named = {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": "S"}
    result = {"score": {"scaled": 0.8}}

    def key_of(target: Payload, **context: Any) -> str:
        payload = said(1, 0, "scored", QUIZ, result=result, context=context) | {"object": target}
        ((_, _, node, attempt),) = models(payload)["attempt"]
        assert node == QUIZ
        return str(attempt)

    everything = {"registration": REGISTRATION.upper(), "extensions": named}
    assert key_of(one, **within(quiz, two, **everything)) == f"activity:{one['id']}"
    assert key_of(quiz, **within(two, **everything)) == f"activity:{two['id']}"
    assert key_of(quiz, **within(**everything)) == "session:S"
    assert key_of(quiz, **within(registration=REGISTRATION.upper())) == f"registration:{REGISTRATION}"
    quiz["definition"]["extensions"] = {"http://id.tincanapi.com/extension/attempt-id": 3}
    assert key_of(quiz, **within()) == "number:3"


def test_groups_and_objects_that_are_no_activity_feed_only_the_facts() -> None:
    group, agent = ({"objectType": kind, "mbox": "mailto:bob@lms.example"} for kind in ("Group", "Agent"))
    of_agent = said(2, 0, "completed", LESSON, object=agent, actor={"name": " Ann ", "mbox": ANN[5:]})
    found = models(said(1, 0, "completed", LESSON, actor=group), of_agent)
    assert (found["fact"][key(1),]["person"], found["fact"][key(1),]["course"]) == (None, COURSE)
    assert (found["fact"][key(2),]["activity"], found["fact"][key(2),]["course"]) == (None, None)
    assert found["person"] == {(ANN,): {"name": "Ann", "merged_from": []}}
    assert found["outline_node"] == found["enrollment"] == {}


def test_enrolment_status() -> None:
    def on_course(number: int, seconds: float, verb: str) -> Payload:
        return said(number, seconds, verb, COURSE, TYPE + "course")

    joined = on_course(1, 0, "registered")
    left = on_course(2, 60, "http://id.tincanapi.com/verb/unregistered")
    done = on_course(3, 120, "completed")
    back = on_course(4, 180, "registered")
    lesson = said(5, -30, "http://id.tincanapi.com/verb/unregistered", LESSON)
    assert models(lesson)["fact"][key(5),]["event"] == "other"  # the lesson is no course
    turns = [[joined, lesson], [joined, left], [joined, left, done], [joined, left, done, back]]
    rows = [models(*payloads)["enrollment"][COURSE, ANN] for payloads in turns]
    assert [row["status"] for row in rows] == ["active", "withdrawn", "withdrawn", "completed"]
    assert {row["enrolled_at"] for row in rows} == {START}  # the enrolment's, not the earlier lesson's


def test_progress_and_grades_of_a_course_of_two_lessons() -> None:
    # Ann passed the quiz with 0.8 and is half through the lesson; Bob opened it. Required: quiz, lesson.
    # Progress (1 + 0.5) / 2. Graded is the quiz alone: 0.8 / 1 for Ann, 0 / 1 for Bob, who has no grade yet.
    bob = {"account": {"homePage": "https://lms.example", "name": "bob"}}
    passed = said(1, 0, "passed", QUIZ, TYPE + "assessment", result={"score": {"scaled": 0.8}})
    opened = said(3, 60, "experienced", QUIZ, TYPE + "assessment", actor=bob)
    found = models(passed, partly(2, 60, 50), opened)
    row = found["enrollment"][COURSE, ANN]
    assert (row["completed_nodes"], row["progress_sum"], row["progress"]) == (1, 1.5, 0.75)
    grades = [list(row.values()) for row in found["course_grade"].values()]
    assert grades == [[0.8, 0.8, True], [None, 0.0, None]]
    # A grade on the course itself goes before the mean: the last, not the best; and `failed` is failed.
    better = said(4, 120, "scored", COURSE, TYPE + "course", result={"score": {"raw": 9, "max": 10}})
    final = said(5, 9000, "failed", COURSE, TYPE + "course", result={"score": {"raw": 3, "max": 10}})
    found = models(passed, better, final)
    assert list(found["course_grade"][COURSE, ANN].values()) == [0.3, 0.3, False]
    assert found["gradebook"][COURSE, ANN, COURSE]["policy"] == "last"


def test_the_sum_of_progress_is_not_rounded() -> None:
    row = models(partly(1, 0, 12.3456789))["enrollment"][COURSE, ANN]
    assert fields(row, "progress_sum", "progress") == (12.3456789 / 100, 0.123457)


def test_inactivity_is_measured_by_the_clock_of_the_log() -> None:
    opened = said(1, 0, "experienced", LESSON, TYPE + "lesson")
    day = timedelta(days=1)
    assert models(opened)["risk_state"] == models(opened, clock=START + 6.9 * day)["risk_state"] == {}
    for idle, level, days in ((7, "warn", 7), (13.9, "warn", 7), (14, "high", 14)):
        risk = models(opened, clock=START + idle * day)["risk_state"][COURSE, ANN, "inactive"]
        assert list(risk.values()) == [level, START + days * day, days, key(1)]


def test_who_has_done_all_required_nodes_is_not_at_risk() -> None:
    # Bob opens a second lesson, which the outline then requires of Ann too. A course that requires nothing has no risk.
    clock = START + timedelta(days=20)
    done = said(1, 0, "completed", LESSON, TYPE + "lesson")
    bob = said(2, 0, "experienced", QUIZ, TYPE + "assessment", actor={"mbox": "mailto:bob@lms.example"})
    assert models(done, clock=clock)["risk_state"] == {}
    assert (COURSE, ANN, "inactive") in models(done, bob, clock=clock)["risk_state"]
    assert models(said(1, 0, "experienced", LESSON), clock=clock)["risk_state"] == {}


def test_instants_without_zone_are_utc_and_missing_ones_are_stored() -> None:
    local = said(1, 0, "experienced", LESSON, timestamp="2026-03-02T10:00:00.123456789+01:00")
    bare = said(2, 0, "experienced", LESSON, timestamp="2026-03-02T09:00:00")
    missing = said(3, 0, "experienced", LESSON)
    del missing["timestamp"]
    instants = [row["at"] for row in models(bare, local, missing)["fact"].values()]
    assert instants == [START, after(0.123456), after(86400)]
