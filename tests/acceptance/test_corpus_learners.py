"""What real statements say of one learner each, worked out by hand from docs/read-models.md.

The reasoning stands beside each expectation. Statements are sent as their authors wrote them; where they name no course
one is added as `parent`, and nothing else is changed.
"""

from pathlib import Path

import pytest

from tests.acceptance.endpoint import Endpoint
from tests.acceptance.learner_told import accepted, of, sent, told_of, within

pytestmark = pytest.mark.one_database("embedded")

EDX = "https://lms.example.org"
MOODLE = "https://moodle.data.alpha.jisc.ac.uk"


def test_open_edx(endpoint: Endpoint, shared_data: Path) -> None:
    """Sixteen statements in March to June 2026: each about a thing of its own, but two about the course."""
    course = f"{EDX}/course/course-v1:Org1+c30345+0"
    mine = of(accepted(shared_data, "openedx-generated"), actor="907a70c3-1012-4037", object="Org1+c30345+0")
    assert len(mine) == 16
    told = told_of(endpoint, course, "907a70c3", sent(endpoint, mine))
    line = told.line
    # `registered` on the course enrols, whatever came before it. `navigated` in March is the first thing done, the
    # completed video the last: `earned` on 9 June is done by the LMS.
    assert line["enrolled_at"] == "2026-05-09T10:58:42Z"
    assert line["started_at"] == "2026-03-10T06:18:56Z"
    assert line["last_activity_at"] == "2026-06-18T14:28:45Z"
    assert (line["status"], line["completed_at"]) == ("active", None)
    # Sequentials are modules and are not required; 8 videos (units) and 3 problems (items right below the course) are.
    # One video has `completed`; of the others nobody knows how much was seen (each has but one statement).
    assert (line["required_nodes"], line["completed_nodes"], line["progress"]) == (11, 1, 0.090909)
    names = ("state", "fraction", "completed_at", "satisfied_by")
    done = next(one["id"] for one in mine if one["verb"]["id"].endswith("/completed"))
    assert told.says("ec3cd40d", *names) == ("completed", 1.0, "2026-06-18T14:28:45Z", done)
    for video in ("2a9dcb87", "63922438", "c13897b4", "736619a2", "73e7c95d", "7f834533", "dbc47e5e"):
        assert told.says(video, *names) == ("in_progress", 0.0, None, None)
    # Problems: below 0.6 each, so not completed. The third is "successful" with 0 of 5: its score is what counts.
    for problem, attempt, score in (("7f6323a3", 1, 0.4), ("126e90a3", 6, 0.09), ("1df2712d", 4, 0.0)):
        assert told.says(problem, "state", "score", "tried") == ("in_progress", score, [score])
        (tried,) = told.node(problem)["attempts"]
        assert (tried["attempt"], tried["score_suspect"]) == (f"number:{attempt}", False)
        assert tried["success"] is (problem == "1df2712d")
    # `earned` on the course: 12/63 in March, 5/27 in June; no attempt key, months apart, so two attempts. The course
    # takes its last, which is its own grade; 0.19 is no pass, and no statement says `failed`.
    assert told.says("c30345+0", "tried") == ([0.190476, 0.185185],)
    assert (line["grade_so_far"], line["grade_if_nothing_more"], line["passed"]) == (0.185185, 0.185185, None)


