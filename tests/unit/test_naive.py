"""The rule of this file: the oracle is checked by hand, and the sum stands beside each expectation."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.acceptance.naive import LoggedStatement, compute

ADL = "http://adlnet.gov/expapi/verbs/"
TYPE = "http://adlnet.gov/expapi/activities/"
VIDEO = "https://w3id.org/xapi/video/"
COURSE, LESSON, QUIZ, CLIP = (f"https://lms.example/{name}" for name in ("course", "lesson", "quiz", "clip"))
IN_COURSE = {"parent": {"id": COURSE, "definition": {"type": TYPE + "course"}}}
ANN = "mbox:mailto:ann@lms.example"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

Payload = dict[str, Any]


def key(number: int) -> UUID:
    return UUID(int=number)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def said(
    number: int, seconds: float, verb: str, target: str, type_: str | None = None, **more: Any
) -> Payload:
    """Statement `number` of Ann, `seconds` after the start, in the course; a bare verb is one of ADL's."""
    context = {"contextActivities": IN_COURSE} | more.pop("context", {})
    definition = {"type": type_} if type_ else {}
    return {
        "id": str(key(number)),
        "actor": {"mbox": "mailto:ann@lms.example"},
        "verb": {"id": verb if ":" in verb else ADL + verb},
        "object": {"id": target, "definition": definition},
        "context": context,
        "timestamp": after(seconds).isoformat(),
    } | more


def watched(number: int, seconds: float, verb: str, length: float = 100, **extensions: Any) -> Payload:
    """A statement on the clip; extensions by their names in the video profile, `_` for `-`."""
    named = {f"{VIDEO}extensions/{name.replace('_', '-')}": value for name, value in extensions.items()}
    context = {"extensions": {f"{VIDEO}extensions/length": length}, "contextActivities": IN_COURSE}
    result = {"extensions": named}
    verb = f"{VIDEO}verbs/{verb}"
    return said(number, seconds, verb, CLIP, VIDEO + "activity-type/video", context=context, result=result)


def models(*payloads: Payload, clock: datetime | None = None) -> dict[str, Any]:
    """The read models, stored a day after the start; neither order nor duplicates may change them."""
    stored = START + timedelta(days=1)
    logged = [LoggedStatement(position, stored, payload) for position, payload in enumerate(payloads, 1)]
    backwards = [LoggedStatement(9 - one.position, stored, one.payload) for one in logged]
    forwards = compute(logged, clock)
    assert compute(backwards, clock) == compute(logged + backwards, clock) == forwards
    return forwards


def test_coverage_is_the_union_of_the_segments() -> None:
    # 0–50 and 40–85 of 100 s are 0–85; with 80–90 they reach 0.9. The lone 0 and 9–9 are no segments.
    first = watched(1, 0, "paused", played_segments="0[.]50")
    second = watched(2, 60, "paused", played_segments="0[,]40[.]85,9[.]9")
    third = watched(3, 90, "paused", played_segments="80[.]90")
    assert models(first, second)["node_progress"][COURSE, ANN, CLIP]["fraction"] == 0.85
    row = models(first, second, third)["node_progress"][COURSE, ANN, CLIP]
    assert (row["satisfied_by"], row["completed_at"], row["fraction"]) == (key(3), after(90), 1.0)
    # A statement may ask for less than 0.9.
    first["context"]["extensions"][f"{VIDEO}extensions/completion-threshold"] = 0.5
    assert models(first)["node_progress"][COURSE, ANN, CLIP]["satisfied_by"] == key(1)


def test_coverage_without_segments_is_bounded_by_the_wall_clock() -> None:
    # 0→60 in 60 s counts whole; 60→95 in 10 s at double speed counts 20 s only. The seek says with
    # time-from where the third play ended: 90→95. Together 60 + 20 + 5 of 100.
    fast = watched(3, 100, "played", time=60)
    fast["context"]["extensions"][f"{VIDEO}extensions/speed"] = "2x"
    found = models(
        watched(1, 0, "played", time=0),
        watched(2, 60, "paused", time=60),
        fast,
        watched(4, 110, "paused", time=95),
        watched(5, 200, "played", time=90),
        watched(6, 205, "seeked", time_from=95, time_to=99),
    )
    assert found["node_progress"][COURSE, ANN, CLIP]["fraction"] == 0.85


