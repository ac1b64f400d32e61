"""Removes the contents of attachments that nobody has a statement for any more, or never had.

Their statements were dropped by retention or refused, or a crash came in between. The rule of this file: what was kept
within the last day stays, for it may belong to a request that goes on; `Attachments.keep` makes what it finds young
again, so that nothing is removed between its look and the statement. A content a transaction, and none is long: an
object store that does not answer within REMOVE_SECONDS ends the sweep. Where it ends between an object and its row the
row is still there, old: whoever keeps the content again puts the object again.
"""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import aiosql
from psycopg import AsyncConnection

from lrs.attachments.objects import Objects
from lrs.table_walk import walk
from schemas.errors import AttachmentsUnavailable

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("sweeping.sql"), "psycopg", mandatory_parameters=False)

TOGETHER: Final = 1000
PIECES_TOGETHER: Final = 100
REMOVE_SECONDS = 2.0
"""How long the object store may take for one removal, which a writing transaction waits for."""


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
    ((count, size),) = await _read(connection, QUERIES.to_sweep.sql, before=before, with_objects=objects is not None)
    return SweptContents(count, size)


async def sweep(connection: AsyncConnection, objects: Objects | None) -> SweptContents:
    """Remove them. Raises AttachmentsUnavailable where the object store is away: what is gone is gone."""
    first: dict[str, Any] = {"tenant": 0, "id": UUID(int=0), "sha2": b""}
    await walk(connection, QUERIES.sweep_belongings.sql, first, most=TOGETHER)
    contents = size = 0
    reached: dict[str, Any] = {"tenant": 0, "sha2": b""}
    asked: dict[str, Any] = {"with_objects": objects is not None, "most": TOGETHER}
    while found := await _read(connection, QUERIES.contents_of_nobody.sql, **asked, **reached):
        for tenant, sha2, in_pieces in found:
            reached = {"tenant": tenant, "sha2": sha2}
            length = await _remove(connection, None if in_pieces else objects, tenant, sha2)
            if length is not None:
                contents, size = contents + 1, size + length
    first = {"tenant": 0, "sha2": b"", "piece": 0}
    broken_off = await walk(connection, QUERIES.sweep_pieces.sql, first, most=PIECES_TOGETHER)
    ((out_of_reach,),) = await _read(connection, QUERIES.out_of_reach.sql)
    return SweptContents(contents, size, broken_off, out_of_reach)


async def _remove(connection: AsyncConnection, objects: Objects | None, tenant: int, sha2: bytes) -> int | None:
    """Its length; None where somebody keeps it again. objects: where it lies, if not in pieces."""
    async with connection.transaction():
        values = {"tenant": tenant, "sha2": sha2}
        row = await (await connection.execute(QUERIES.remove_content.sql, values)).fetchone()
        if row is not None and objects is not None:
            try:
                async with asyncio.timeout(REMOVE_SECONDS):
                    await objects.remove(tenant, sha2)
            except TimeoutError:
                raise AttachmentsUnavailable("The object store does not answer; run it again.") from None
    return None if row is None else int(row[0])


async def _read(connection: AsyncConnection, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """However long it takes: it holds up nobody."""
    async with connection.transaction():
        await connection.execute("SET LOCAL statement_timeout = 0")
        return await (await connection.execute(sql, values)).fetchall()
