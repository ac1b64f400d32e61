"""What a projector knows of its tables without asking: it is the only one that writes them.

The rule of this file: all of it holds at one position of the checkpoint and no other, and may be forgotten at any time.
Whoever finds the tables elsewhere, or fails on the way, begins with an empty one.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from projections.activity_daily import Day
from projections.course_configuration import Configuration
from projections.course_rules import CourseRules
from projections.dead_letter import Letters
from projections.enrollment import Enrollment, Standing
from projections.names import Name
from projections.outline_node import OutlineNode
from projections.placement_as_set import Places
from projections.risk_state import Risk

Outline = dict[Name, OutlineNode]
Pair = tuple[Name, Name]
"""Course, person."""
DayKey = tuple[Name, Name, date]
"""Course, person, day."""
Seen = tuple[datetime, UUID, str]
"""When a name was last seen, in which statement, and the name."""

MOST_TEXTS = 100_000
MOST_LEARNERS = 20_000
MOST_NODES = 100_000
MOST_DAYS = 20_000


class Line(NamedTuple):
    """One learner in one course: the sums behind the enrollment, its row, and the risk."""

    sums: Standing
    row: Enrollment
    risk: Risk | None


class Memory:
    """Of one tenant."""

    def __init__(self) -> None:
        self.iris: set[Name] = set()
        self.claims: set[Name] = set()
        self.names: dict[Name, Seen | None] = {}
        """By person that has a row."""
        self.outlines: dict[Name, Outline] = {}
        self.lines: dict[Pair, Line] = {}
        self.days: dict[DayKey, Day] = {}
        self.configuration: Configuration | None = None
        """What is set; None while that is not known."""
        self.rules: dict[Name, CourseRules] = {}
        """By course of which something is or was set."""
        self.places = Places()
        """What is set of places and persons; as the configuration."""
        self.clock: datetime | None = None
        self.clock_read = False
        self.letters: Letters | None = None
        """Who waits; None while that is not known."""

    def spoken_of(self, person: Name) -> str | None:
        """The identifier of a person of whom some override speaks; None where none does."""
        return next((found for rules in self.rules.values() if (found := rules.spoken_of.get(person))), None)

    def bound(self) -> None:
        """Forget what has become too much. Between batches only."""
        for texts in (self.iris, self.claims):
            if len(texts) > MOST_TEXTS:
                texts.clear()
        for learners in (self.names, self.lines):
            if len(learners) > MOST_LEARNERS:
                learners.clear()
        if len(self.days) > MOST_DAYS:
            self.days.clear()
        if sum(map(len, self.outlines.values())) > MOST_NODES:
            self.outlines.clear()


def unknown(known: set[Name], entries: Iterable[tuple[Name, str]]) -> list[tuple[Name, str]]:
    """The entries not known yet, once each; they are from now on."""
    new = {name: text for name, text in entries if name not in known}
    known.update(new)
    return list(new.items())