def test_uncompleted_takes_the_completion_back() -> None:
    done = said(1, 0, "completed", LESSON, TYPE + "lesson")
    undone = said(2, 60, "https://xapi.edlm/profiles/edlm-lms/concepts/verbs/uncompleted", LESSON)
    again = said(3, 120, "passed", LESSON)
    row = models(done, undone)["node_progress"][COURSE, ANN, LESSON]
    assert (row["state"], row["fraction"], row["revoked_at"]) == ("in_progress", 0.0, after(60))
    row = models(done, undone, again)["node_progress"][COURSE, ANN, LESSON]
    assert (row["completed_at"], row["satisfied_by"], row["revoked_at"]) == (after(120), key(3), after(60))
    # A completion that says that it failed is no claim, and opening never completes.
    low = said(1, 0, "completed", LESSON, TYPE + "lesson", result={"score": {"scaled": 0.59}})
    wrong = said(2, 30, "completed", LESSON, TYPE + "lesson", result={"success": False})
    opened = said(3, 60, "experienced", LESSON, TYPE + "lesson")
    assert models(low, wrong, opened)["node_progress"][COURSE, ANN, LESSON]["state"] == "in_progress"


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
    ],
)
def test_scores(sent: Payload, score: float | None, suspect: bool) -> None:
    # The verb says passed, whatever result.success says.
    passed = said(1, 0, "passed", QUIZ, TYPE + "assessment", result={"score": sent, "success": False})
    (row,) = models(passed)["attempt"].values()
    assert (row["score"], row["score_suspect"], row["success"]) == (score, suspect, True)


@pytest.mark.parametrize(
    ("block", "course"),
    [
        ("https://o.example/xblock/block-v1:O+C+R", "https://o.example/course/course-v1:O+C+R"),
        ("https://o.example/xblock/block-v1:course-v1:O+C+R", "https://o.example/course/course-v1:O+C+R"),
        ("https://o.example/ccx-block-v1:O+C+R+ccx@1", "https://o.example/course/ccx-v1:O+C+R+ccx@1"),
        ("block-v1:O+C+R", "course-v1:O+C+R"),
    ],
)
def test_an_open_edx_identifier_names_its_course(block: str, course: str) -> None:
    problem, answer = f"{block}+type@problem+block@1", f"{block}+type@problem+block@1/answer"
    solution = "http://id.tincanapi.com/activitytype/solution"
    asked = said(2, 1, "asked", answer, solution, context={"contextActivities": {}})
    found = models(said(1, 0, "answered", problem, context={"contextActivities": {}}), asked)
    assert found["fact"][key(1),]["placement"] == "identifier"
    row = found["outline_node"][course, problem]
    assert (row["kind"], row["parent"], row["rule"], row["required"]) == ("item", course, "assessment", True)
    assert found["outline_node"][course, answer]["rule"] == "none"  # its type says so, before its identifier


def test_h5p_sub_content_belongs_to_the_identifier_before_it() -> None:
    part = LESSON + "?subContentId=7"
    found = models(said(1, 0, "answered", part, TYPE + "cmi.interaction"))["outline_node"]
    assert (found[COURSE, part]["parent"], found[COURSE, part]["required"]) == (LESSON, False)
    assert (found[COURSE, LESSON]["kind"], found[COURSE, LESSON]["parent"]) == ("unit", COURSE)


def test_titles_and_parents_are_those_of_the_last_claim() -> None:
    unit = {"id": LESSON, "definition": {"type": TYPE + "lesson", "name": {"fr": " Un ", "en-US": "One"}}}
    around = {"contextActivities": {"parent": [unit], "grouping": [IN_COURSE["parent"]]}}
    item = said(1, 0, "answered", QUIZ + "/1", TYPE + "question", context=around)
    generic = said(2, 1, "experienced", LESSON)
    generic["object"]["definition"]["name"] = {"en": "Untitled"}
    found = models(item, generic)["outline_node"]
    assert found[COURSE, QUIZ + "/1"]["parent"] == LESSON
    assert (found[COURSE, LESSON]["title"], found[COURSE, LESSON]["type"]) == ("One", TYPE + "lesson")
    assert [one for (_, one), row in found.items() if row["required"]] == [LESSON]


