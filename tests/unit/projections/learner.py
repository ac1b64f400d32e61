"""The rule of this file: what one learner did on one node is written in as few words as a test needs, by minute."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from projections.fact import Fact, derive

ADL = "http://adlnet.gov/expapi/verbs/"
VIDEO = "https://w3id.org/xapi/video/"
PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"
UNCOMPLETED = "https://xapi.edlm/profiles/edlm-lms/concepts/verbs/uncompleted"
VIEWED = "http://id.tincanapi.com/verb/viewed"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """So many minutes after the start."""
    return START + timedelta(minutes=minutes)


def days(number: float) -> float:
    """Days in minutes."""
    return number * 1440


def did(number: int, verb: str, minutes: float = 0, **result: Any) -> Fact:
    """The fact of a statement with this number for its id; a verb without a colon is one of ADL's."""
    statement = {
        "actor": {"mbox": "mailto:ann@example.com"},
        "verb": {"id": verb if ":" in verb else ADL + verb},
        "object": {"id": "http://course.example/node"},
        "result": result,
    }
    derived = derive(number, UUID(int=number), at(minutes), at(minutes), statement)
    assert derived is not None
    return derived.fact


def scored(number: int, verb: str, scaled: float, minutes: float = 0, **result: Any) -> Fact:
    """The same with a score."""
    return did(number, verb, minutes, score={"scaled": scaled}, **result)


def played(number: int, upto: float, minutes: float = 0, length: float = 100) -> Fact:
    """Played a video of this length from its beginning."""
    statement = {
        "actor": {"mbox": "mailto:ann@example.com"},
        "verb": {"id": VIDEO + "verbs/paused"},
        "object": {"id": "http://course.example/node"},
        "result": {"extensions": {VIDEO + "extensions/played-segments": f"0[.]{upto}"}},
        "context": {"extensions": {VIDEO + "extensions/length": length}},
    }
    derived = derive(number, UUID(int=number), at(minutes), at(minutes), statement)
    assert derived is not None
    return derived.fact
