"""How far the shards of the log have come in the read models that their workers keep together.

The rule of this file: the whole (shard 0 of the projection) stands where the shard stands that is furthest behind, so
for whoever reads, its checkpoint says what it says on one machine. Each shard has a checkpoint of its own under the
name of the projection with the number of shards behind it. Where there are such, shards keep the read models, and
nobody else; going over from one machine to many, and back, is one transaction.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import aiosql
from psycopg import AsyncConnection

from projections import checkpoint
from projections.checkpoint import Checkpoint, OtherVersion
from schemas.errors import LrsError

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("shard_rows.sql"), "psycopg", mandatory_parameters=False)


class ShardCheckpoints(dict[int, Checkpoint]):
    """Where some shards stand."""

    def up_to(self, position: int, end: Mapping[int, Checkpoint]) -> Self:
        """Where they stand when everything up to a position is applied, on the way to `end`."""
        return type(self)(
            {
                shard: end[shard] if position >= end[shard].position else at.up_to(max(at.position, position), end)
                for shard, at in self.items()
            }
        )


class KeptByShards(LrsError):
    """Workers of many shards keep the read models."""

    def __init__(self, shards: int) -> None:
        self.shards = shards
        super().__init__(
            f"the read models are kept by the workers of {shards} partitions: stop these, and start `lrs serve` without"
            " LRS_KAFKA_URL, which goes on where they have ended"
        )


class NotKeptByShards(LrsError):
    """The read models are not kept by shards, or by another number of them."""


def shared_name(projection: str, shards: int) -> str:
    """Under which name the shards of a projection have their checkpoints."""
    return f"{projection}/{shards}"


async def shards_of(connection: AsyncConnection, projection: str) -> int | None:
    """How many shards keep a projection; None where one machine keeps it whole."""
    row = await (await connection.execute(QUERIES.projections_by_shards.sql, {"prefix": projection})).fetchone()
    return None if row is None else int(row[0].rpartition("/")[2])


async def split(connection: AsyncConnection, projection: str, shards: int, version: int) -> None:
    """From here on shards keep the projection, if they do not already. Raises KeptByShards where they are others."""
    async with connection.transaction():
        await checkpoint.lock(connection, projection, 0, version)
        found = await shards_of(connection, projection)
        if found is not None:
            if found != shards:
                raise KeptByShards(found)
            return
        names = {"projection": projection, "shared": shared_name(projection, shards), "shards": shards}
        await connection.execute(QUERIES.split.sql, names)
        await connection.execute(QUERIES.mark_split.sql, names)
        await connection.execute(QUERIES.begin_configuration.sql, names)


async def join(connection: AsyncConnection, projection: str, shards: int, version: int) -> Checkpoint | None:
    """From here on the projection is kept whole; None, and nothing changes, while its shards stand apart."""
    names = {"projection": projection, "shared": shared_name(projection, shards)}
    async with connection.transaction():
        await checkpoint.lock(connection, projection, 0, version)
        rows = await (await connection.execute(QUERIES.all_shards.sql, names)).fetchall()
        found = {Checkpoint(position, floor) for _, position, floor, _ in rows}
        if len({at.position for at in found}) > 1:
            return None
        if found:
            at = min(found)
            await connection.execute(QUERIES.join_shards.sql, {**names, **at._asdict()})
            await end(connection, projection)
        return await checkpoint.lock(connection, projection, 0, version)


async def end(connection: AsyncConnection, projection: str) -> None:
    """Within the transaction that has brought the whole to where it stands: no shards keep it any more."""
    await connection.execute(QUERIES.end_shards.sql, {"prefix": projection})
    await connection.execute(QUERIES.forget_changes.sql)


async def hold(
    connection: AsyncConnection, projection: str, count: int, shards: Iterable[int], version: int
) -> ShardCheckpoints:
    """The checkpoints of these shards, held for this transaction."""
    asked = {"projection": shared_name(projection, count), "shards": sorted(shards)}
    rows = await (await connection.execute(QUERIES.hold_shards.sql, asked)).fetchall()
    if len(rows) != len(asked["shards"]):
        raise NotKeptByShards(f"the read models are not kept by {count} shards any more")
    for _, position, _, written in rows:
        if written != version:
            raise OtherVersion(written, version, position)
    return ShardCheckpoints({shard: Checkpoint(position, floor) for shard, position, floor, _ in rows})


async def move(connection: AsyncConnection, projection: str, count: int, to: Mapping[int, Checkpoint]) -> None:
    """Checkpoints that this transaction holds move on."""
    values = {
        "projection": shared_name(projection, count),
        "shards": list(to),
        "positions": [at.position for at in to.values()],
        "floors": [at.stored_floor for at in to.values()],
    }
    await connection.execute(QUERIES.move_shards.sql, values)


async def follow(connection: AsyncConnection, projection: str, count: int) -> int | None:
    """The whole goes where the shard stands that is furthest behind; answers where, None where it has not moved."""
    names = {"projection": projection, "shared": shared_name(projection, count)}
    row = await (await connection.execute(QUERIES.follow_shards.sql, names)).fetchone()
    return None if row is None else int(row[0])


async def note_changes(connection: AsyncConnection, begin: Mapping[int, Checkpoint], changes: bytes) -> None:
    """What this transaction changes, on the way on from `begin`: not yet told to anybody.

    Whoever looks at the whole before it commits sees it stand below the position that is noted; once the whole has
    come there, it has committed.
    """
    values = {"position": min(at.position for at in begin.values()) + 1, "changes": changes}
    await connection.execute(QUERIES.note_changes.sql, values)


async def take_changes(connection: AsyncConnection, position: int, most: int) -> list[bytes] | None:
    """What is to be told now that the whole stands at a position, and is forgotten here; None where it has more bytes
    than `most`.
    """
    cursor = await connection.execute(QUERIES.take_changes.sql, {"position": position, "most": most})
    found = [row[0] for row in await cursor.fetchall()]
    return None if None in found else found