def test_a_registration_lends_its_course() -> None:
    # The placed statement comes first in time; the other shares registration (in capitals) and person.
    registration = "aaaaaaaa-0000-4000-8000-000000000001"
    placed = said(1, 0, "launched", LESSON, context={"registration": registration})
    bare = {"contextActivities": {}, "registration": registration.upper()}
    mine = said(2, 60, "completed", QUIZ, TYPE + "lesson", context=bare)
    other = said(3, 60, "completed", QUIZ, context=bare, actor={"mbox": "mailto:bob@lms.example"})
    found = models(placed, mine, other)
    placements = [(row["placement"], row["course"]) for row in found["fact"].values()]
    assert placements == [("context", COURSE), ("registration", COURSE), ("unassigned", None)]


def test_voiding_counts_before_and_after_and_cannot_be_voided() -> None:
    # 3 voids 1 and 4 would void 3, which is a voiding statement: 1 stays voided. Only 2 is a fact.
    def voids(number: int, target: int) -> Payload:
        reference = {"objectType": "StatementRef", "id": str(key(target)).upper()}
        return said(number, 0, "voided", LESSON) | {"object": reference}

    done, seen = said(1, 0, "completed", LESSON), said(2, 60, "experienced", LESSON)
    found = models(done, seen, voids(3, 1), voids(4, 3))  # and, as always, in the opposite order
    assert set(found["fact"]) == {(key(2),)}
    assert found["node_progress"][COURSE, ANN, LESSON]["state"] == "in_progress"


def test_groups_and_objects_that_are_no_activity_feed_only_the_facts() -> None:
    group, agent = ({"objectType": kind, "mbox": "mailto:bob@lms.example"} for kind in ("Group", "Agent"))
    of_agent = said(2, 0, "completed", LESSON, object=agent, actor={"name": " Ann ", "mbox": ANN[5:]})
    found = models(said(1, 0, "completed", LESSON, actor=group), of_agent)
    assert (found["fact"][key(1),]["person"], found["fact"][key(1),]["course"]) == (None, COURSE)
    assert (found["fact"][key(2),]["activity"], found["fact"][key(2),]["course"]) == (None, None)
    assert found["person"] == {(ANN,): {"name": "Ann"}}
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
    half = {"extensions": {"https://w3id.org/xapi/cmi5/result/extensions/progress": 50}}
    bob = {"account": {"homePage": "https://lms.example", "name": "bob"}}
    passed = said(1, 0, "passed", QUIZ, TYPE + "assessment", result={"score": {"scaled": 0.8}})
    partly = said(2, 60, "progressed", LESSON, TYPE + "lesson", result=half)
    opened = said(3, 60, "experienced", QUIZ, TYPE + "assessment", actor=bob)
    found = models(passed, partly, opened)
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


def test_inactivity_is_measured_by_the_clock_of_the_log() -> None:
    opened = said(1, 0, "experienced", LESSON)
    day = timedelta(days=1)
    assert models(opened)["risk_state"] == models(opened, clock=START + 6.9 * day)["risk_state"] == {}
    for idle, level, days in ((7, "warn", 7), (13.9, "warn", 7), (14, "high", 14)):
        risk = models(opened, clock=START + idle * day)["risk_state"][COURSE, ANN, "inactive"]
        assert list(risk.values()) == [level, START + days * day, days, key(1)]


def test_an_attempt_object_stands_for_the_quiz_around_it() -> None:
    quiz = {"id": QUIZ, "definition": {"type": TYPE + "assessment"}}
    around = {"contextActivities": {"parent": [quiz], "grouping": [IN_COURSE["parent"]]}}
    inside = said(1, 0, "completed", QUIZ + "/attempt/1", TYPE + "attempt", context=around)
    found = models(inside, said(2, 0, "completed", QUIZ + "/attempt/2", TYPE + "attempt"))
    assert (found["fact"][key(1),]["activity"], found["fact"][key(1),]["course"]) == (QUIZ, COURSE)
    assert found["fact"][key(2),]["placement"] == "unassigned"
    assert found["node_progress"][COURSE, ANN, QUIZ]["state"] == "completed"


def test_instants_without_zone_are_utc_and_missing_ones_are_stored() -> None:
    local = said(1, 0, "experienced", LESSON, timestamp="2026-03-02T10:00:00.123456789+01:00")
    bare = said(2, 0, "experienced", LESSON, timestamp="2026-03-02T09:00:00")
    missing = said(3, 0, "experienced", LESSON)
    del missing["timestamp"]
    instants = [row["at"] for row in models(bare, local, missing)["fact"].values()]
    assert instants == [START, after(0.123456), after(86400)]
