"""Applies batches of some shards of the log to read models that workers of other shards write at the same time.

The rule of this file: what stands in the tables is, at every commit, a function of the facts that are in them and of
what is set up to one position. So it makes no difference in which order the shards come, and at the end of the log the
rows are those that one machine writes. Checkpoints of shards move by compare and set with their rows held: of two
workers that both believe a shard to be theirs, one is out of turn.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.errors import DeadlockDetected, SerializationFailure

from projections import shard_rows
from projections.apply import MOST_TENANTS, PROJECTION, VERSION, CourseChange, OutOfTurn, apply_events, tenant_of
from projections.checkpoint import Checkpoint
from projections.dead_letter import sender_of
from projections.dead_letter_rows import read_letter
from projections.digestion import Digestion, Indigestible, Prepare, is_poison
from projections.hold_rows import Hold, Needs, NotHeld
from projections.known import Known
from projections.log_reader import LogReader
from projections.names import Name
from projections.shard_rows import ShardCheckpoints
from schemas.dead_letter import Decision
from schemas.log_event import ControlEvent, LogEvent, StatementEvent

encoded_changes: Callable[[list[CourseChange]], bytes] = msgspec.msgpack.Encoder(uuid_format="bytes").encode
decoded_changes: Callable[[bytes], list[CourseChange]] = msgspec.msgpack.Decoder(list[CourseChange]).decode
NOBODY = bytes(16)
"""For whose letters nobody waits."""
ShardOf = Callable[[int, Name | None, UUID], int]
"""Of a tenant, the person that a statement names (None: nobody), and the statement."""


class ShardedProjector:
    """Applies batches of any of the shards; what it remembers holds while it finds checkpoints where it left them."""

    def __init__(self, shards: int, shard_of: ShardOf, log: LogReader) -> None:
        self.shards = shards
        self._shard_of = shard_of
        self._log = log
        self._known: dict[int, Known] = {}
        self._left: dict[int, Checkpoint] = {}
        """Where the shards were left."""

    async def begin(self, connection: AsyncConnection) -> None:
        """Shards keep the read models from here on, if they do not already. Raises KeptByShards for another number."""
        await shard_rows.split(connection, PROJECTION, self.shards, VERSION)

    async def checkpoints(self, connection: AsyncConnection, shards: Iterable[int]) -> ShardCheckpoints:
        """Where these shards stand. Raises NotKeptByShards."""
        async with connection.transaction():
            return await shard_rows.hold(connection, PROJECTION, self.shards, shards, VERSION)

    async def apply(
        self, connection: AsyncConnection, events: Sequence[LogEvent], begin: ShardCheckpoints, end: ShardCheckpoints
    ) -> list[CourseChange]:
        """Apply the events of some shards between two checkpoints of each, in order of position, each event once; a
        statement that cannot be digested is parked.

        Raises OutOfTurn, and changes nothing, when one of the shards does not stand at `begin`; NotKeptByShards.
        """
        step, concerns = partial(self._step, connection), partial(self._concerns, connection)
        digestion = Digestion(step, connection, connection.transaction, self._log, VERSION, concerns)
        return await digestion.digest(events, begin, end)

    def forget(self) -> None:
        """Others may have been at work on these shards, and have left their checkpoints where they were."""
        self._left = {}

    async def _step(
        self,
        connection: AsyncConnection,
        begin: ShardCheckpoints,
        end: ShardCheckpoints,
        events: Sequence[LogEvent] = (),
        prepare: Prepare | None = None,
    ) -> list[CourseChange]:
        if any(self._left.get(shard) != at for shard, at in begin.items()):
            self._known = {}
        left, self._left = self._left, {}
        needs: dict[int, Needs] = {}
        while True:
            try:
                changes = await self._try(connection, begin, end, events, prepare, needs)
            except NotHeld as error:
                needs[error.tenant] = needs.get(error.tenant, Needs()).and_(error.needs)
            except (DeadlockDetected, SerializationFailure):
                self._known = {}
            else:
                self._left = {**left, **end}
                return changes

    async def _try(
        self,
        connection: AsyncConnection,
        begin: ShardCheckpoints,
        end: ShardCheckpoints,
        events: Sequence[LogEvent],
        prepare: Prepare | None,
        needs: dict[int, Needs],
    ) -> list[CourseChange]:
        changes: list[CourseChange] = []
        written: dict[int, Known] = {}
        async with connection.transaction():
            held = await shard_rows.hold(connection, PROJECTION, self.shards, begin, VERSION)
            if held != begin:
                raise OutOfTurn
            if prepare is not None:
                prepared = await prepare(connection)
                if prepared is None:
                    raise OutOfTurn
                events = prepared
                for known in self._known.values():
                    known.memory.letters = None
            try:
                for tenant, group in groupby(sorted(events, key=tenant_of), key=tenant_of):
                    known = self._known.pop(tenant, Known())
                    hold = Hold(connection, tenant, known, needs.get(tenant, Needs()))
                    changes += await self._apply(connection, tenant, list(group), known, hold, begin)
                    written[tenant] = known
            except NotHeld:
                if hold.has_entered:
                    known.forget_texts()  # nothing else that it remembers has changed
                self._known[tenant] = known
                raise
            except Exception as error:
                if is_poison(error):
                    raise Indigestible from error
                raise
            if changes:
                await shard_rows.note_changes(connection, begin, encoded_changes(changes))
            await shard_rows.move(connection, PROJECTION, self.shards, end)
        self._known |= written
        while len(self._known) > MOST_TENANTS:
            del self._known[next(iter(self._known))]
        return changes

    async def _apply(
        self,
        connection: AsyncConnection,
        tenant: int,
        events: Sequence[LogEvent],
        known: Known,
        hold: Hold,
        shards: ShardCheckpoints,
    ) -> list[CourseChange]:
        controls = await hold.begin(events)
        statements = [event for event in events if isinstance(event, StatementEvent)]
        statements = await self._own(statements, hold, shards)
        changes = await apply_events(
            connection, tenant, hold.configured, [*controls, *statements], known.memory, self._log, hold
        )
        await hold.end(controls)
        known.memory.bound()
        return changes

    async def _own(
        self, statements: Sequence[StatementEvent], hold: Hold, shards: ShardCheckpoints
    ) -> list[StatementEvent]:
        """These statements; what they void of learners of other shards is left to those, also where nothing of it is
        there yet.
        """
        voided = sorted({one.voids_position for one in statements if one.voids_position is not None})
        if not voided:
            return list(statements)
        places = await hold.places_of_voided(voided)
        hold.voided = [one for one in places if self._shard_of(hold.tenant, one.own, one.statement) in shards]
        own = {one.position for one in hold.voided} | {one.position for one in statements}
        return [one if one.voids_position in own else replace(one, voids_position=None) for one in statements]

    async def _concerns(
        self,
        connection: AsyncConnection,
        event: ControlEvent,
        decision: Decision,
        begin: ShardCheckpoints,
        end: ShardCheckpoints,
    ) -> Name | None:
        """Whether a letter is of one of these shards, and the event not yet applied there: the letter's key."""
        statements = await self._log.at(event.tenant, [decision.position])
        letter = await read_letter(connection, event.tenant, decision.position)
        if statements:
            key, statement = await self._whose(statements[0])
        elif letter is not None:
            key, statement = letter.key, letter.statement
        else:
            return None
        shard = self._shard_of(event.tenant, key, statement)
        is_ours = shard in begin and begin[shard].position < event.position <= end[shard].position
        return (key or NOBODY) if is_ours else None

    async def _whose(self, statement: StatementEvent) -> tuple[Name | None, UUID]:
        """By whom, or else by which statement, the shard is told that a statement is in."""
        if statement.voids_position is not None:
            voided = await self._log.at(statement.tenant, [statement.voids_position])
            return await self._whose(voided[0]) if voided else (None, statement.id)
        return sender_of(statement).person, statement.id
