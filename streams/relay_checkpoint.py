"""How far the log has been sent to a topic. It moves after Kafka has acknowledged, by compare and set."""

from pathlib import Path
from typing import Any, NamedTuple

import aiosql
from psycopg import AsyncConnection

from lrs.statement_log.safe_bound import EPOCH
from projections.checkpoint import Checkpoint, Moved

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("relay_checkpoint.sql"), "psycopg", mandatory_parameters=False)


class Sent(NamedTuple):
    """Everything up to a checkpoint is in the topic; `previous` is the last position in each of its partitions."""

    until: Checkpoint
    previous: tuple[int, ...]


async def sent(connection: AsyncConnection, topic: str) -> Sent | None:
    """How far the topic has been served; None where it never was."""
    row = await (await connection.execute(QUERIES.relay_checkpoint.sql, {"topic": topic})).fetchone()
    return None if row is None else Sent(Checkpoint(row[0], row[1]), tuple(row[2]))


async def begin(connection: AsyncConnection, topic: str, partitions: int) -> Sent:
    """Nothing has been sent to the topic, which has so many partitions for as long as it is this one."""
    nothing = Sent(Checkpoint(0, EPOCH), (0,) * partitions)
    await connection.execute(QUERIES.begin_relay_checkpoint.sql, _values(topic, nothing))
    return nothing


async def move(connection: AsyncConnection, topic: str, expected: Sent, to: Sent) -> Moved:
    """Move the checkpoint from `expected` to `to`; where both are the same, it says that the relay is at work."""
    values = {**_values(topic, to), "expected": expected.until.position}
    row = await (await connection.execute(QUERIES.move_relay_checkpoint.sql, values)).fetchone()
    return Moved.TAKEN if row is None else Moved.MOVED


async def seconds_since(connection: AsyncConnection, topic: str) -> float | None:
    """How long ago the relay has last moved or confirmed the checkpoint; None where the topic was never served."""
    row = await (await connection.execute(QUERIES.seconds_since_relayed.sql, {"topic": topic})).fetchone()
    return None if row is None else float(row[0])


def _values(topic: str, at: Sent) -> dict[str, Any]:
    return {
        "topic": topic,
        "position": at.until.position,
        "stored_floor": at.until.stored_floor,
        "previous": list(at.previous),
    }
