"""What one learner's facts on one node say to each kind of leaf of a completion rule. docs/rules.md, section 2.

The rule of this file: a leaf looks at the facts that count, in order, and answers the first of them at which what it
asks is there. Nothing later changes that answer; where the rule is revocable, a contrary fact begins anew.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from projections.fact import Deed, Fact, read_media
from projections.media_coverage import DEFAULT_THRESHOLD, NOTHING, Coverage, Media, coverage
from projections.node_progress import VISIT_GAP
from projections.vocabulary import BOOKKEEPING, CLAIMS, GIVEN, JUDGED, Event

_SCORED = frozenset({Event.SCORED, Event.PASSED, Event.FAILED}) | CLAIMS - {Event.ATTENDED} | JUDGED
MOST_STATEMENTS = 100
"""Statements that one leaf names as its evidence."""


class Evidence(NamedTuple):
    """The moment at which something holds, and the statement that made it so; id is None where none did."""

    at: datetime
    id: UUID | None
    late: bool = False

    @property
    def order(self) -> tuple[datetime, int, bool]:
        """Moments compare as facts do: by time, then id; of the same moment, the one that is not late is first."""
        return self.at, 0 if self.id is None else self.id.int, self.late


class Reading(NamedTuple):
    """What a leaf found: the evidence, how much of how much was reached, what it looked at, and what took it back."""

    reach: Evidence | None
    value: float | None = None
    asked: float | None = None
    share: float = 0.0
    statements: tuple[UUID, ...] = ()
    taken_back: datetime | None = None


class RuleFacts:
    """The facts that count, in order, as a rule's leaves read them."""

    def __init__(self, facts: Sequence[Deed | Fact], pass_mark: float, *, revocable: bool) -> None:
        self.facts = facts
        self._mark = pass_mark
        self._revocable = revocable

    @cached_property
    def told(self) -> float:
        """The largest progress that a `progressed` tells."""
        return max((fact.progress or 0.0 for fact in self._progressed), default=0.0)

    @cached_property
    def _progressed(self) -> list[Deed | Fact]:
        return [fact for fact in self.facts if fact.event == Event.PROGRESSED and fact.progress is not None]

    @cached_property
    def _watching(self) -> list[tuple[Deed | Fact, Media]]:
        return [(fact, read_media(fact.media)) for fact in self.facts if fact.media is not None]

    @cached_property
    def _spent(self) -> list[int]:
        """Milliseconds spent up to each fact: the visits of docs/read-models.md, section 6, of the facts so far."""
        totals: list[int] = []
        closed, length, told = 0, 0, 0
        first = last = None
        for fact in self.facts:
            if fact.event not in BOOKKEEPING:
                if first is None or last is None or fact.at - last > VISIT_GAP:
                    closed, told, first = closed + length, 0, fact.at
                last = fact.at
                told = max(told, fact.duration or 0)
                length = max(told, (last - first) // timedelta(milliseconds=1))
            totals.append(closed + length)
        return totals

    def first(
        self, holds: Callable[[Deed | Fact], bool], contrary: Callable[[Deed | Fact], bool] | None = None
    ) -> Reading:
        """The first fact that does it; after the last contrary one, where the rule is revocable."""
        found: Deed | Fact | None = None
        taken_back: datetime | None = None
        for fact in self.facts:
            if contrary is not None and self._revocable and contrary(fact):
                if found is not None:
                    found, taken_back = None, fact.at
            elif found is None and holds(fact):
                found = fact
                if not self._revocable:
                    break
        if found is None:
            return Reading(None, taken_back=taken_back)
        return Reading(Evidence(found.at, found.id), share=1.0, statements=(found.id,), taken_back=taken_back)

    def event(self, event: Event) -> Reading:
        """The first fact of this event; a claim that denies itself is none, and speaks against earlier ones."""
        return self.first(
            lambda fact: fact.event == event and not self.denied(fact),
            lambda fact: fact.event == event and self.denied(fact),
        )

    def verb(self, verb: UUID) -> Reading:
        """The first fact with this verb; a claim that denies itself is none, and speaks against earlier ones."""
        return self.first(
            lambda fact: fact.verb == verb and not self.denied(fact),
            lambda fact: fact.verb == verb and self.denied(fact),
        )

    def passed(self, mastery: float | None = None) -> Reading:
        """The first `passed`; with a mastery score, not one with a score below it. A `failed` speaks against it."""
        return self.first(
            lambda fact: (
                fact.event == Event.PASSED and (mastery is None or fact.score is None or fact.score >= mastery)
            ),
            lambda fact: fact.event == Event.FAILED,
        )

    def denied(self, fact: Deed | Fact) -> bool:
        """Whether a claim says of itself that it is none: no success, no completion, or a score below the mark."""
        if fact.event not in CLAIMS:
            return False
        below = fact.score is not None and fact.score < self._mark
        return fact.success is False or fact.completion is False or below

    def completed(self) -> Reading:
        """`completed`, as cmi5 means it."""
        return self.first(
            lambda fact: fact.event == Event.COMPLETED and fact.completion is not False,
            lambda fact: fact.event == Event.COMPLETED and fact.completion is False,
        )

    def given(self) -> Reading:
        """`satisfied` or `waived`: whoever runs the course says so."""
        return self.first(lambda fact: fact.event in GIVEN)

    def score(self, at_least: float | None) -> Reading:
        """The best score. A `failed` cannot reach the pass mark, whatever its score; it can reach a number."""
        mark = self._mark if at_least is None else at_least

        def enough(fact: Deed | Fact) -> bool:
            value = _score(fact)
            return value is not None and value >= mark and (at_least is not None or fact.event != Event.FAILED)

        def too_little(fact: Deed | Fact) -> bool:
            return _score(fact) is not None and not enough(fact)

        found = self.first(enough, too_little)
        scored = [(value, fact) for fact in self.facts if (value := _score(fact)) is not None]
        if not scored:
            return found._replace(asked=mark)
        best, by = max(scored, key=lambda one: one[0])
        if self._revocable:
            best, by = scored[-1]
        return found._replace(value=best, asked=mark, statements=found.statements or (by.id,))

    def video(self, at_least: float | None) -> Reading:
        """The coverage of docs/read-models.md, section 3; its threshold is the statements' own, or this one."""
        moments = [(fact.at, media) for fact, media in self._watching]
        told = min((media.threshold for _, media in moments if media.threshold), default=DEFAULT_THRESHOLD)
        asked = told if at_least is None else at_least
        if at_least is not None:
            moments = [(at, replace(media, threshold=at_least)) for at, media in moments]
        played: Coverage = coverage(moments) if moments else NOTHING
        statements = tuple(fact.id for fact, _ in self._watching)[-MOST_STATEMENTS:]
        reach = None
        if played.reached is not None:
            fact = self._watching[played.reached][0]
            reach = Evidence(fact.at, fact.id)
        return Reading(reach, played.fraction, asked, 1.0 if reach else played.fraction, statements)

    def depth(self, at_least: float, minimum_seconds: float | None) -> Reading:
        """How far a text was scrolled, and whether that took long enough."""
        deepest, reach, by = 0.0, None, None
        for fact, spent in zip(self.facts, self._spent if minimum_seconds else [0] * len(self.facts), strict=True):
            if fact.event == Event.PROGRESSED and (fact.progress or 0.0) > deepest:
                deepest, by = fact.progress or 0.0, fact
            if reach is None and deepest >= at_least and spent >= (minimum_seconds or 0) * 1000:
                reach = Evidence(fact.at, fact.id)
        statements = () if by is None else (by.id,)
        return Reading(reach, deepest, at_least, 1.0 if reach else deepest, statements)

    def time(self, milliseconds: int) -> Reading:
        """How much time was spent, in seconds."""
        enough = next((index for index, spent in enumerate(self._spent) if spent >= milliseconds), None)
        total = self._spent[-1] if self._spent else 0
        statements = tuple(fact.id for fact in self.facts if fact.event not in BOOKKEEPING)[-MOST_STATEMENTS:]
        reach = None if enough is None else Evidence(self.facts[enough].at, self.facts[enough].id)
        share = 1.0 if reach else round(total / milliseconds, 6)
        return Reading(reach, total / 1000, milliseconds / 1000, share, statements)


def _score(fact: Deed | Fact) -> float | None:
    """The score of a fact; of an answer that is only judged right or wrong, 1 or 0."""
    if fact.event not in _SCORED:
        return None
    if fact.score is None and fact.event in JUDGED and fact.success is not None:
        return 1.0 if fact.success else 0.0
    return fact.score
