"""What the learners do next, today. One rule: real time; nothing is said before it has happened.

After the simulated past has been played the demo goes on with this: some learners are online, take their
next steps at the pace of people, leave, and others come.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from lrs.simulation.learner import Learner, Persona
from lrs.simulation.statements import TimedStatement

AT_ONCE = 40
"""Learners online at the same time; together they say about one statement a second."""


class Today:
    """The learners of a cohort who are not finished, going on from `begin` (UTC). Takes the learners over."""

    def __init__(self, learners: Sequence[Learner], begin: datetime, random: Random) -> None:
        self._random = random
        self._coming: list[tuple[datetime, int, TimedStatement]] = []
        self._online: list[tuple[datetime, int]] = []
        self._learners = {learner.number: learner for learner in learners}
        waiting = [one for one in learners if not one.finished and one.persona is not Persona.WITHDRAWN]
        random.shuffle(waiting)
        # Those who vanished come last: it is worth seeing how their alert is cleared, but not at once.
        waiting.sort(key=lambda one: one.persona is Persona.VANISHING)
        self._waiting = deque(one.number for one in waiting)
        for learner in waiting:
            learner.pen = replace(learner.pen, new_id=uuid4)
            if random.random() < 0.5:
                learner.stuck_at = None  # somebody helped
        for _ in range(min(AT_ONCE, len(waiting))):
            self._come_online(begin + timedelta(seconds=random.uniform(0, 30)))

    def _come_online(self, at: datetime) -> None:
        if self._waiting:
            heapq.heappush(self._online, (at, self._waiting.popleft()))

    def due(self, now: datetime) -> list[TimedStatement]:
        """What was said up to `now` and not yet handed out, by instant."""
        while self._online and self._online[0][0] <= now:
            at, number = heapq.heappop(self._online)
            learner = self._learners[number]
            said = learner.step(at)
            for timed in said:
                heapq.heappush(self._coming, (timed.at, self._random.getrandbits(32), timed))
            pause = said[-1].at + timedelta(seconds=self._random.uniform(3, 30))
            if learner.finished:
                self._come_online(pause)
            elif self._random.random() < 0.25:
                self._waiting.append(number)
                self._come_online(pause)
            else:
                heapq.heappush(self._online, (pause, number))
        ready = []
        while self._coming and self._coming[0][0] <= now:
            ready.append(heapq.heappop(self._coming)[2])
        return ready

    @property
    def over(self) -> bool:
        """Whether everybody has finished and nothing is left to be said."""
        return not self._online and not self._coming
