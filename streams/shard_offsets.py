"""Where in each partition the next message is that was not applied: a hint, which the checkpoints put right."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiosql
from psycopg import AsyncConnection

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("shard_offsets.sql"), "psycopg", mandatory_parameters=False)


async def offsets(connection: AsyncConnection, topic: str) -> dict[int, int]:
    """By partition, as far as anything is known."""
    return dict(await (await connection.execute(QUERIES.shard_offsets.sql, {"topic": topic})).fetchall())


async def keep_offsets(connection: AsyncConnection, topic: str, found: Mapping[int, int]) -> None:
    """Where these partitions go on."""
    values = {"topic": topic, "partitions": list(found), "next": list(found.values())}
    await connection.execute(QUERIES.keep_shard_offsets.sql, values)
