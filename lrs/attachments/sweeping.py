"""Removes the contents of attachments that nobody has a statement for any more, or never had.

Their statements were dropped by retention or refused, or a crash came in between. The rule of this file: what was kept
within the last day stays, for it may belong to a request that goes on; `Attachments.keep` makes what it finds young
again, so that nothing is removed between its look and the statement. A content a transaction: none is long.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import aiosql
from psycopg import AsyncConnection

from lrs.attachments.objects import Objects

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("sweeping.sql"), "psycopg", mandatory_parameters=False)

TOGETHER = 1000
PIECES_TOGETHER = 100


class SweptContents(NamedTuple):
    """How many contents, with their bytes, and bytes of uploads that broke off.

    out_of_reach: contents left where they are, in an object store that LRS_ATTACHMENT_URL does not name.
    """

    contents: int
    bytes: int
    broken_off: int = 0
    out_of_reach: int = 0


async def to_sweep(connection: AsyncConnection, before: datetime, objects: Objects | None) -> SweptContents:
    """What `sweep` would remove, were the statements gone that were stored before an instant."""
    values = {"before": before, "with_objects": objects is not None}
    row = await (await connection.execute(QUERIES.to_sweep.sql, values)).fetchone()
    assert row is not None
    return SweptContents(*row)


async def sweep(connection: AsyncConnection, objects: Objects | None) -> SweptContents:
    """Remove them. Raises AttachmentsUnavailable where the object store is away: what is gone is gone."""
    while (await connection.execute(QUERIES.sweep_belongings.sql, {"most": TOGETHER})).rowcount:
        pass
    contents = size = broken_off = 0
    asked = {"with_objects": objects is not None, "most": TOGETHER}
    while found := await (await connection.execute(QUERIES.contents_of_nobody.sql, asked)).fetchall():
        for tenant, sha2, in_pieces in found:
            async with connection.transaction():
                values = {"tenant": tenant, "sha2": sha2}
                row = await (await connection.execute(QUERIES.remove_content.sql, values)).fetchone()
                if row is not None and not in_pieces:
                    assert objects is not None
                    await objects.remove(tenant, sha2)
            if row is not None:
                contents, size = contents + 1, size + row[0]
    while pieces := await (await connection.execute(QUERIES.sweep_pieces.sql, {"most": PIECES_TOGETHER})).fetchall():
        broken_off += sum(length for (length,) in pieces)
    row = await (await connection.execute(QUERIES.out_of_reach.sql)).fetchone()
    assert row is not None
    return SweptContents(contents, size, broken_off, row[0])
