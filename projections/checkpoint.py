"""How far a projection has come. It moves in the transaction of the rows it vouches for, by compare and set."""

from datetime import datetime
from enum import Enum
from typing import NamedTuple

from psycopg import AsyncConnection

from projections.sql import QUERIES
from schemas.errors import LrsError


class Checkpoint(NamedTuple):
    """Everything at or below position is in the read models; everything above was stored at or after stored_floor."""

    position: int
    stored_floor: datetime

    def up_to(self, position: int, _end: object) -> "Checkpoint":
        """What holds at a position between this one and the end of a batch."""
        return Checkpoint(position, self.stored_floor)


class Moved(Enum):
    """What came of moving a checkpoint."""

    MOVED = "moved"
    TAKEN = "somebody else has moved it"


class OtherVersion(LrsError):
    """The read models were written by another version of the code that computes them, and are served as they are."""

    def __init__(self, written: int, version: int, position: int) -> None:
        self.position = position
        super().__init__(
            f"the read models were written by version {written} of the code that computes them, this is version"
            f" {version}: they are served as they are at position {position} until `lrs replay` has built them again"
        )


async def lock(connection: AsyncConnection, projection: str, shard: int, version: int) -> Checkpoint:
    """The checkpoint, held for this transaction; begun at position 0 where there is none."""
    return (await hold(connection, projection, shard, version))[0]


async def hold(connection: AsyncConnection, projection: str, shard: int, version: int) -> tuple[Checkpoint, int]:
    """As lock, and the generation of the tables: another number says that others have taken their place."""
    names = {"projection": projection, "shard": shard, "version": version}
    row = await (await connection.execute(QUERIES.lock_checkpoint.sql, names)).fetchone()
    if row is None:
        await connection.execute(QUERIES.begin_checkpoint.sql, names)
        row = await (await connection.execute(QUERIES.lock_checkpoint.sql, names)).fetchone()
    assert row is not None
    position, stored_floor, written, generation = row
    if written != version:
        raise OtherVersion(written, version, position)
    return Checkpoint(position, stored_floor), generation


async def move(connection: AsyncConnection, projection: str, shard: int, expected: Checkpoint, to: Checkpoint) -> Moved:
    """Move the checkpoint from `expected` to `to`."""
    values = {
        "projection": projection,
        "shard": shard,
        "expected": expected.position,
        "expected_floor": expected.stored_floor,
        "position": to.position,
        "stored_floor": to.stored_floor,
    }
    row = await (await connection.execute(QUERIES.move_checkpoint.sql, values)).fetchone()
    return Moved.TAKEN if row is None else Moved.MOVED
