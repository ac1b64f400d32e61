"""One course that is followed: what of it is to be read, and what its readers have been told."""

from collections.abc import Callable
from uuid import UUID

import msgspec

from lrs.dashboard.difference import difference
from lrs.dashboard.subscriber import Frame, Subscriber, frame, outline_frame
from projections.course_update_queries import Changed
from projections.course_view import CourseUpdate, CourseView, Node
from projections.course_view_queries import Key
from streams.bus import Bus, Change


class Channel:
    """One course of one tenant. `position`: everything up to it has been handed to the subscribers."""

    def __init__(self, bus: Bus, key: Key) -> None:
        self.key = key
        self.position = bus.position
        self.subscribers: set[Subscriber] = set()
        self.on_handed: Callable[[UUID, int, int], None] | None = None
        """Told of which course everything from where to where has been handed out."""
        self.overruns = 0
        """How many readers had to begin anew because they were too slow."""
        self._bus = bus
        self._last = self.position
        self._changed = self.position
        self._outlined = self.position
        """Up to where everybody has the outline."""
        self._view: CourseView | None = None
        """What was seen last, as long as changes are looked for."""

    @property
    def delayed(self) -> bool:
        """Whether changes are looked for instead of told."""
        return self._bus.delayed

    @property
    def wants_outline(self) -> int | None:
        """The position up to which the outline is to be read, where it may be another than the subscribers have."""
        return self._changed if self._changed > self._outlined else None

    def changed(self, position: int) -> Changed | None:
        """What is to be read so that everything up to `position` can be handed out; None where nothing is."""
        self._view = None
        if position <= self.position:
            return None
        changes = self._bus.since(*self.key, self.position)
        if changes is None or any(change.recounted for change in changes):
            self._begin_anew(position)  # every line is another now: a fresh snapshot says it best
            return None
        if not changes:
            self.position = position
            return None
        self._changed = position
        return Changed(self.key, persons_of(changes), self._last, position)

    def missed(self, after: int, outlined: int | None) -> list[Change] | None:
        """What changed after a position, to be told to one who comes now; None where nobody knows.

        outlined: up to where the outline that he has holds; None where that is not known.
        """
        changes = self._bus.since(*self.key, after)
        if self._view is not None and after < self.position:  # what is looked for next is told from there on
            return None
        if changes is None or any(change.recounted for change in changes):
            return None
        later = None if outlined is None else self._bus.since(*self.key, min(after, outlined))
        if later is None or later:
            self._changed = max(self._changed, later[-1].position if later else self._bus.position)
            self._outlined = min(self._outlined, outlined or 0)
        return changes

    def look(self, view: CourseView | None) -> None:
        """Hand out what is another than at the last look; at the first look nobody knows."""
        before, self._view = self._view, view
        update = None if before is None or view is None else difference(before, view)
        if update is None:
            self._begin_anew(self._bus.position if view is None else view.position)
        else:
            self._changed = self._outlined = update.position
            self.hand_out(update)

    def hand_out(self, update: CourseUpdate) -> None:
        """To everybody; everything up to its position has been told with it."""
        before = self._last
        self.position = self._last = update.position
        self._put(frame("change", update.position, msgspec.json.encode(update)))
        if self.on_handed is not None:
            self.on_handed(self.key[1], before, update.position)

    def hand_out_outline(self, nodes: list[Node], until: int) -> None:
        """To everybody; it holds all up to `until`."""
        if until >= self._outlined:  # else they have been told of a later one meanwhile
            self._outlined = until
            self._put(outline_frame(until, msgspec.json.encode(nodes)))

    def _put(self, one: Frame) -> None:
        self.overruns += sum(subscriber.put(one) for subscriber in self.subscribers)

    def _begin_anew(self, position: int) -> None:
        self.position = self._last = self._changed = self._outlined = position
        for subscriber in self.subscribers:
            subscriber.lose()


def persons_of(changes: list[Change]) -> frozenset[UUID]:
    """Whose rows any of them concerns."""
    return frozenset().union(*(change.persons for change in changes))
