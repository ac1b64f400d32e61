"""The rule of this file: the oracle is checked by hand, and the sum stands beside each expectation.

What was played, answered and done by the day: docs/read-models.md, sections 11 to 16.
"""

from datetime import date, timedelta
from typing import Any

from tests.acceptance.naive import LoggedStatement, compute
from tests.acceptance.naive.items import discrimination
from tests.unit.course_of_ann import (
    ANN,
    CLIP,
    COURSE,
    GROUP,
    LESSON,
    QUIZ,
    REGISTRATION,
    START,
    TYPE,
    Payload,
    activity,
    fields,
    key,
    models,
    said,
    watched,
    within,
)

ITEM, OTHER = f"{QUIZ}/1", f"{QUIZ}/2"
DAY = START.date()


def answered(number: int, seconds: float, item: str = ITEM, **result: Any) -> Payload:
    """Ann answers a question of the quiz."""
    context = within(activity(QUIZ, TYPE + "assessment"))
    return said(number, seconds, "answered", item, TYPE + "cmi.interaction", result=result, context=context)


def test_what_was_played_how_often() -> None:
    # One session of three lists, each of which goes on with the one before: 0-10 and 20-30 are played once. Then a new
    # one that begins at 25: 25-30 twice. In cells of one second; of 100 s 20 are played.
    row = models(
        watched(1, 0, "paused", played_segments="0[.]10"),
        watched(2, 20, "paused", played_segments="0[.]10[,]20[.]25"),
        watched(3, 30, "paused", played_segments="0[.]10[,]20[.]30"),
        watched(4, 40, "paused", played_segments="25[.]30"),
    )["media_coverage"][COURSE, ANN, CLIP]
    assert row == {
        "length": 100,
        "fraction": 0.2,
        "source": "segments",
        "segments": [[0, 10], [20, 30]],
        "plays": [[0, 10, 1], [20, 25, 1], [25, 30, 2]],
        "statements": 4,
    }


def test_the_same_list_after_a_long_pause_is_played_again() -> None:
    first, second = (watched(number, number * 1801, "paused", played_segments="0[.]10") for number in (1, 2))
    assert models(first, second)["media_coverage"][COURSE, ANN, CLIP]["plays"] == [[0, 10, 2]]
    near = watched(2, 1801 + 1800, "paused", played_segments="0[.]10")
    assert models(first, near)["media_coverage"][COURSE, ANN, CLIP]["plays"] == [[0, 10, 1]]
    # But not when both name their session; nor is a nearer list of the session when they name two.
    for names, times in ((("s", "s"), 1), (("s", "t"), 2)):
        told = [first | {}, second | {}]
        for one, name in zip(told, names, strict=True):
            extensions = one["context"]["extensions"] | {"https://w3id.org/xapi/video/extensions/session-id": name}
            one["context"] = one["context"] | {"extensions": extensions}
        assert models(*told)["media_coverage"][COURSE, ANN, CLIP]["plays"] == [[0, 10, times]]


def test_plays_in_pairs() -> None:
    # Without lists each pair is a play: 0-10 twice, cut by the clock to 5 s the second time.
    row = models(
        watched(1, 0, "played", time=0),
        watched(2, 10, "paused", time=10),
        watched(3, 20, "played", time=0),
        watched(4, 25, "paused", time=10),
    )["media_coverage"][COURSE, ANN, CLIP]
    assert (row["source"], row["segments"], row["plays"]) == ("pairs", [[0, 10]], [[0, 5, 2], [5, 10, 1]])


def test_responses() -> None:
    found = models(
        answered(1, 0, response="a", success=False),
        answered(2, 10, response="b", score={"scaled": 1}),
        answered(3, 20, OTHER, score={"raw": 1, "max": 2}),
        said(4, 30, "attempted", ITEM, TYPE + "cmi.interaction"),
        said(5, 40, "answered", LESSON, TYPE + "lesson"),
    )["item_response"]
    names = ("response", "success", "score", "first_try")
    assert {one[3].int: fields(row, *names) for one, row in found.items()} == {
        1: ("a", False, 0.0, True),
        2: ("b", True, 1.0, False),
        3: (None, False, 0.5, True),
    }
    assert all(row["final"] for row in found.values())  # each is an attempt of its own


