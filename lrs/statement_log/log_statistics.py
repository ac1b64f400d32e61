"""What the log is like just now: how much, where it lies, how far it is read, and who holds it up.

The rule of this file: nothing is counted that takes long. Up to COUNTED statements in COUNTED_BYTES are counted one
by one; beyond that their number is what the database keeps anyway, which is said beside it.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import aiosql
import msgspec
from psycopg import AsyncConnection

from projections.side_schema import CHECKPOINT, OF_SHARDS, TABLES

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("log_statistics.sql"), "psycopg", mandatory_parameters=False)

COUNTED: Final = 100_000
COUNTED_BYTES: Final = 500_000_000
"""Of the parts of the log: the number that the database keeps is lost in a crash, and then 0 however much there is."""
SAMPLED_PAGES: Final = 1000

LOG_BESIDE: Final = (
    "control_event",
    "statement_void",
    "statement_reference",
    "reference_unsettled",
    "authority",
    "loaded_past",
)
READ_MODELS: Final = (CHECKPOINT, *TABLES, *OF_SHARDS)


class PartSize(msgspec.Struct, frozen=True):
    """A chunk or partition; its statements were stored in [begins, ends), about so many."""

    name: str
    begins: datetime
    ends: datetime
    statements: int
    bytes: int
    compressed: bool


class OpenTransaction(msgspec.Struct, frozen=True):
    """The transaction that has been writing for longest, in the whole cluster; pid: None where it is a prepared one."""

    seconds: float
    pid: int | None
    application: str
    database: str | None
    state: str | None


class Bytes(msgspec.Struct, frozen=True):
    """What everything takes: the log with its indexes, which stand beside it one by one, and all else with theirs."""

    log: int
    indexes: dict[str, int]
    gate: int
    beside: int
    read_models: int
    others: dict[str, int]


class LogStatistics(msgspec.Struct, frozen=True):
    """All of it. exact: statements are counted, otherwise estimated; tenants: the statements of each.

    begin: up to which position statements were dropped. lag: of the read models.
    """

    statements: int
    exact: bool
    tenants: dict[int, int]
    oldest: datetime | None
    newest: datetime | None
    begin: int
    position: int
    read_model_position: int
    lag_positions: int
    lag_seconds: float
    bytes: Bytes
    parts: list[PartSize]
    oldest_transaction: OpenTransaction | None


async def statistics(connection: AsyncConnection) -> LogStatistics:
    """As of now, each figure for itself."""
    parts = [PartSize(*row) for row in await _rows(connection, QUERIES.parts.sql)]
    about = sum(part.statements for part in parts)
    size = sum(part.bytes for part in parts)
    exact = about <= COUNTED and size <= COUNTED_BYTES
    tenants = await (_counted(connection) if exact else _estimated(connection, about))
    ((oldest, newest),) = await _rows(connection, QUERIES.range.sql)
    ((position, reached, seconds, begin),) = await _rows(connection, QUERIES.lag.sql)
    waiting = await _rows(connection, QUERIES.oldest_transaction.sql)
    return LogStatistics(
        statements=sum(tenants.values()) if exact else about,
        exact=exact,
        tenants=tenants,
        oldest=oldest,
        newest=newest,
        begin=begin,
        position=position,
        read_model_position=reached,
        lag_positions=max(position - reached, 0),
        lag_seconds=seconds,
        bytes=await _bytes(connection, size),
        parts=parts,
        oldest_transaction=OpenTransaction(*waiting[0]) if waiting else None,
    )


async def _counted(connection: AsyncConnection) -> dict[int, int]:
    return dict(await _rows(connection, QUERIES.statements_of_tenants.sql))


async def _estimated(connection: AsyncConnection, about: int) -> dict[int, int]:
    """The share of each tenant is that in the gate, which also has the ids of statements that were dropped."""
    ((count, first),) = await _rows(connection, QUERIES.tenants.sql)
    if count == 1:
        return {first: about}
    ((pages,),) = await _rows(connection, QUERIES.pages_of_gate.sql)
    percent = min(100.0, 100.0 * SAMPLED_PAGES / max(pages, 1))
    shares = dict(await _rows(connection, QUERIES.share_of_tenants.sql, {"percent": percent}))
    whole = sum(shares.values()) or 1
    return {tenant: round(about * share / whole) for tenant, share in shares.items()}


async def _bytes(connection: AsyncConnection, log: int) -> Bytes:
    tables: dict[str, int] = dict(await _rows(connection, QUERIES.tables.sql))
    indexes: dict[str, int] = dict(await _rows(connection, QUERIES.indexes.sql))
    return Bytes(
        log=log,
        indexes=indexes,
        gate=tables.pop("statement_id"),
        beside=sum(tables.pop(name, 0) for name in LOG_BESIDE),
        read_models=sum(tables.pop(name, 0) for name in READ_MODELS),
        others=tables,
    )


async def _rows(connection: AsyncConnection, sql: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    return await (await connection.execute(sql, values)).fetchall()
