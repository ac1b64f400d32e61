"""The configuration of each tenant: folded from its control events, and added to.

The rule of this file: whoever sets something has the database's turn for the tenant from before the look at what is
set until the commit. So no two events, from whatever process, are judged against the same configuration, and the
events of a tenant are there in the order of their positions: what was folded need never be looked at again.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
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
from schemas.configuration_refusal import as_json
from schemas.course_configuration import (
    KINDS,
    ConfigurationEvent,
    MappingSet,
    PersonMerged,
    PersonUnmerged,
    PolicySet,
    RuleSet,
    kind_of,
    read_configuration_event,
)
from schemas.errors import NotFound, PreconditionFailed, QueryRefused, Violation
from schemas.log_event import ControlEvent
from schemas.precondition import Preconditions

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("queries.sql"), "psycopg", mandatory_parameters=False)
CLAUSE: Final = "Rules 8"
PAGE: Final = 20
"""Events that are held, and folded before anybody else has a turn of the event loop; each may be an outline."""
OUTLINE: Final = "outline.set"
_KINDS: Final = tuple(KINDS)
_Answer = TypeVar("_Answer")


class Change(Struct, frozen=True):
    """What became of a request to set something.

    version: of its course (None: it is of no one course). position: whoever reads after it sees what was asked for.
    """

    changed: bool
    version: int | None
    position: int


class Configurations:
    """turns: of the primary, lends connections on which a turn is waited for. read: of what queries go to."""

    def __init__(self, turns: Pool, read: Pool) -> None:
        self._turns = turns
        self._read = read
        self._folded: dict[int, Configuration] = {}

    async def now(self, tenant: int) -> Configuration:
        """What is set, as far as it is known where queries go; not to be changed, and another after any `await`."""
        async with self._read.connection() as connection:
            return await self._caught_up(connection, tenant)

    async def newest(self, tenant: int) -> Configuration:
        """The same as of the last commit."""
        async with self._turns.connection() as connection:
            return await self._caught_up(connection, tenant)

    async def at(self, tenant: int, position: int) -> Configuration:
        """What was set at a position. Raises QueryRefused for one that the log has never given."""
        async with self._turns.connection() as connection:
            if position > await last_position(connection):
                rule = "must be a position that this log has given"
                raise QueryRefused([Violation("at", rule, CLAUSE, str(position))])
            async with connection.transaction():
                await connection.execute(QUERIES.await_turns.sql, {"turn": _turn(tenant)})
                known = Configuration()
                await _catch_up(connection, tenant, known, until=position)
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

        preconditions: on the version of the course. keep: False judges, and records nothing.
        Raises ConfigurationRefused and PreconditionFailed, and NotFound where there is no such tenant.
        """
        course = course_of(events[0])
        recorded: list[tuple[ControlEvent, ConfigurationEvent]] = []
        async with self._turns.connection() as connection, connection.transaction():
            turn = await connection.execute(QUERIES.take_turn.sql, {"turn": _turn(tenant), "tenant": tenant})
            if await turn.fetchone() is None:
                raise NotFound(f"There is no tenant {tenant} here.")
            known = await self._caught_up(connection, tenant)
            version = None if course is None else known.course(course).version
            if preconditions is not None:
                _demand(preconditions, version)
            heard = await _heard(connection, tenant, known, events)
            new = await beside(kind_of(events[0]), partial(_judged, known, events, heard))
            for event, payload in new if keep else ():
                recorded.append((await append_control_event(connection, tenant, kind_of(event), payload), event))
        for one, event in recorded:
            take_in(known, one, event)
        position = max([known.position, *(one.position for one, _ in recorded)])
        return Change(bool(new), None if version is None else version + len(new), position)

    async def _caught_up(self, connection: AsyncConnection, tenant: int) -> Configuration:
        known = self._folded.setdefault(tenant, Configuration())
        await _catch_up(connection, tenant, known)
        return known


def course_of(event: ConfigurationEvent) -> str | None:
    """The course whose version the event raises; of a mapping it may be two, of a person it is none."""
    return None if isinstance(event, MappingSet | PersonMerged | PersonUnmerged) else event.course


def payload_of(event: ConfigurationEvent) -> dict[str, Any]:
    """The event as it is recorded: what must be said is said, also that it is null."""
    fields = type(event).model_fields
    return {name: None for name, field in fields.items() if field.is_required()} | as_json(event)


async def _catch_up(connection: AsyncConnection, tenant: int, known: Configuration, **until: int) -> None:
    while True:
        events = await read_control_events(connection, tenant, _KINDS, after=known.position, limit=PAGE, **until)
        for one in events:
            if one.position > known.position:
                event = await beside(one.kind, partial(read_configuration_event, one.kind, one.payload))
                take_in(known, one, event)
        if len(events) < PAGE:
            return


async def beside(kind: str, work: Callable[[], _Answer]) -> _Answer:
    """What the work gives; an outline takes up to a second, for which the event loop does not wait."""
    return await asyncio.to_thread(work) if kind == OUTLINE else work()


def _judged(
    known: Configuration, events: Sequence[ConfigurationEvent], heard: frozenset[str]
) -> list[tuple[ConfigurationEvent, dict[str, Any]]]:
    """Those that change anything, and how they are recorded. Raises ConfigurationRefused."""
    new = [event for event in events if not is_set(known, event)]
    for event in new:
        refuse_unfit(known, event, heard)
    return [(event, payload_of(event)) for event in new]


async def _heard(
    connection: AsyncConnection, tenant: int, known: Configuration, events: Sequence[ConfigurationEvent]
) -> frozenset[str]:
    """The nodes that statements have told of the events' course, where they decide anything."""
    event = events[0]
    if not isinstance(event, RuleSet | PolicySet) or known.course(event.course).outline is not None:
        return frozenset()
    values = {"tenant": tenant, "course": name_of(event.course)}
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
