"""A table is looked through once, in the order of its key, a batch in a transaction.

The rule of this file: what was looked at is not looked at again, however little of it was removed; and no batch writes
for long, for nothing is safe to read beyond a transaction that is open.
"""

from collections.abc import Mapping
from typing import Any, Final

from psycopg import AsyncConnection

BATCH: Final = "SET LOCAL statement_timeout = '30s'"


async def walk(connection: AsyncConnection, sql: str, first: Mapping[str, Any], **values: Any) -> int:
    """Ask for the rows behind a key, which begins as `first`, until there are none; answers the sum of all batches.

    sql: removes some of the next rows; it gives the key of the last that it has looked at, and how much it has removed.
    """
    key, removed = dict(first), 0
    while True:
        async with connection.transaction():
            await connection.execute(BATCH)
            row = await (await connection.execute(sql, {**values, **key})).fetchone()
        if row is None:
            return removed
        *reached, count = row
        key, removed = dict(zip(first, reached, strict=True)), removed + count