def test_open_edx_a_course_that_is_passed_and_one_that_is_left(endpoint: Endpoint, shared_data: Path) -> None:
    edx = accepted(shared_data, "openedx-generated")
    position = sent(endpoint, of(edx, actor="616499c9-e25a-4605", object="Org0+c2fbd8+1"))
    told = told_of(endpoint, f"{EDX}/course/course-v1:Org0+c2fbd8+1", "616499c9", position)
    line = told.line
    # `passed` on the course completes it, and so all of it, whatever is left. Ten videos and four problems count: five
    # videos have `completed`; two problems have 22/28 and 39/58, "not successful", but not below 0.6; the other two
    # have `attempted` only, which is a browser's echo.
    assert told.says("c2fbd8+1", "state", "satisfied_by") == ("completed", "fa9f17b9-0923-42c8-a887-88eff98f0564")
    assert (line["status"], line["completed_at"], line["progress"]) == ("completed", "2026-08-08T22:29:02Z", 1.0)
    assert (line["required_nodes"], line["completed_nodes"]) == (14, 7)
    for problem, state in (("4bdfc851", "completed"), ("43abd7ad", "completed"), ("e566e133", "in_progress")):
        assert told.says(problem, "state") == (state,)
    # 13/38, `passed` without a score, 67/78, 38/71: attempts a day apart. The last score is the grade, `passed` stands.
    assert told.says("c2fbd8+1", "tried") == ([0.342105, None, 0.858974, 0.535211],)
    assert (line["grade_so_far"], line["passed"], line["enrolled_at"]) == (0.535211, True, "2026-08-07T18:16:38Z")
    # `unregistered`: withdrawn, on the roster, and in no sum.
    position = sent(endpoint, of(edx, actor="b774eb52-48db-40af", object="Org0+c2fbd8+0"))
    told = told_of(endpoint, f"{EDX}/course/course-v1:Org0+c2fbd8+0", "b774eb52", position)
    assert told.line["status"] == "withdrawn"
    summary = endpoint.ask("GET", told.school.course).json()["summary"]
    assert (summary["enrolled"], summary["withdrawn"], summary["mean_progress"]) == (0, 1, None)


def test_moodle_assignments(endpoint: Endpoint, shared_data: Path) -> None:
    """Jisc's Moodle: assignments are typed as modules, and stand in a course each."""
    vle = accepted(shared_data, "jisc-xapi-recipes")
    position = sent(endpoint, of(vle, object=f"{MOODLE}/mod/assign/"))
    # Handed in: `completed` without a result is a claim; a module that is no parent is a unit, and so required.
    told = told_of(endpoint, f"{MOODLE}/course/view.php?id=4", "stu1", position)
    names = ("state", "fraction", "completed_at", "satisfied_by")
    done = "68e3c9ff-a5ca-48ff-8abc-6b4394417c31"
    assert told.says("id=16", *names) == ("completed", 1.0, "2017-11-17T10:11:20Z", done)
    assert (told.line["progress"], told.line["status"], told.line["grade_so_far"]) == (1.0, "active", None)
    assert told.line["enrolled_at"] == "2017-11-17T10:11:20Z"
    # Marked 75 of 100: a grade, and nothing that the learner did; `scored` completes no assignment.
    told = told_of(endpoint, f"{MOODLE}/course/view.php?id=8", "stu1", position)
    assert told.says("id=33", "state", "fraction", "score", "visits") == ("in_progress", 0.0, 0.75, 0)
    (tried,) = told.node("id=33")["attempts"]
    assert tried["attempt"] == "gap:b7452940-87e3-4578-9c3c-f175dc862475"
    assert tried["score_suspect"] is False
    line = told.line
    assert (line["started_at"], line["last_activity_at"], line["progress"]) == (None, None, 0.0)
    assert (line["grade_so_far"], line["grade_if_nothing_more"], line["passed"]) == (0.75, 0.75, True)


def test_moodle_links_are_done_when_looked_at_and_notes_not_by_a_download(
    endpoint: Endpoint, shared_data: Path
) -> None:
    """Warren's: what Moodle's plugin sends, and what a MOOC's player sends."""
    position = sent(endpoint, of(accepted(shared_data, "openfun-warren"), actor="d5b3733b"))
    told = told_of(endpoint, "http://lms.example.org/course/view.php?id=8", "d5b3733b", position)
    # The course is the second of `grouping`: the first is an LMS, which is no level. A link is a document.
    at = "2024-01-01T10:00:00Z"
    done = "fc97bf06-4059-45a5-a862-9da47f0b3741"
    names = ("state", "completed_at", "satisfied_by")
    assert told.says("/mod/url/view.php?id=4", *names) == ("completed", at, done)
    assert (told.line["progress"], told.line["name"]) == (1.0, "John Doe")
    # `downloaded` has no row in the table of verbs, so it is `other`: begun, and no more.
    told = told_of(endpoint, "course-v1:FUN-MOOC+00001+session01", "d5b3733b", position)
    assert told.says("dd38149d-956a-483d-8975-c1506de1e1a9", *names) == ("in_progress", None, None)
    assert told.line["progress"] == 0.0


