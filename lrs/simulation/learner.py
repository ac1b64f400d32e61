"""What one learner does. One rule: chance comes from the learner's own numbers, time from the caller."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any
from uuid import UUID

from lrs.simulation.course import MODULES, Module
from lrs.simulation.statements import (
    COMPLETION_THRESHOLD,
    PASS_MARK,
    Pen,
    TimedStatement,
    iso_duration,
    score,
    watched,
)


class Persona(StrEnum):
    FAST = "fast"
    STEADY = "steady"
    SLOW = "slow"
    STUCK = "stuck"
    VANISHING = "vanishing"
    NEVER_STARTED = "never-started"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Habits:
    """How a persona works: steps in a sitting, days between sittings, chance of a right answer, speeds."""

    steps: tuple[int, int]
    gap_days: tuple[float, float]
    skill: float
    speeds: tuple[float, ...]
    pauses: int
    rewatches: bool = False


HABITS = {
    Persona.FAST: Habits((2, 5), (0.8, 1.6), 0.93, (1.25, 1.5, 2.0), 0),
    Persona.STEADY: Habits((1, 2), (2.0, 3.4), 0.85, (1.0, 1.0, 1.25), 1),
    Persona.SLOW: Habits((1, 1), (2.8, 4.4), 0.72, (1.0, 0.75), 3, rewatches=True),
    Persona.STUCK: Habits((1, 2), (1.6, 3.0), 0.85, (1.0,), 1),
    Persona.VANISHING: Habits((1, 2), (1.6, 2.8), 0.8, (1.0, 1.25), 1),
    Persona.NEVER_STARTED: Habits((1, 1), (1.0, 2.0), 0.8, (1.0,), 1),
    Persona.WITHDRAWN: Habits((1, 2), (1.5, 2.5), 0.75, (1.0,), 1),
}

STEPS = 3 * len(MODULES) + 1
"""Lesson, video and quiz of each module, and the end of the course."""


@dataclass(slots=True)
class Learner:
    """A learner at some point of the course. `done` counts the steps taken, 0 … STEPS."""

    number: int
    persona: Persona
    pen: Pen
    random: Random
    stuck_at: Module | None = None
    done: int = 0
    attempts: dict[str, int] = field(default_factory=dict)
    best: dict[str, int] = field(default_factory=dict)

    @property
    def habits(self) -> Habits:
        return HABITS[self.persona]

    @property
    def finished(self) -> bool:
        return self.done == STEPS

    def step(self, at: datetime) -> list[TimedStatement]:
        """The next step of the course, begun at `at` (UTC); a failed quiz is the next step again. Not when
        finished.
        """
        if self.done == STEPS - 1:
            self.done += 1
            return self._end(at)
        place, kind = divmod(self.done, 3)
        m = MODULES[place]
        if kind == 2:
            statements, passed = self._quiz(m, at)
            self.done += passed
            return statements
        self.done += 1
        return self._lesson(m, at) if kind == 0 else self._video(m, at)

    def give_up(self, at: datetime) -> list[TimedStatement]:
        """The next step begun at `at` and left in the middle, as by one who vanishes. It stays undone."""
        place, kind = divmod(self.done, 3)
        if kind == 1:
            return self._video(MODULES[place], at, leaves=True)
        if kind == 2:
            m = MODULES[place]
            self.attempts[m.slug] = self.attempts.get(m.slug, 0) + 1
            return [self.pen.on_quiz("initialized", m, at, self.attempts[m.slug])]
        return self._lesson(MODULES[place], at)[:2]

    def _lesson(self, m: Module, at: datetime) -> list[TimedStatement]:
        half, rest = self.random.uniform(60, 300), self.random.uniform(60, 300)
        middle, end = at + timedelta(seconds=half), at + timedelta(seconds=half + rest)
        return [
            self.pen.on_lesson("experienced", m, at),
            self.pen.on_lesson("progressed", m, middle, progress=self.random.randrange(30, 70, 10)),
            self.pen.on_lesson("completed", m, end, seconds=half + rest, progress=100),
        ]

    def _stops(self, m: Module) -> list[float]:
        """Where in the video the learner pauses, in seconds, ascending; never in its first or last tenth."""
        count = self.random.randint(0, self.habits.pauses)
        return sorted(round(m.video_length * self.random.uniform(0.1, 0.9), 1) for _ in range(count))

    def _video(self, m: Module, at: datetime, *, leaves: bool = False) -> list[TimedStatement]:
        session = UUID(int=self.random.getrandbits(128), version=4)
        speed = self.random.choice(self.habits.speeds)
        stops = self._stops(m)
        if leaves:
            stops = [round(m.video_length * self.random.uniform(0.2, 0.55), 1)]
        said: list[TimedStatement] = []
        segments: list[tuple[float, float]] = []
        clock, position = at, 0.0

        def say(word: str, **values: Any) -> None:
            said.append(self.pen.on_video(word, m, clock, session=session, speed=speed, **values))

        say("initialized")
        for stop in (*stops, m.video_length):
            clock += timedelta(seconds=self.random.uniform(1, 4))
            say("played", time=position)
            clock += timedelta(seconds=(stop - position) / speed)
            segments.append((position, stop))
            position = stop
            say("paused", time=position, segments=list(segments))
            if position == m.video_length or leaves:
                break
            clock += timedelta(seconds=self.random.uniform(3, 60))
            if self.habits.rewatches and self.random.random() < 0.5:
                back = round(max(0.0, position - self.random.uniform(10, 30)), 1)
                say("seeked", seek=(position, back))
                position = back
        if watched(segments, m.video_length) >= COMPLETION_THRESHOLD:
            clock += timedelta(milliseconds=40)
            took = (clock - at).total_seconds()
            say("completed", time=position, segments=list(segments), seconds=took)
        clock += timedelta(seconds=self.random.uniform(0.5, 3))
        say("terminated", time=position, segments=list(segments))
        return said

    def _quiz(self, m: Module, at: datetime) -> tuple[list[TimedStatement], bool]:
        attempt = self.attempts[m.slug] = self.attempts.get(m.slug, 0) + 1
        asked = len(m.questions)
        hits = [self.random.random() < self.habits.skill for _ in range(asked)]
        if m is self.stuck_at:
            known = set(self.random.sample(range(asked), self.random.randint(0, 2)))
            hits = [number in known for number in range(asked)]
        said = [self.pen.on_quiz("initialized", m, at, attempt)]
        clock = at
        for number, right in enumerate(hits):
            took = self.random.uniform(6, 50)
            clock += timedelta(seconds=took)
            question = m.questions[number]
            response = question.right if right else self.random.choice(question.wrong)
            said.append(self.pen.answered(m, number, clock, attempt, response=response, right=right, seconds=took))
        right_ones = sum(hits)
        passed = right_ones / asked >= PASS_MARK
        self.best[m.slug] = max(self.best.get(m.slug, 0), right_ones)
        clock += timedelta(seconds=2)
        result = {
            "score": score(right_ones, asked),
            "success": passed,
            "completion": True,
            "duration": iso_duration((clock - at).total_seconds()),
        }
        said.append(self.pen.on_quiz("completed", m, clock, attempt, result=result))
        clock += timedelta(milliseconds=120)
        said.append(self.pen.on_quiz("passed" if passed else "failed", m, clock, attempt, result=result))
        return said, passed

    def _end(self, at: datetime) -> list[TimedStatement]:
        right = sum(self.best.values())
        asked = sum(len(m.questions) for m in MODULES)
        result = {"score": score(right, asked), "success": True, "completion": True}
        return [
            self.pen.on_course("completed", at, result={"completion": True}),
            self.pen.on_course("passed", at + timedelta(seconds=1), result=result),
        ]
