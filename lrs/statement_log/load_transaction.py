"""One chunk of a load, stored in one transaction: every table that `append` feeds, by COPY where there is much.

The rule of this file: nobody else stores a statement between what is looked at here and what is written.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import aiosql
import psycopg
from psycopg import AsyncConnection

from lrs.statement_log.definitions import Definitions, NewDefinition
from lrs.statement_log.load_rows import (
    COLUMNS,
    FILL,
    FILL_AT,
    GATE_COLUMNS,
    GATE_FILL,
    GATE_LENGTH,
    Rows,
    microseconds,
)
from schemas.errors import LrsError

LOADING: Any = aiosql.from_path(Path(__file__).with_name("loading.sql"), "psycopg", mandatory_parameters=False)

PATIENCE: Final = "5s"
"""How long a chunk waits for requests that are just storing something."""
REMEMBERED: Final = 200_000
"""Activities whose definitions are known to be merged."""

_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL: Final = b"\xff\xff"
_COPY: Final = "COPY {} ({}) FROM STDIN (FORMAT BINARY)"


class OtherWriter(LrsError):
    """Stop the servers of this database while history is loaded: one of them is at work on it."""


class OutOfOrder(LrsError):
    """A statement was stored before the newest one in the log."""

    def __init__(self, index: int, newest: int) -> None:
        self.index, self.newest = index, newest
        super().__init__()


class Outcome(NamedTuple):
    """What became of the rows of a chunk, by their places in it; referring: whether there are references to settle."""

    stored: int
    known: int
    conflicts: list[int]
    future: list[int]
    referring: bool


class _New(NamedTuple):
    """The rows that go in, by their places, each with its position."""

    places: Sequence[int]
    positions: Sequence[int]


class ChunkStore:
    """Stores chunks in their order, through one connection in autocommit mode."""

    def __init__(self, connection: AsyncConnection, definitions: Definitions, tenant: int) -> None:
        self._connection, self._definitions, self._tenant = connection, definitions, tenant
        self._merged: dict[str, tuple[int, frozenset[bytes]]] = {}
        self._drawn: int | None = None
        self._newest: int | None = None
        self._meets_known = True

    async def store(self, rows: Rows, authorities: Sequence[int]) -> Outcome:
        """authorities: the numbers of `rows.agents`. Raises OtherWriter and OutOfOrder, and stores nothing then."""
        try:
            try:
                return await self._store(rows, authorities, look=self._meets_known)
            except psycopg.errors.UniqueViolation:  # some are there already, or twice in the chunk
                return await self._store(rows, authorities, look=True)
        except psycopg.errors.LockNotAvailable:
            raise OtherWriter from None

    async def _store(self, rows: Rows, authorities: Sequence[int], *, look: bool) -> Outcome:
        async with self._connection.transaction():
            await self._ask(LOADING.begin_chunk, patience=PATIENCE)
            await self._connection.execute(LOADING.keep_others_out.sql)
            now, is_awaiting = await self._look_at_log()
            places: Sequence[int] = range(len(rows.ends))
            conflicts: list[int] = []
            future = [place for place in places if rows.stored[place] > now]
            if look or future:
                places, conflicts = await self._unknown(rows, frozenset(future))
            newest = _in_order(rows, places, self._newest)
            drawn, referring, said = self._drawn, False, []
            if places:
                new = _New(places, (await self._ask(LOADING.draw_positions, count=len(places)))[0])
                drawn = new.positions[-1]
                await self._copy(rows, new, authorities)
                referring = await self._write_beside(rows, new, authorities, is_awaiting)
                said = await self._definitions.write(self._connection, [(self._tenant, self._unmerged(rows, places))])
        self._drawn, self._newest = drawn, newest
        known = len(rows.ends) - len(places) - len(conflicts) - len(future)
        self._meets_known = bool(known or conflicts)
        if len(self._merged) >= REMEMBERED:
            self._merged.clear()
        for (_, activity), version, digests in said:
            before, same = self._merged.get(activity, (0, frozenset()))
            self._merged[activity] = version, digests | same if version == before else digests
        return Outcome(len(places), known, conflicts, future, referring)

    async def _ask(self, query: Any, **values: Any) -> tuple[Any, ...]:
        row = await (await self._connection.execute(query.sql, values)).fetchone()
        assert row is not None
        return row

    async def _look_at_log(self) -> tuple[int, bool]:
        """What time it is, and whether any statement refers to one that is not there.

        When the newest was stored is looked up where somebody else has drawn a position since.
        """
        now, drawn, is_awaiting = await self._ask(LOADING.look, tenant=self._tenant)
        if drawn != self._drawn:
            (newest,) = await self._ask(LOADING.newest)
            self._newest, self._drawn = None if newest is None else microseconds(newest), drawn
            self._meets_known = True
            self._merged.clear()
        return microseconds(now), is_awaiting

    async def _unknown(self, rows: Rows, without: frozenset[int]) -> tuple[list[int], list[int]]:
        """The places of statements that are not there yet, the first of each id; and of those with other content."""
        ids = [rows.id_at(place) for place in range(len(rows.ends))]
        cursor = await self._connection.execute(LOADING.known.sql, {"tenant": self._tenant, "ids": ids})
        digests: dict[UUID, bytes] = dict(await cursor.fetchall())
        new: list[int] = []
        conflicts: list[int] = []
        for place, identity in enumerate(ids):
            if place in without:
                continue
            digest = rows.digest_at(place)
            if identity not in digests:
                digests[identity] = digest
                new.append(place)
            elif digests[identity] != digest:
                conflicts.append(place)
        return new, conflicts

    async def _copy(self, rows: Rows, new: _New, authorities: Sequence[int]) -> None:
        """The log and its gate; what is left open in the rows is filled in."""
        begins = [0, *rows.ends]
        for place, position in zip(*new, strict=True):
            authority = authorities[rows.authorities[place]]
            FILL.pack_into(rows.rows, begins[place] + FILL_AT, position, 4, authority)
            GATE_FILL.pack_into(rows.gate, place * GATE_LENGTH + FILL_AT, position)
        log, gate = rows.rows, rows.gate
        if len(new.places) < len(rows.ends):
            log = bytearray().join(log[begins[place] : begins[place + 1]] for place in new.places)
            gate = bytearray().join(gate[place * GATE_LENGTH : (place + 1) * GATE_LENGTH] for place in new.places)
        months = {(one.year, one.month): one for one in map(rows.stored_at, new.places)}
        for one in months.values():  # not those between: an instant of long ago would make hundreds of parts
            await self._ask(LOADING.make_parts, first=one, last=one)
        past = {"first": rows.stored_at(new.places[0]), "position": new.positions[-1]}
        for query in (LOADING.read_from, LOADING.note_past):
            await self._connection.execute(query.sql, past)
        for table, columns, data in (("statement_id", GATE_COLUMNS, gate), ("statement", COLUMNS, log)):
            async with (
                self._connection.cursor() as cursor,
                cursor.copy(_COPY.format(table, columns).encode()) as copy,
            ):
                await copy.write(_HEAD + data + _TAIL)

    async def _write_beside(self, rows: Rows, new: _New, authorities: Sequence[int], is_awaiting: bool) -> bool:
        """Voidings, and references; answers whether there are any to settle."""
        referring = False
        at = dict(zip(*new, strict=True)) if rows.voids or rows.refers else {}
        if is_awaiting:
            ids = [rows.id_at(place) for place in new.places]
            cursor = await self._connection.execute(LOADING.note_awaited.sql, {"tenant": self._tenant, "ids": ids})
            referring = cursor.rowcount > 0
        voids = [place for place in rows.voids if place in at]
        if voids:
            values = {
                "tenant": self._tenant,
                "voided": [rows.voids[place] for place in voids],
                "positions": [at[place] for place in voids],
                "voiding": [rows.id_at(place) for place in voids],
            }
            await self._connection.execute(LOADING.add_voids.sql, values)
        refers = [place for place in rows.refers if place in at]
        if refers:
            values = {
                "tenant": self._tenant,
                "referrers": [rows.id_at(place) for place in refers],
                "targets": [rows.refers[place] for place in refers],
                "stored": [rows.stored_at(place) for place in refers],
                "positions": [at[place] for place in refers],
                "authorities": [authorities[rows.authorities[place]] for place in refers],
            }
            await self._connection.execute(LOADING.add_references.sql, values)
        return referring or bool(refers)

    def _unmerged(self, rows: Rows, places: Sequence[int]) -> list[NewDefinition]:
        """What is said of activities, but for what would change nothing: what is merged already, and repetitions."""
        changing: dict[str, bytes] = {}
        said: list[NewDefinition] = []
        for place in places:
            for one in rows.said[place]:
                last = changing.get(one.activity)
                if last == one.digest:
                    continue
                if last is None and one.activity in self._merged and one.digest in self._merged[one.activity][1]:
                    continue
                changing[one.activity] = one.digest
                said.append(one)
        return said


def _in_order(rows: Rows, places: Sequence[int], newest: int | None) -> int | None:
    """When the newest statement is stored once these are in. Raises OutOfOrder."""
    for place in places:
        stored = rows.stored[place]
        if newest is not None and stored < newest:
            raise OutOfOrder(place, newest)
        newest = stored
    return newest
