"""The statements that the demo's content package sends. One rule: no chance and no clock in here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from lrs.simulation import course
from lrs.simulation.course import Activity, Module
from lrs.simulation.people import INSTRUCTOR, Person

PASS_MARK = 0.6
COMPLETION_THRESHOLD = 0.9

_ADL = "http://adlnet.gov/expapi/verbs/"
_VIDEO = "https://w3id.org/xapi/video/verbs/"
_VIDEO_EXTENSION = "https://w3id.org/xapi/video/extensions/"
_PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"

_VERBS = {
    **{
        word: _ADL + word
        for word in (
            "registered",
            "initialized",
            "experienced",
            "progressed",
            "completed",
            "passed",
            "failed",
            "answered",
            "scored",
            "terminated",
            "voided",
        )
    },
    **{word: _VIDEO + word for word in ("played", "paused", "seeked")},
    "unregistered": "http://id.tincanapi.com/verb/unregistered",
}

Statement = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TimedStatement:
    """A statement, the instant of its `timestamp` (UTC), and the number of the learner whose device sends
    it.
    """

    at: datetime
    learner: int
    statement: Statement


def verb(word: str) -> dict[str, Any]:
    return {"id": _VERBS[word], "display": {"en": word}}


def whole_milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def iso_duration(seconds: float) -> str:
    """Seconds as an ISO 8601 duration with at most two decimals (xAPI 1.0.3 Data 4.6)."""
    minutes, hundredths = divmod(round(seconds * 100), 6000)
    return f"PT{minutes}M{hundredths / 100:g}S"


def score(right: int, asked: int) -> dict[str, float]:
    return {"scaled": round(right / asked, 4), "raw": right, "min": 0, "max": asked}


def played_segments(segments: list[tuple[float, float]]) -> str:
    """The segments in the order in which they were played, in the notation of the xAPI video profile 1.0."""
    return "[,]".join(f"{a:g}[.]{b:g}" for a, b in segments)


def watched(segments: list[tuple[float, float]], length: float) -> float:
    """The part of the video that the segments cover, 0 … 1."""
    seen, end = 0.0, 0.0
    for a, b in sorted(segments):
        seen += max(0.0, b - max(a, end))
        end = max(end, b)
    return round(min(1.0, seen / length), 4)


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes one learner's statements. `new_id` gives each its id from the learner and the statement's
    instant.
    """

    learner: int
    person: Person
    registration: UUID
    new_id: Callable[[], UUID]

    def write(
        self,
        word: str,
        activity: Activity,
        at: datetime,
        *,
        result: dict[str, Any] | None = None,
        parent: list[Activity] | None = None,
        grouping: list[Activity] | None = None,
        category: list[Activity] | None = None,
        extensions: dict[str, Any] | None = None,
    ) -> TimedStatement:
        at = whole_milliseconds(at)
        around = {"parent": parent, "grouping": grouping, "category": category}
        context: dict[str, Any] = {
            "registration": str(self.registration),
            "instructor": INSTRUCTOR.agent(),
            "platform": "Food Safety Academy",
            "language": "en",
        }
        if any(around.values()):
            context["contextActivities"] = {name: value for name, value in around.items() if value}
        if extensions:
            context["extensions"] = extensions
        statement: Statement = {
            "id": str(self.new_id()),
            "actor": self.person.agent(),
            "verb": verb(word),
            "object": activity,
        }
        if result:
            statement["result"] = result
        statement["context"] = context
        statement["timestamp"] = self._timestamp(at)
        return TimedStatement(at, self.learner, statement)

    def _timestamp(self, at: datetime) -> str:
        """Devices of account holders write their local time with its offset, the others UTC; milliseconds."""
        if self.person.by_mail or not self.person.utc_offset:
            return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
        local = at.astimezone(timezone(timedelta(hours=self.person.utc_offset)))
        return local.isoformat(timespec="milliseconds")

    def on_course(self, word: str, at: datetime, *, result: dict[str, Any] | None = None) -> TimedStatement:
        return self.write(word, course.course(), at, result=result)

    def on_lesson(
        self, word: str, m: Module, at: datetime, *, seconds: float | None = None, progress: int | None = None
    ) -> TimedStatement:
        result: dict[str, Any] = {}
        if word == "completed":
            result["completion"] = True
        if seconds is not None:
            result["duration"] = iso_duration(seconds)
        if progress is not None:
            result["extensions"] = {_PROGRESS: progress}
        return self.write(
            word,
            course.lesson(m),
            at,
            result=result or None,
            parent=[course.module(m)],
            grouping=[course.course()],
        )

    def on_video(
        self,
        word: str,
        m: Module,
        at: datetime,
        *,
        session: UUID,
        speed: float,
        time: float | None = None,
        seek: tuple[float, float] | None = None,
        segments: list[tuple[float, float]] | None = None,
        seconds: float | None = None,
    ) -> TimedStatement:
        """A statement of the video profile: positions in seconds of the video, `seconds` the time it took."""
        extensions: dict[str, Any] = {}
        if time is not None:
            extensions[_VIDEO_EXTENSION + "time"] = time
        if seek is not None:
            extensions[_VIDEO_EXTENSION + "time-from"], extensions[_VIDEO_EXTENSION + "time-to"] = seek
        if segments is not None:
            extensions[_VIDEO_EXTENSION + "progress"] = watched(segments, m.video_length)
            extensions[_VIDEO_EXTENSION + "played-segments"] = played_segments(segments)
        result: dict[str, Any] = {"extensions": extensions} if extensions else {}
        if word == "completed":
            result |= {"completion": True, "duration": iso_duration(seconds or 0)}
        return self.write(
            word,
            course.video(m),
            at,
            result=result or None,
            parent=[course.module(m)],
            grouping=[course.course()],
            category=[
                {
                    "objectType": "Activity",
                    "id": "https://w3id.org/xapi/video",
                    "definition": {"type": course.PROFILE_TYPE},
                }
            ],
            extensions={
                _VIDEO_EXTENSION + "session-id": str(session),
                _VIDEO_EXTENSION + "length": m.video_length,
                _VIDEO_EXTENSION + "completion-threshold": COMPLETION_THRESHOLD,
                _VIDEO_EXTENSION + "speed": f"{speed:g}x",
            },
        )

    def on_quiz(
        self, word: str, m: Module, at: datetime, attempt: int, *, result: dict[str, Any] | None = None
    ) -> TimedStatement:
        return self.write(
            word,
            course.quiz(m),
            at,
            result=result,
            parent=[course.module(m)],
            grouping=[course.course(), course.attempt(m, str(self.registration), attempt)],
        )

    def answered(
        self,
        m: Module,
        number: int,
        at: datetime,
        attempt: int,
        *,
        response: str,
        right: bool,
        seconds: float,
    ) -> TimedStatement:
        """The answer to question `number` (0 … 4) in an attempt (from 1)."""
        return self.write(
            "answered",
            course.question(m, number),
            at,
            result={
                "response": response,
                "success": right,
                "completion": True,
                "score": score(int(right), 1),
                "duration": iso_duration(seconds),
            },
            parent=[course.quiz(m)],
            grouping=[
                course.module(m),
                course.course(),
                course.attempt(m, str(self.registration), attempt),
            ],
        )

    def voided(self, target: Statement, at: datetime) -> TimedStatement:
        """The instructor takes a statement back (xAPI 1.0.3 Data 2.3.2)."""
        at = whole_milliseconds(at)
        return TimedStatement(
            at,
            self.learner,
            {
                "id": str(self.new_id()),
                "actor": INSTRUCTOR.agent(),
                "verb": verb("voided"),
                "object": {"objectType": "StatementRef", "id": target["id"]},
                "timestamp": self._timestamp(at),
            },
        )
