"""Reading one window of time: the first statements in it that match, and those that refer to such.

The log answers what has the keys. What only refers to such is known by its place, from a small table beside the log,
and is read from there in a second round trip: seldom is there any.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from lrs.statement_log.matching import matching
from lrs.statement_log.recorded import RecordedStatement
from lrs.statement_log.search_keys import Term
from lrs.statement_log.sql import QUERIES
from lrs.statement_log.statement_queries import page_query

READ_ON = 200
"""Statements read at a time where many have the keys that are asked for, and not what the keys stand for."""
MOST_AUTHORITIES = 10_000
"""Authorities whose text is remembered."""


Row = tuple[Any, ...]
"""What page_query answers: position, id, stored, timestamp, payload (None where only the place is known), authority."""
_POSITION, _STORED, _PAYLOAD, _AUTHORITY = 0, 2, 4, 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: the terms and their keys; vouched_by: the number of the only authority that counts."""

    tenant: int
    terms: frozenset[Term]
    keys: list[int]
    ascending: bool
    vouched_by: int | None


class Windows:
    """Reads windows of one log; who an authority is never changes, so it is asked once."""

    def __init__(self) -> None:
        self._authorities: dict[int, str] = {}

    async def read(
        self,
        connection: AsyncConnection,
        wanted: Wanted,
        window: tuple[datetime, datetime],
        after: tuple[datetime, int] | None,
        limit: int,
    ) -> list[RecordedStatement]:
        """The first `limit` statements of a window, low excluded and high included, behind the place `after`.

        Keys can collide, so the terms are compared again.
        """
        kept: list[RecordedStatement] = []
        asked = limit
        while True:
            rows = await self._rows(connection, wanted, window, after, asked)
            found = await self._recorded(connection, rows)
            if wanted.terms:
                found = await matching(connection, found, wanted.terms, wanted.tenant, wanted.vouched_by)
            kept += found
            if len(rows) < asked or len(kept) >= limit:
                return kept[:limit]
            after = _place(rows[-1])  # others took places: read on behind them
            asked = READ_ON

    async def _rows(
        self,
        connection: AsyncConnection,
        wanted: Wanted,
        window: tuple[datetime, datetime],
        after: tuple[datetime, int] | None,
        limit: int,
    ) -> list[Row]:
        """In order, and whole but for their authority."""
        low, high = window
        values: dict[str, Any] = {"tenant": wanted.tenant, "low": low, "high": high, "limit": limit}
        if wanted.keys:
            values["keys"] = wanted.keys
        if wanted.vouched_by is not None:
            values["authority"] = wanted.vouched_by
        if after is not None:
            values["after_stored"], values["after_position"] = after
        sql = page_query(
            ascending=wanted.ascending,
            with_keys=bool(wanted.keys),
            with_cursor=after is not None,
            with_authority=wanted.vouched_by is not None,
            with_references=True,
            several_keys=len(wanted.keys) > 1,
        )
        rows: list[Row] = await (await connection.execute(sql, values)).fetchall()
        if not wanted.keys:
            return rows
        by_position = {row[_POSITION]: row for row in rows if row[_PAYLOAD] is None}
        by_position.update((row[_POSITION], row) for row in rows if row[_PAYLOAD] is not None)
        rows = sorted(by_position.values(), key=_place, reverse=not wanted.ascending)[:limit]
        places = [_place(row) for row in rows if row[_PAYLOAD] is None]
        if places:
            stored, positions = map(list, zip(*places, strict=True))
            values = {"places": stored, "positions": positions, "low": low, "high": high}
            cursor = await connection.execute(QUERIES.statements_at.sql, values)
            by_position.update((row[_POSITION], row) for row in await cursor.fetchall())
            rows = [by_position[row[_POSITION]] for row in rows]
        return rows

    async def _recorded(self, connection: AsyncConnection, rows: Sequence[Row]) -> list[RecordedStatement]:
        numbers = {row[_AUTHORITY] for row in rows}
        known = {number: self._authorities[number] for number in numbers & self._authorities.keys()}
        unknown = numbers - known.keys()
        if unknown:
            cursor = await connection.execute(QUERIES.authority_agents.sql, {"numbers": list(unknown)})
            known.update(await cursor.fetchall())
            if len(self._authorities) > MOST_AUTHORITIES:
                self._authorities.clear()
            self._authorities.update(known)
        return [
            RecordedStatement(position, identity, stored, timestamp, payload, known[authority])
            for position, identity, stored, timestamp, payload, authority in rows
            if payload is not None
        ]


def _place(row: Row) -> tuple[datetime, int]:
    return row[_STORED], row[_POSITION]