def test_h5p_questions_in_a_set(endpoint: Endpoint, shared_data: Path) -> None:
    """Four questions, all wrong; the set's own statement has no valid interaction and was refused."""
    course = "https://h5p.example/course"
    mine = within(course, accepted(shared_data, "h5p-php-report"))
    assert len(mine) == 4
    told = told_of(endpoint, course, "user@mail.com", sent(endpoint, mine))
    # `answered` with 0 of 1 is below 0.6; it is no scoring event, so there is no attempt and no grade.
    assert len(told.nodes) == 4
    for row in told.nodes.values():
        assert (row["state"], row["fraction"], row["grade"], row["attempts"]) == ("in_progress", 0.0, None, [])
    # 5 s by its own duration; the others tell 0 s.
    assert told.says("true-false", "duration", "visits") == (4920, 1)
    line = told.line
    assert (line["required_nodes"], line["completed_nodes"], line["progress"]) == (4, 0, 0.0)
    assert (line["grade_so_far"], line["passed"]) == (None, None)
    # The set is known by its parts only: a unit without a type that nobody was seen to work on, so not required; then
    # its parts are. The parent that was added is the course, and `subContentId` goes before it.
    outline = told.outline()
    whole = outline["single-choice-set"]
    assert (whole["kind"], whole["type"], whole["required"]) == ("unit", None, False)
    parts = [one for name, one in outline.items() if "subContentId" in name]
    assert [(one["kind"], one["parent"], one["required"]) for one in parts] == 3 * [("item", whole["node"], True)]
    assert outline["true-false"]["parent"] == outline["course"]["node"]


def test_scorm_roses(endpoint: Endpoint, shared_data: Path) -> None:
    """The profile's own sample: a lesson of slides, in two sessions."""
    mine = of(accepted(shared_data, "xapi-scorm-profile"), actor="cr8onski")
    assert len(mine) == 5
    told = told_of(endpoint, "http://adlnet.gov/jobaid/roses", "cr8onski", sent(endpoint, mine))
    # `terminated` with completion and success is no verb that completes. Terminated 15:16, suspended 15:32: less than
    # 30 minutes, so one visit, from 15:12:41.005126 to 15:32:25.522424.
    names = ("state", "fraction", "completed_at", "statements", "visits", "duration")
    assert told.says("roses/what", *names) == ("in_progress", 0.0, None, 4, 1, 1_184_517)
    assert told.says("roses/what#0", *names) == ("in_progress", 0.0, None, 1, 1, 0)
    # A lesson that is suspended is a session that ended: the enrollment goes on.
    assert (told.line["status"], told.line["required_nodes"], told.line["progress"]) == ("active", 2, 0.0)
    assert told.outline()["what"]["title"] == "What is a Rose?"


def test_scorm_a_course_that_says_its_own_grade(endpoint: Endpoint, shared_data: Path) -> None:
    """The profile's examples, one learner: some have a timestamp of 2014, others none, and so that of storage."""
    mine = accepted(shared_data, "xapi-scorm-profile", "/xapi-scorm-profile.md.json")
    told = told_of(endpoint, "http://adlnet.gov/courses/compsci/CS204/", "500-627-490", sent(endpoint, mine))
    lesson = [one for one in mine if one["object"]["id"].endswith("lesson01/01")]
    (completed,) = [one["id"] for one in lesson if one["verb"]["id"].endswith("/completed")]
    # `completed` is the first of those that are claims or `passed`; `failed` after it takes nothing back.
    assert told.says("lesson01/01", "state", "fraction", "satisfied_by") == ("completed", 1.0, completed)
    # One attempt, by the activity in `grouping`: its last score is the 0.95 of `scored` (what `progressed` and
    # `terminated` say is no scoring event); what was last, `failed`, is its outcome.
    (tried,) = told.node("lesson01/01")["attempts"]
    assert tried["attempt"].startswith("activity:http://adlnet.gov/courses/compsci/CS204/lesson01/01?attemptId=50fd")
    assert (tried["score"], tried["success"]) == (0.95, False)
    # Objectives are no part of what is to be done.
    assert told.says("/objective/obj-if-else", "state", "fraction") == ("in_progress", 0.0)
    line = told.line
    assert line["required_nodes"] == 1
    # The course is completed with success and 0.85: not denied, and its own grade.
    assert (line["status"], line["progress"], line["enrolled_at"]) == ("completed", 1.0, "2014-08-01T19:05:04Z")
    assert (line["grade_so_far"], line["grade_if_nothing_more"], line["passed"]) == (0.85, 0.85, True)
