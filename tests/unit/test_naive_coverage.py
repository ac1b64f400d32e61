"""The rule of this file: what the oracle says of media and of completion is checked by hand, the sum beside it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.acceptance.naive import LoggedStatement, compute
from tests.unit.course_of_ann import (
    ANN,
    CLIP,
    COURSE,
    LESSON,
    QUIZ,
    START,
    TYPE,
    UNCOMPLETED,
    Payload,
    after,
    fields,
    key,
    models,
    partly,
    said,
    watched,
)


def on_clip(*payloads: Payload) -> Any:
    """Ann's node_progress row of the clip."""
    return models(*payloads)["node_progress"][COURSE, ANN, CLIP]


def test_coverage_is_the_union_of_the_segments() -> None:
    # 0–50 and 40–85 of 100 s are 0–85; with 80–90 they reach 0.9. The lone 0 and 9–9 are no segments.
    first = watched(1, 0, "paused", played_segments="0[.]50")
    second = watched(2, 60, "paused", played_segments="0[,]40[.]85,9[.]9")
    third = watched(3, 90, "paused", played_segments="80[.]90")
    assert on_clip(first, second)["fraction"] == 0.85
    row = on_clip(first, second, third)
    assert fields(row, "satisfied_by", "completed_at", "fraction") == (key(3), after(90), 1.0)


def test_segments_are_cut_to_the_length_and_negative_ends_are_numbers() -> None:
    # −5–10 and 90–120 of 100 s are 0–10 and 90–100; NaN and a third end are skipped.
    row = on_clip(watched(1, 0, "paused", played_segments="-5[.]10[,]90[.]120[,]NaN[.]50[,]20[.]30[.]40"))
    assert row["fraction"] == 0.2


@pytest.mark.parametrize(
    ("sent", "factor"),
    [("2x", 2), ("0.5x", 0.5), ("2", 1), ("-2x", 1), (-2, 1), (True, 1), (1.5, 1.5), (0.1, 0.25), ("9x", 4), (0, 0.25)],
)
def test_speed(sent: Any, factor: float) -> None:
    # In 10 s of a play said to go from 0 to 80 s no more than 10 × speed is covered.
    row = on_clip(watched(1, 0, "played", time=0, speed=sent), watched(2, 10, "paused", time=80))
    assert row["fraction"] == factor / 10


def test_coverage_without_segments_is_bounded_by_the_wall_clock() -> None:
    # 0→60 in 60 s counts whole; 60→95 in 10 s at double speed counts 20 s only. The seek says with
    # time-from where the third play ended: 90→95. Together 60 + 20 + 5 of 100.
    row = on_clip(
        watched(1, 0, "played", time=0),
        watched(2, 60, "paused", time=60),
        watched(3, 100, "played", time=60, speed="2x"),
        watched(4, 110, "paused", time=95),
        watched(5, 200, "played", time=90),
        watched(6, 205, "seeked", time_from=95, time_to=99),
    )
    assert row["fraction"] == 0.85


def test_any_segment_goes_before_all_pairs() -> None:
    # The pair 0→95 alone is enough; one sent segment of 10 s replaces it, a list with nothing in it does not.
    pair = watched(1, 0, "played", time=0), watched(2, 95, "paused", time=95)
    assert on_clip(*pair, watched(3, 99, "paused", played_segments="0[,]9[.]9"))["satisfied_by"] == key(2)
    row = on_clip(*pair, watched(3, 99, "paused", played_segments="0[.]10"))
    assert fields(row, "satisfied_by", "fraction") == (None, 0.1)


def test_coverage_is_reached_where_the_segments_are_enough_by_the_length_and_threshold_of_all_facts() -> None:
    # 0–50 of 100 s is not enough by 0.9; a later statement asks for 0.5, and then the first was enough already.
    half = watched(1, 0, "paused", played_segments="0[.]50")
    asks = watched(2, 60, "paused", completion_threshold=0.5)
    assert on_clip(half)["satisfied_by"] is None
    assert fields(on_clip(half, asks), "satisfied_by", "completed_at") == (key(1), after(0))
    assert on_clip(half, watched(2, 60, "paused", completion_threshold=0))["satisfied_by"] is None  # not in (0, 1]
    # 0–50 of 50 s would be all; a later statement says that the clip is 100 s long.
    short = watched(1, 0, "paused", played_segments="0[.]50", length=50)
    assert on_clip(short)["satisfied_by"] == key(1)
    row = on_clip(short, watched(2, 60, "paused"), watched(3, 70, "paused", played_segments="50[.]90"))
    assert fields(row, "satisfied_by", "completed_at") == (key(3), after(70))


