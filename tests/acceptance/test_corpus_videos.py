"""How much of a video was seen, worked out by hand from docs/read-models.md, section 3.

The video profile's own examples, and streams that tell no segments. Where statements name no course one is added as
`parent`; nothing else is changed.
"""

import re
from pathlib import Path

import pytest

from tests.acceptance.corpora import uuid_of
from tests.acceptance.endpoint import Endpoint, Json, new_statement
from tests.acceptance.learner_told import accepted, of, sent, told_of, within

pytestmark = pytest.mark.one_database("embedded")

EDX = "https://lms.example.org"
VIDEO = "https://w3id.org/xapi/video/"


def test_video_profile(endpoint: Endpoint, shared_data: Path) -> None:
    """The eleven statements of the profile's templates, about a film of 46.613333 s."""
    course = "https://video.example/course"
    mine = within(course, accepted(shared_data, "xapi-video-profile"))
    *first, completed, terminated = mine
    film = "v/oceans.mp4"
    told = told_of(endpoint, course, "jlh@example.com", sent(endpoint, first))
    # One list of segments: 0 to 2.997. The threshold is the text "1.0", which is no number, so it is 0.9.
    names = ("state", "fraction", "completed_at", "satisfied_by")
    assert told.says(film, *names) == ("in_progress", 0.064295, None, None)
    assert told.line["progress"] == 0.064295
    assert told.why(film)["sentence"] == "not completed: video watched 0.06 of 0.90"
    told = told_of(endpoint, course, "jlh@example.com", sent(endpoint, [completed, terminated]))
    # `completed` is a claim, and has all segments too. 28 minutes after the statement before: still the same visit.
    done = ("completed", 1.0, "2018-08-07T16:10:24.158000Z", completed["id"])
    assert told.says(film, *names) == done
    assert told.says(film, "visits", "duration") == (1, 2_556_087)  # 15:27:52.365 to 16:10:28.452
    assert (told.line["status"], told.line["completed_at"], told.line["progress"]) == ("active", None, 1.0)
    # Without the claim it is the coverage that completes, by the statement that tells the segments.
    other = "https://video.example/other"
    renamed: list[Json] = [{**one, "id": _other(one["id"])} for one in within(other, [*first, terminated])]
    told = told_of(endpoint, other, "jlh@example.com", sent(endpoint, renamed))
    assert told.says(film, *names) == ("completed", 1.0, "2018-08-07T16:10:28.452000Z", _other(terminated["id"]))


def test_the_profiles_example_of_played_segments(endpoint: Endpoint, shared_data: Path) -> None:
    """As the definition of the extension has it: pieces in the order in which they were played, one over another."""
    page = (shared_data / "profiles" / "video__v1.0.3__video.jsonld").read_text(encoding="utf-8")
    found = re.search(r"chronological order \(e\.g\., ([^)]+)\)", page)
    assert found is not None
    segments = found[1].rstrip(".")
    assert segments == "0.000[.]12.000[,]14.000[.]21.000[,]18.000[.]30.000"
    course, film = "https://video.example/segments", "https://video.example/segments/film"
    statement = new_statement(
        actor={"mbox": "mailto:seg@example.com"},
        verb={"id": f"{VIDEO}verbs/paused"},
        object={"id": film, "definition": {"type": f"{VIDEO}activity-type/video"}},
        result={"extensions": {f"{VIDEO}extensions/played-segments": segments, f"{VIDEO}extensions/time": 30}},
        context={"extensions": {f"{VIDEO}extensions/length": 40}},
        timestamp="2026-03-01T08:00:00Z",
    )
    told = told_of(endpoint, course, "seg@example.com", sent(endpoint, within(course, [statement])))
    # 0 to 12 and 14 to 30: 28 of 40 seconds. 18 to 21 was seen twice and counts once.
    assert told.says(film, "state", "fraction") == ("in_progress", 0.7)
    # With a threshold of 0.7 in any statement of the film, however late it comes, that was enough.
    threshold = {**statement, "id": _other(statement["id"]), "result": {}, "timestamp": "2026-03-01T07:00:00Z"}
    threshold["context"] = {"extensions": {f"{VIDEO}extensions/completion-threshold": 0.7}}
    told = told_of(endpoint, course, "seg@example.com", sent(endpoint, within(course, [threshold])))
    done = ("completed", 1.0, statement["timestamp"], statement["id"])
    assert told.says(film, "state", "fraction", "completed_at", "satisfied_by") == done


