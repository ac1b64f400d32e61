"""What a worker remembers of a tenant whose tables others write too, and what that holds by.

The rule of this file: outlines, and what is known of learners in courses, hold while the version of their slot is the
one that is noted; all but texts holds while no more is set than up to `configured`. Nothing is kept of learners who
are not the worker's alone.
"""

from collections.abc import Collection
from functools import lru_cache

from projections.memory import Memory
from projections.names import Name

SLOTS = 256
"""So many groups of courses have a lock and a version each."""


@lru_cache(maxsize=10_000)
def slot_of(course: Name) -> int:
    """The slot of a course."""
    return int.from_bytes(course[:4], "big") % SLOTS


class Known:
    """configured: what is set up to there is in the memory; versions: of the slots of which it knows anything."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.configured: int | None = None
        self.versions: dict[int, int] = {}

    def forget(self) -> None:
        """All but texts, which are never taken away."""
        old, self.memory, self.versions = self.memory, Memory(), {}
        self.memory.iris, self.memory.claims = old.iris, old.claims

    def forget_texts(self) -> None:
        """Texts that were not written after all."""
        self.memory.iris, self.memory.claims = set(), set()

    def forget_learners(self) -> None:
        """All that is known of learners."""
        for learners in (self.memory.lines, self.memory.days, self.memory.names):
            learners.clear()

    def forget_slots(self, slots: Collection[int]) -> None:
        """What is known of the courses of these slots."""
        memory = self.memory
        for course in [course for course in memory.outlines if slot_of(course) in slots]:
            del memory.outlines[course]
        for pair in [pair for pair in memory.lines if slot_of(pair[0]) in slots]:
            del memory.lines[pair]
        for key in [key for key in memory.days if slot_of(key[0]) in slots]:
            del memory.days[key]
        for slot in slots:
            self.versions.pop(slot, None)

    def forget_persons(self, persons: Collection[Name]) -> None:
        """What is known of these persons."""
        memory = self.memory
        for person in persons:
            memory.names.pop(person, None)
        for pair in [pair for pair in memory.lines if pair[1] in persons]:
            del memory.lines[pair]
        for key in [key for key in memory.days if key[1] in persons]:
            del memory.days[key]
