"""The video profile's numbers and the written forms, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from lrs.simulation.course import MODULES
from lrs.simulation.learner import Learner, Persona
from lrs.simulation.people import Person
from lrs.simulation.statements import Pen, iso_duration, played_segments, score, watched

AT = datetime(2025, 5, 20, 13, 0, 0, 123999, tzinfo=UTC)
EXTENSION = "https://w3id.org/xapi/video/extensions/"


def pen(person: Person) -> Pen:
    return Pen(0, person, UUID(int=1), uuid4)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "PT0M0S"), (59.999, "PT1M0S"), (90.5, "PT1M30.5S"), (600, "PT10M0S"), (61.234, "PT1M1.23S")],
)
def test_a_duration_has_two_decimals_at_most(seconds: float, text: str) -> None:
    assert iso_duration(seconds) == text


def test_segments_are_written_in_the_order_played_and_counted_once() -> None:
    segments = [(0.0, 40.0), (30.0, 60.0), (80.0, 90.5)]
    assert played_segments(segments) == "0[.]40[,]30[.]60[,]80[.]90.5"
    assert watched(segments, 100.0) == 0.705


def test_a_score_has_its_range() -> None:
    assert score(3, 5) == {"scaled": 0.6, "raw": 3, "min": 0, "max": 5}


def test_a_timestamp_is_in_utc_for_mail_people_and_local_for_account_people_in_milliseconds() -> None:
    by_mail = pen(Person("A B", "a.b", 7, by_mail=True)).on_course("registered", AT)
    local = pen(Person("A B", "a.b", -5, by_mail=False)).on_course("registered", AT)
    assert by_mail.statement["timestamp"] == "2025-05-20T13:00:00.123Z"
    assert local.statement["timestamp"] == "2025-05-20T08:00:00.123-05:00"
    assert by_mail.at == local.at == AT.replace(microsecond=123000)


def video_of(persona: Persona, seed: int) -> list[dict[str, Any]]:
    learner = Learner(0, persona, pen(Person("A B", "a.b", 0, by_mail=True)), Random(seed), done=1)
    return [timed.statement for timed in learner.step(AT)]


@pytest.mark.parametrize("persona", [Persona.FAST, Persona.STEADY, Persona.SLOW])
@pytest.mark.parametrize("seed", range(8))
def test_a_whole_video_is_played_from_where_it_stood_to_its_end(persona: Persona, seed: int) -> None:
    said = video_of(persona, seed)
    words = [statement["verb"]["display"]["en"] for statement in said]
    assert words[0] == "initialized"
    assert words[-2:] == ["completed", "terminated"]
    position = 0.0
    for statement in said[1:-2]:
        result = statement["result"]["extensions"]
        match statement["verb"]["display"]["en"]:
            case "played":
                assert result[EXTENSION + "time"] == position
            case "paused":
                segment = result[EXTENSION + "played-segments"].split("[,]")[-1]
                assert segment == f"{position:g}[.]{result[EXTENSION + 'time']:g}"
                position = result[EXTENSION + "time"]
            case "seeked":
                assert result[EXTENSION + "time-from"] == position
                position = result[EXTENSION + "time-to"]
    assert position == MODULES[0].video_length
    assert said[-2]["result"]["extensions"][EXTENSION + "progress"] == 1.0
    assert len({s["context"]["extensions"][EXTENSION + "session-id"] for s in said}) == 1


def test_a_video_left_in_the_middle_is_terminated_and_not_completed() -> None:
    learner = Learner(0, Persona.VANISHING, pen(Person("A B", "a.b", 0, by_mail=True)), Random(1), done=1)
    said = [timed.statement for timed in learner.give_up(AT)]
    assert [s["verb"]["display"]["en"] for s in said] == ["initialized", "played", "paused", "terminated"]
    assert 0.2 <= said[-1]["result"]["extensions"][EXTENSION + "progress"] <= 0.56
    assert learner.done == 1


def test_no_played_segment_goes_faster_than_its_speed() -> None:
    said = [t for seed in range(5) for t in _timed_video(seed)]
    for played, paused in pairwise(said):
        if played.statement["verb"]["display"]["en"] != "played":
            continue
        speed = float(played.statement["context"]["extensions"][EXTENSION + "speed"].removesuffix("x"))
        a = played.statement["result"]["extensions"][EXTENSION + "time"]
        b = paused.statement["result"]["extensions"][EXTENSION + "time"]
        assert (paused.at - played.at).total_seconds() * speed == pytest.approx(b - a, abs=0.01)


def _timed_video(seed: int) -> list[Any]:
    learner = Learner(0, Persona.FAST, pen(Person("A B", "a.b", 0, by_mail=True)), Random(seed), done=4)
    return learner.step(AT)