def test_a_claim_before_the_coverage_satisfies_first() -> None:
    completed = said(2, 30, "completed", CLIP, TYPE + "media")
    covered = watched(1, 0, "paused", played_segments="0[.]80"), watched(3, 60, "paused", played_segments="80[.]90")
    assert on_clip(*covered)["satisfied_by"] == key(3)
    assert on_clip(*covered, completed)["satisfied_by"] == key(2)


@pytest.mark.timeout(20)
def test_coverage_of_ten_thousand_facts() -> None:
    # One new second in each of 10,000 s; 0.9 are covered by the 9,000th.
    stored = START + timedelta(days=1)
    second = (watched(n, n, "paused", length=10_000, played_segments=f"{n - 1}[.]{n}") for n in range(1, 10_001))
    found = compute([LoggedStatement(n, stored, payload) for n, payload in enumerate(second, 1)], None)
    assert found["node_progress"][COURSE, ANN, CLIP]["satisfied_by"] == key(9000)


def test_uncompleted_takes_the_completion_back() -> None:
    done = said(1, 0, "completed", LESSON, TYPE + "lesson")
    undone = said(2, 60, UNCOMPLETED, LESSON)
    again = said(3, 120, "passed", LESSON)
    row = models(done, undone)["node_progress"][COURSE, ANN, LESSON]
    assert (row["state"], row["fraction"], row["revoked_at"]) == ("in_progress", 0.0, after(60))
    row = models(done, undone, again)["node_progress"][COURSE, ANN, LESSON]
    assert (row["completed_at"], row["satisfied_by"], row["revoked_at"]) == (after(120), key(3), after(60))


def test_only_what_follows_the_last_uncompleted_counts_for_fraction_and_coverage() -> None:
    # 0–85 before and 85–90 after are 0.05, not 0.9; 50 % before and 20 % after are 0.2.
    taken_back = said(2, 60, UNCOMPLETED, CLIP)
    parts = watched(1, 0, "paused", played_segments="0[.]85"), watched(3, 90, "paused", played_segments="85[.]90")
    assert on_clip(*parts)["satisfied_by"] == key(3)
    assert fields(on_clip(*parts, taken_back), "satisfied_by", "fraction") == (None, 0.05)
    # A play before and its pause after are no pair.
    pair = watched(1, 0, "played", time=0), watched(3, 50, "paused", time=50)
    assert on_clip(*pair)["fraction"] == 0.5
    assert on_clip(*pair, said(2, 20, UNCOMPLETED, CLIP))["fraction"] == 0.0
    half, undone, less = partly(1, 0, 50), said(2, 60, UNCOMPLETED, LESSON), partly(3, 90, 20)
    fractions = [
        models(*payloads)["node_progress"][COURSE, ANN, LESSON]["fraction"]
        for payloads in ([half, less], [half, undone], [half, undone, less])
    ]
    assert fractions == [0.5, 0.0, 0.2]


@pytest.mark.parametrize(
    ("verb", "result", "state"),
    [
        ("completed", {}, "completed"),
        ("completed", {"completion": True, "success": True}, "completed"),
        ("completed", {"completion": False}, "in_progress"),
        ("attended", {"completion": False}, "in_progress"),
        ("completed", {"success": False}, "in_progress"),
        ("completed", {"score": {"scaled": 0.59}}, "in_progress"),
        ("completed", {"score": {"scaled": 0.6}}, "completed"),
        ("https://w3id.org/xapi/adl/verbs/waived", {"completion": False, "success": False}, "completed"),
        ("passed", {"completion": False}, "completed"),
        ("experienced", {"completion": True}, "in_progress"),
    ],
)
def test_claims_of_a_lesson(verb: str, result: Payload, state: str) -> None:
    found = models(said(1, 0, verb, LESSON, TYPE + "lesson", result=result))
    assert found["node_progress"][COURSE, ANN, LESSON]["state"] == state


@pytest.mark.parametrize(
    ("verb", "result", "state"),
    [
        ("answered", {"success": True}, "completed"),
        ("answered", {"success": True, "score": {"scaled": 0.5}}, "in_progress"),
        ("answered", {"success": False, "score": {"scaled": 0.6}}, "completed"),
        ("progressed", {"score": {"scaled": 1}}, "in_progress"),
        ("completed", {"completion": False, "score": {"scaled": 0.7}}, "completed"),  # no claim, but a score
    ],
)
def test_what_satisfies_a_quiz(verb: str, result: Payload, state: str) -> None:
    found = models(said(1, 0, verb, QUIZ, TYPE + "assessment", result=result))
    assert found["node_progress"][COURSE, ANN, QUIZ]["state"] == state