def test_the_last_response_of_an_attempt() -> None:
    context = within(activity(QUIZ, TYPE + "assessment"), registration=REGISTRATION)
    found = models(*(answered(number, number, success=number == 2) | {"context": context} for number in (1, 2)))
    rows = [found["item_response"][COURSE, ITEM, ANN, key(number)] for number in (1, 2)]
    assert [(row["attempt"], row["first_try"], row["final"]) for row in rows] == [
        (f"registration:{REGISTRATION}", True, False),
        (f"registration:{REGISTRATION}", False, True),
    ]


def test_days() -> None:
    # 23:50 and 0:10 are one visit of the lesson, but of two days: 600 s told, and 0 s. On the second day the quiz ends
    # with 0.5 and the lesson is done.
    night = 14 * 3600 + 50 * 60
    found = models(
        said(1, night, "experienced", LESSON, result={"duration": "PT10M"}),
        said(2, night + 1200, "completed", LESSON),
        said(3, night + 1300, "scored", QUIZ, TYPE + "assessment", result={"score": {"scaled": 0.5}}),
    )
    tomorrow = DAY + timedelta(days=1)
    first, second = (found["activity_daily"][COURSE, ANN, day] for day in (DAY, tomorrow))
    nothing = {"completions": 0, "completed": False, "scores": 0, "score": None}
    assert first == nothing | {"events": 1, "sessions": 1, "duration": 600_000, "enrolled": True, "started": True}
    # The score is no activity of the learner's.
    assert second == nothing | {
        "events": 1,
        "sessions": 1,
        "duration": 0,
        "enrolled": False,
        "started": False,
        "completions": 1,
        "scores": 1,
        "score": 0.5,
    }
    assert found["course_daily"][COURSE, tomorrow]["mean_score"] == 0.5
    assert found["course_daily"][COURSE, DAY]["active"] == 1


def test_of_several_learners() -> None:
    # Scores of 0.2, 0.4 and 0.9: 0.5 in the mean, 0.4 in the middle.
    scores = {"ann": 0.2, "bo": 0.9, "cy": 0.4}
    payloads = [
        said(number, 0, "scored", QUIZ, TYPE + "assessment", result={"score": {"scaled": score}})
        | {"actor": {"mbox": f"mailto:{name}@lms.example"}}
        for number, (name, score) in enumerate(scores.items(), 1)
    ]
    row = models(*payloads)["course_daily"][COURSE, DAY]
    assert (row["mean_score"], row["median_score"], row["enrolled"], row["active"]) == (0.5, 0.4, 3, 0)


def test_items() -> None:
    found = models(
        answered(1, 0, response="a[,]b", success=False, duration="PT9S"),
        answered(2, 10, response="b", success=True),
        answered(3, 20, response="b", success=True, duration="PT5S") | {"actor": {"mbox": "mailto:bo@lms.example"}},
    )
    assert found["item_stats"][COURSE, ITEM] == {
        "learners": 2,
        "scored": 2,
        "facility": 0.5,
        "discrimination": None,
        "options": [["b", 2], ["a", 1]],
        "median_duration": 5000,
    }


def test_discrimination() -> None:
    # Of 20 learners whoever is right here is right elsewhere: 1. All of them right: nothing can be said.
    right = {str(number): float(number % 2) for number in range(20)}
    assert discrimination(right, [right]) == 1.0
    assert discrimination(right, [{one: 1 - score for one, score in right.items()}]) == -1.0
    assert discrimination(dict.fromkeys(right, 1.0), [right]) is None
    assert discrimination(dict(list(right.items())[1:]), [right]) is None


def test_no_course() -> None:
    def lost(number: int, **more: Any) -> Payload:
        return {**said(number, 0, "experienced", LESSON), "context": {}, **more}

    attempt = {"object": activity(f"{QUIZ}/attempt", TYPE + "attempt")}
    payloads = [
        lost(1),
        lost(2, context={"registration": REGISTRATION}),
        lost(3, **attempt),
        lost(4, actor=GROUP),
        said(5, 0, "experienced", LESSON),
        lost(6, object={"objectType": "Agent", "mbox": "mailto:bo@lms.example"}),
    ]
    logged = [LoggedStatement(number, START, payload) for number, payload in enumerate(payloads, 1)]
    assert {one.int: row["reason"] for (one,), row in compute(logged, None)["unassigned"].items()} == {
        1: "no_registration",
        2: "unknown_registration",
        3: "attempt_without_unit",
        4: "group",
    }


def test_a_day_is_one_of_utc() -> None:
    late = said(1, 0, "experienced", LESSON) | {"timestamp": "2026-03-02T23:30:00-05:00"}
    ((_, _, day),) = models(late)["activity_daily"]
    assert day == date(2026, 3, 3)
