"""Applies a batch whatever is in it: what cannot be digested is found by halves, and parked. docs/dead-letters.md.

The rule of this file: the checkpoint passes a statement together with its rows, or together with its letter. What
fails because of where it is applied (a database that is away, a full disk) is no fault of a statement: it is raised,
and parks nothing.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import psycopg
from psycopg import AsyncConnection

from projections.dead_letter import GONE, NOTHING, Failure, Letter, State, failure_of, letter_of, sender_of
from projections.dead_letter_rows import (
    discard_letter,
    fail_letters,
    read_letter,
    set_free,
    take_letters,
    voided_fact,
)
from projections.kept_fact_rows import log_begin
from projections.log_reader import LogReader
from projections.names import Name
from projections.read_model_tables import DEAD_LETTER, FACT
from schemas.dead_letter import LETTER_KINDS, LETTER_RETRIED, Decision
from schemas.log_event import ControlEvent, LogEvent, StatementEvent

AT_ONCE = 500
"""Statements that have waited and are applied in one transaction."""
_TAKES_BACK = (
    '{"actor":{"openid":"lrs:letters"},"verb":{"id":"http://adlnet.gov/expapi/verbs/voided"},'
    '"object":{"objectType":"StatementRef","id":"00000000-0000-0000-0000-000000000000"}}'
)
"""What is applied to take back a statement that was digested."""
_LOG = logging.getLogger("lrs.processor")
_Change = TypeVar("_Change")
_Place = TypeVar("_Place", bound="Place")
_Place_in = TypeVar("_Place_in", bound="Place", contravariant=True)
Prepare = Callable[[AsyncConnection], Awaitable[Sequence[LogEvent] | None]]
"""Changes letters, and answers what is to be applied; None where somebody else has been at work."""


class Indigestible(Exception):
    """What is applied fails by itself; the cause says how."""


class Place(Protocol):
    """Where read models stand."""

    def up_to(self, position: int, end: Any) -> Any:
        """Where they stand when everything up to a position is applied, on the way to `end`."""


class Step(Protocol[_Place_in, _Change]):
    """One transaction: applies events, or else what is prepared, and moves the checkpoint. Raises Indigestible,
    OutOfTurn, and what fails for other reasons.
    """

    async def __call__(
        self, begin: _Place_in, end: _Place_in, events: Sequence[LogEvent] = (), prepare: Prepare | None = None
    ) -> list[_Change]: ...


def is_poison(error: Exception) -> bool:
    """Whether it is what is applied that fails, and would fail again at any other time."""
    if isinstance(error, psycopg.Error):  # a value, a constraint, or a limit of the program: SQLSTATE 22, 23, 54
        is_of_value = isinstance(error, psycopg.DataError | psycopg.IntegrityError)
        return is_of_value or (error.sqlstate or "").startswith("54")
    return not isinstance(error, OSError | MemoryError)


@dataclass(frozen=True, slots=True)
class Digestion(Generic[_Place, _Change]):
    """Over the steps of a projector. within: a transaction in which names mean its tables. log: where statements are
    read again that were parked. concerns: where there are shards, whether a decision is of a letter in those at hand:
    behind whose letters others wait then.
    """

    step: Step[_Place, _Change]
    connection: AsyncConnection
    within: Callable[[], AbstractAsyncContextManager[object]]
    log: LogReader | None
    version: int
    concerns: Callable[[ControlEvent, Decision, _Place, _Place], Awaitable[Name | None]] | None = None

    async def digest(self, events: Sequence[LogEvent], begin: _Place, end: _Place) -> list[_Change]:
        """Apply all of it, from checkpoint to checkpoint."""
        changes: list[_Change] = []
        for part, at, to in _parts(events, begin, end):
            first = part[0] if part else None
            if isinstance(first, ControlEvent) and first.kind in LETTER_KINDS:
                changes += await self._decide(first, at, to)
            else:
                changes += await self._in_halves(part, at, to)
        return changes

    async def _in_halves(self, events: Sequence[LogEvent], begin: _Place, end: _Place) -> list[_Change]:
        try:
            return await self.step(begin, end, events)
        except Indigestible as error:
            failure = failure_of(error.__cause__ or error)
            if len(events) < 2:
                if not events or not isinstance(events[0], StatementEvent):
                    raise
                return await self._park(events[0], failure, begin, end)
        half = len(events) // 2
        middle = begin.up_to(events[half - 1].position, end)
        changes = await self._in_halves(events[:half], begin, middle)
        return changes + await self._in_halves(events[half:], middle, end)

    async def _park(self, event: StatementEvent, failure: Failure, begin: _Place, end: _Place) -> list[_Change]:
        letter = letter_of(event, sender_of(event), State.PARKED, failure, self.version)

        async def park(connection: AsyncConnection) -> Sequence[LogEvent]:
            await DEAD_LETTER.upsert(connection, event.tenant, [letter])
            return ()

        changes = await self.step(begin, end, prepare=park)
        _LOG.error("statement %s at position %s is parked: %s: %s\n%s", event.id, event.position, *failure)
        return changes

    async def _decide(self, event: ControlEvent, begin: _Place, end: _Place) -> list[_Change]:
        """What was decided of a letter; others may wait for nothing then. The checkpoint moves when all is done."""
        decision = msgspec.convert(event.payload, Decision)
        key = None
        if self.concerns is not None and (key := await self.concerns(event, decision, begin, end)) is None:
            return await self.step(begin, end)
        if event.kind == LETTER_RETRIED:
            changes = await self._retry(event, decision, begin)
        else:
            changes = await self._discard(event, decision, begin)
        while free := await self._set_free(event.tenant, key):
            changes += await self._again(event, free, begin)
        return changes + await self.step(begin, end)

    async def _retry(self, event: ControlEvent, decision: Decision, begin: _Place) -> list[_Change]:
        letter = await self._read_letter(event.tenant, decision.position)
        if letter is None or letter.state == State.WAITING or await self._shows(letter, event):
            return []
        return await self._again(event, [letter.position], begin)

    async def _discard(self, event: ControlEvent, decision: Decision, begin: _Place) -> list[_Change]:
        """A letter is marked; what was digested (by folds that can do it) is taken back, as if it were voided.

        A statement that voids another one counts, whatever is decided.
        """
        tenant, position = event.tenant, decision.position
        letter = await self._read_letter(tenant, position)
        if letter is not None and await self._shows(letter, event):
            return []
        statements = await self._read_again(tenant, [position])
        digested = statements if letter is None else []

        async def mark(connection: AsyncConnection) -> Sequence[LogEvent]:
            for one in digested:
                voided = await voided_fact(connection, tenant, position)
                row = letter_of(one, sender_of(one), State.DISCARDED, NOTHING, self.version)
                row = row._replace(voided_position=None if voided == event.position else voided)
                await DEAD_LETTER.insert(connection, tenant, [row])
                await FACT.delete(connection, tenant, [(position,)])
            await discard_letter(connection, event, decision)
            return ()

        changes: list[_Change] = []
        if any(one.voids_position is not None for one in statements):
            return changes
        if digested:
            changes += await self.step(begin, begin, [_taking_back(one, event) for one in digested])
        return changes + await self.step(begin, begin, prepare=mark)

    async def _read_letter(self, tenant: int, position: int) -> Letter | None:
        async with self.within():
            return await read_letter(self.connection, tenant, position)

    async def _set_free(self, tenant: int, key: Name | None) -> list[int]:
        async with self.within():
            return await set_free(self.connection, tenant, key, AT_ONCE)

    async def _shows(self, letter: Letter, event: ControlEvent) -> bool:
        """Whether a letter that was taken from the live tables shows already what was decided."""
        return letter.last_at >= event.recorded and letter.position <= await log_begin(self.connection)

    async def _again(self, event: ControlEvent, positions: Sequence[int], begin: _Place) -> list[_Change]:
        """Apply the statements of these letters; those that cannot be digested are parked, again or from now on."""
        statements = await self._read_again(event.tenant, positions)
        gone = sorted({*positions} - {one.position for one in statements})
        changes = await self._fail(event, gone, GONE, begin) if gone else []
        return changes + await self._again_in_halves(event, statements, begin) if statements else changes

    async def _again_in_halves(
        self, event: ControlEvent, statements: Sequence[StatementEvent], begin: _Place
    ) -> list[_Change]:
        positions = [one.position for one in statements]

        async def take(connection: AsyncConnection) -> Sequence[LogEvent] | None:
            voided = await take_letters(connection, event.tenant, positions)
            if len(voided) != len(positions):
                return None
            return [
                replace(one, voided_position=_first(one.voided_position, voided[one.position])) for one in statements
            ]

        try:
            return await self.step(begin, begin, prepare=take)
        except Indigestible as error:
            if len(statements) == 1:
                return await self._fail(event, positions, failure_of(error.__cause__ or error), begin)
        half = len(statements) // 2
        changes = await self._again_in_halves(event, statements[:half], begin)
        return changes + await self._again_in_halves(event, statements[half:], begin)

    async def _fail(
        self, event: ControlEvent, positions: Sequence[int], failure: Failure, begin: _Place
    ) -> list[_Change]:
        async def fail(connection: AsyncConnection) -> Sequence[LogEvent]:
            await fail_letters(connection, event, positions, failure, self.version)
            return ()

        return await self.step(begin, begin, prepare=fail)

    async def _read_again(self, tenant: int, positions: Sequence[int]) -> list[StatementEvent]:
        assert self.log is not None, "letters are decided of only where the log can be read again"
        return await self.log.at(tenant, positions)


def _taking_back(statement: StatementEvent, event: ControlEvent) -> StatementEvent:
    return replace(
        statement,
        position=event.position,
        payload=_TAKES_BACK,
        voided_position=None,
        voids_position=statement.position,
    )


def _first(one: int | None, other: int | None) -> int | None:
    return min((position for position in (one, other) if position is not None), default=None)


def _parts(
    events: Sequence[LogEvent], begin: _Place, end: _Place
) -> Iterator[tuple[Sequence[LogEvent], _Place, _Place]]:
    """The events, each decision of a letter by itself, with the checkpoints before and behind them."""
    cuts = [
        index for index, event in enumerate(events) if isinstance(event, ControlEvent) and event.kind in LETTER_KINDS
    ]
    bounds = sorted({0, len(events), *cuts, *(index + 1 for index in cuts)})
    at = begin
    for low, high in pairwise(bounds) if events else [(0, 0)]:
        to = end if high == len(events) else at.up_to(events[high - 1].position, end)
        yield events[low:high], at, to
        at = to
