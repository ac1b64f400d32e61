"""The configuration of each tenant: folded from its control events, and added to.

The rule of this file: whoever sets something has the database's turn for the tenant from before the look at what is
set until the commit. So no two events, from whatever process, are judged against the same configuration, and the
events of a tenant are there in the order of their positions: what was folded need never be looked at again.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import aiosql
from msgspec import Struct
from psycopg import AsyncConnection

from lrs.configuration.already_set import is_set
from lrs.database import Pool
from lrs.statement_log.control_events import (
    append_control_event,
    last_position,
    read_control_events,
    read_course_events,
)
from projections.course_configuration import Configuration, refuse_unfit, take_in
from projections.fact import name_of
from schemas.configuration_refusal import as_json, refuse, too_large, within
from schemas.course_configuration import (
    KINDS,
    ConfigurationEvent,
    MappingSet,
    OutlineSet,
    PersonMerged,
    PersonUnmerged,
    PolicySet,
    RuleSet,
    kind_of,
    read_recorded_event,
)
from schemas.errors import NotFound, PreconditionFailed, QueryRefused, Violation
from schemas.log_event import ControlEvent
from schemas.precondition import Preconditions

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("queries.sql"), "psycopg", mandatory_parameters=False)
CLAUSE: Final = "Rules 8"
PAGE: Final = 20
"""Events that are held, and folded before anybody else has a turn of the event loop; each may be an outline."""
MOST_TENANTS: Final = 64
"""Tenants whose configuration is kept folded."""
OUTLINE: Final = "outline.set"
_LARGE: Final = (OUTLINE, "policy.set")
_KINDS: Final = tuple(KINDS)
_Answer = TypeVar("_Answer")
_Page = Callable[[int], Awaitable[list[ControlEvent]]]
"""The next events after a position, PAGE of them where there are so many."""


class Change(Struct, frozen=True):
    """What became of a request to set something.

    version: of its course (None: it is of no one course). position: whoever reads after it sees what was asked for.
    """

    changed: bool
    version: int | None
    position: int


@dataclass(frozen=True, slots=True)
class _Folded:
    """The configuration of a tenant as far as it is folded; folding: held by the one reader that takes it further."""

    known: Configuration = field(default_factory=Configuration)
    folding: asyncio.Lock = field(default_factory=asyncio.Lock)


class Configurations:
    """turns: of the primary, lends connections on which a turn is waited for. read: of what queries go to.

    primary: of the primary, for what must be as new as the last commit; left out, that is where queries go.
    """

    def __init__(self, turns: Pool, read: Pool, primary: Pool | None = None) -> None:
        self._turns = turns
        self._read = read
        self._primary = read if primary is None else primary
        self._folded: dict[int, _Folded] = {}

    async def now(self, tenant: int) -> Configuration:
        """What is set, as far as it is known where queries go; not to be changed, and another after any `await`."""
        return await self._caught_up(self._read, tenant)

    async def newest(self, tenant: int) -> Configuration:
        """The same as of the last commit."""
        return await self._caught_up(self._primary, tenant)

    async def at(self, tenant: int, position: int) -> Configuration:
        """What was set at a position. Raises QueryRefused for one that the log has never given."""
        async with self._turns.connection() as connection:
            if position > await last_position(connection):
                rule = "must be a position that this log has given"
                raise QueryRefused([Violation("at", rule, CLAUSE, str(position))])
            await connection.execute(QUERIES.await_turns.sql, {"turn": _turn(tenant)})  # what comes later lies behind
        known = Configuration()
        await _catch_up(known, _pages(self._primary, tenant, until=position))
        return known

    async def history(self, tenant: int, course: str | None, *, before: int, limit: int) -> list[ControlEvent]:
        """What was set of a course (None: of everything) before a position, the newest first."""
        async with self._read.connection() as connection:
            return await read_course_events(connection, tenant, _KINDS, course, before=before, limit=limit)

    async def change(
        self,
        tenant: int,
        events: Sequence[ConfigurationEvent],
        preconditions: Preconditions | None = None,
        *,
        keep: bool = True,
    ) -> Change:
        """Record those of the events that change anything, all or nothing; they are of one course, or of none.

        preconditions: on the version of the course; where all is set already, whoever asks again after a lost answer
        is told so. keep: False judges, and records nothing.
        Raises ConfigurationRefused and PreconditionFailed, and NotFound where there is no such tenant.
        """
        course = course_of(events[0])
        recorded: list[tuple[ControlEvent, ConfigurationEvent]] = []
        async with self._turns.connection() as connection, connection.transaction():
            turn = await connection.execute(QUERIES.take_turn.sql, {"turn": _turn(tenant), "tenant": tenant})
            if await turn.fetchone() is None:
                raise NotFound(f"There is no tenant {tenant} here.")
            known = self._of(tenant).known
            await _catch_up(known, partial(_page, connection, tenant))
            version = None if course is None else known.course(course).version
            new = await asyncio.to_thread(lambda: [event for event in events if not is_set(known, event)])
            if new and preconditions is not None:
                _demand(preconditions, version)
            heard = await _heard(connection, tenant, known, new)
            judged = await asyncio.to_thread(_judged, known, new, heard)
            for event, payload in judged if keep else ():
                recorded.append((await append_control_event(connection, tenant, kind_of(event), payload), event))
        for one, event in recorded:
            take_in(known, one, event)
        position = max([known.position, *(one.position for one, _ in recorded)])
        return Change(bool(new), None if version is None else version + len(new), position)

    async def judged_at(
        self, tenant: int, position: int, events: Sequence[ConfigurationEvent]
    ) -> list[tuple[str, dict[str, Any]]]:
        """The events of a course as they would be recorded, one after the other behind a position; nothing is.

        Raises QueryRefused, and ConfigurationRefused with a path into the events.
        """
        known = await self.at(tenant, position)
        found: list[tuple[str, dict[str, Any]]] = []
        for number, event in enumerate(events):
            async with self._primary.connection() as connection:
                heard = await _heard(connection, tenant, known, [event])
            with within(("events", number)):
                [(_, payload)] = await asyncio.to_thread(_judged, known, [event], heard)
            found.append((kind_of(event), payload))
            take_in(known, ControlEvent(known.position + 1, tenant, datetime.now(UTC), *found[-1]), event)
        return found

    async def _caught_up(self, pool: Pool, tenant: int) -> Configuration:
        """One reader folds what is new; the others wait for it, and hold no connection meanwhile."""
        folded = self._of(tenant)
        page = _pages(pool, tenant)
        if await page(folded.known.position):
            async with folded.folding:
                await _catch_up(folded.known, page)
        return folded.known

    def _of(self, tenant: int) -> _Folded:
        """Of the tenants that were asked for last."""
        folded = self._folded.pop(tenant, None) or _Folded()
        self._folded[tenant] = folded
        if len(self._folded) > MOST_TENANTS:
            del self._folded[next(iter(self._folded))]
        return folded


def course_of(event: ConfigurationEvent) -> str | None:
    """The course whose version the event raises; of a mapping it may be two, of a person it is none."""
    return None if isinstance(event, MappingSet | PersonMerged | PersonUnmerged) else event.course


def payload_of(event: ConfigurationEvent) -> dict[str, Any]:
    """The event as it is recorded: what must be said is said, also that it is null."""
    fields = type(event).model_fields
    return {name: None for name, one in fields.items() if one.is_required()} | as_json(event)


async def _catch_up(known: Configuration, page: _Page) -> None:
    while True:
        events = await page(known.position)
        for one in events:
            if one.position > known.position:
                event = await beside(one.kind, partial(read_recorded_event, one.kind, one.payload))
                take_in(known, one, event)
        if len(events) < PAGE:
            return


def _pages(pool: Pool, tenant: int, **until: int) -> _Page:
    """Pages that are each read on a connection of the pool, which is given back before they are folded."""

    async def page(after: int) -> list[ControlEvent]:
        async with pool.connection() as connection:
            return await _page(connection, tenant, after, **until)

    return page


async def _page(connection: AsyncConnection, tenant: int, after: int, **until: int) -> list[ControlEvent]:
    return await read_control_events(connection, tenant, _KINDS, after=after, limit=PAGE, **until)


async def beside(kind: str, work: Callable[[], _Answer]) -> _Answer:
    """What the work gives; an outline or a policy takes up to a second, for which the event loop does not wait."""
    return await asyncio.to_thread(work) if kind in _LARGE else work()


def _judged(
    known: Configuration, new: Sequence[ConfigurationEvent], heard: frozenset[str]
) -> list[tuple[ConfigurationEvent, dict[str, Any]]]:
    """How each is recorded. Raises ConfigurationRefused, also for what is larger as it is kept than as it was sent."""
    judged = [(event, payload_of(event)) for event in new]
    for event, payload in judged:
        refuse(too_large(payload, CLAUSE))
        refuse_unfit(known, event, heard)
    return judged


async def _heard(
    connection: AsyncConnection, tenant: int, known: Configuration, new: Sequence[ConfigurationEvent]
) -> frozenset[str]:
    """The nodes that statements have told of the events' course, where they decide anything."""
    event = next(iter(new), None)
    match event:
        case OutlineSet(outline=None):
            course = event.course
        case RuleSet() | PolicySet() if known.course(event.course).outline is None:
            course = event.course
        case _:
            return frozenset()
    values = {"tenant": tenant, "course": name_of(course)}
    rows = await (await connection.execute(QUERIES.heard_nodes.sql, values)).fetchall()
    return frozenset(iri for (iri,) in rows)


def _demand(preconditions: Preconditions, version: int | None) -> None:
    failing = preconditions.failing(None if version is None else str(version))
    if failing is not None:
        rule = "must be the version of the course's configuration"
        found = f'it is "{version}"' if version is not None else "this has no version"
        raise PreconditionFailed(
            [Violation(failing, rule, CLAUSE, found)], "Somebody else was quicker; nothing was set."
        )


def _turn(tenant: int) -> int:
    """The number of the lock: whoever else has the same one is only waited for."""
    return int.from_bytes(hashlib.blake2b(b"configuration %d" % tenant, digest_size=8).digest(), "big", signed=True)