def test_open_edx_video_without_segments(endpoint: Endpoint, shared_data: Path) -> None:
    """Open edX says where playing began and what came next: a piece lies between `played` and the next stop."""
    course = f"{EDX}/course/course-v1:Org0+d58dcd+1"
    edx = accepted(shared_data, "openedx-generated")
    mine = [
        *of(edx, actor="f237e45a-cd02-45e1", object="Org0+d58dcd+1+type@video+block@4791c2e9"),
        *of(edx, actor="f237e45a-cd02-45e1", object="Org0+d58dcd+1+type@video+block@4fc9e918"),
    ]
    told = told_of(endpoint, course, "f237e45a", sent(endpoint, reversed(mine)))
    # 195 s long. Played from 164 (14 July): the next is a seek from 166, so 2 s. From 167: the next, `initialized`,
    # says no time. From 193: nothing comes after it. 2 / 195 = 0.010256. Each of 15 statements is a visit of its own.
    names = ("state", "fraction", "completed_at", "statements", "visits", "duration")
    assert told.says("4791c2e9", *names) == ("in_progress", 0.010256, None, 15, 15, 0)
    # `completed` on 9 July is a claim. What is played after it takes nothing back.
    done = next(one["id"] for one in mine if one["timestamp"].startswith("2026-07-09T12:49:47"))
    assert told.says("4fc9e918", "state", "fraction", "satisfied_by") == ("completed", 1.0, done)
    assert told.line["progress"] == 0.505128  # (1 + 2 / 195) / 2
    told_why = told.why("4791c2e9")
    assert told_why["sentence"] == "not completed: video watched 0.01 of 0.90"
    assert len(told_why["statements"]) == 15


def test_datasim_video_without_times(endpoint: Endpoint, shared_data: Path) -> None:
    """DATASIM tells that a film was played and for how long it is, and never where: nothing is known to be seen."""
    course = "https://books.allogy.example/course"
    array = accepted(shared_data, "yet-datasim", "array_tccc_dev.json")
    mine = [
        *of(array, actor="sally@example.org", object="cc489c25-8215-4e2d-977d-8dbee098b521"),
        *of(array, actor="phil@example.org", object="600b7164-32a3-41a3-9b4d-da32d22f10e0"),
    ]
    position = sent(endpoint, within(course, mine))
    told = told_of(endpoint, course, "sally@example.org", position)
    # Played, sought, interacted with and terminated; `played` without a time begins no piece.
    assert told.says("8dbee098b521", "state", "fraction", "statements") == ("in_progress", 0.0, 17)
    assert (told.line["required_nodes"], told.line["progress"]) == (2, 0.0)
    told = told_of(endpoint, course, "phil@example.org", position)
    (done,) = [one["id"] for one in mine if one["verb"]["id"].endswith("/completed")]
    at = "2020-02-11T15:48:13.865000Z"
    assert told.says("da32d22f10e0", "completed_at", "satisfied_by", "statements") == (at, done, 28)
    # Eight visits, with more than 30 minutes between: 0:03 to 0:30, 1:03, 10:31 to 11:18, 11:58 to 12:39, 13:31 to
    # 14:01 (two statements 29 min 58.967 s apart), 14:42 to 15:02, 15:34 to 16:57, 18:28 to 20:35. The last but one has
    # `completed` with PT15H45M49S, which is more than it lasted:
    milliseconds = 1_618_506 + 0 + 2_831_598 + 2_441_134 + 1_798_967 + 1_205_677 + 56_749_000 + 7_639_300
    assert told.says("da32d22f10e0", "visits", "duration") == (8, milliseconds)
    assert told.line["progress"] == 0.5


def _other(identity: str) -> str:
    """An id for the same statement told elsewhere."""
    return str(uuid_of(f"another {identity}"))
