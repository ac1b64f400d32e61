"""The contents of attachments: kept once a tenant and hash, never changed. The only owner of their tables.

The rule of this file: a content is kept before the statements that it came with are appended, and is given only with
those statements. So what a refused request, or a crash, leaves behind is reached by nobody and harms nothing: the next
upload of the same content takes it over. Two uploads of the same content at the same time write the same pieces, in
whatever order, and both succeed. There is no long transaction, which would hold up the safe bound of the log.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import aiosql

from lrs.attachments.objects import Objects
from lrs.attachments.spool import PIECE_BYTES, Content
from lrs.database import Pool
from lrs.stand_in import own_connection
from schemas.errors import AttachmentsUnavailable

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("queries.sql"), "psycopg", mandatory_parameters=False)


class Belonging(NamedTuple):
    """A statement, and the hash of an attachment of it."""

    id: UUID
    sha2: bytes


class KeptContent(NamedTuple):
    """A content that is here, and where: in pieces in the database, or in the object store."""

    sha2: bytes
    length: int
    in_pieces: bool


class Attachments:
    """The contents of one database, and of the object store where there is one."""

    def __init__(self, pool: Pool, objects: Objects | None) -> None:
        self._pool = pool
        self._objects = objects

    async def keep(self, tenant: int, contents: Collection[Content], belongings: Sequence[Belonging]) -> None:
        """Keep those contents that are not here yet, and what each came with. Raises AttachmentsUnavailable."""
        hashes = [one.sha2 for one in contents]
        async with own_connection(self._pool) as connection:
            asked = {"tenant": tenant, "hashes": hashes}
            cursor = await connection.execute(QUERIES.kept_contents.sql, asked, binary=True)
            known = {sha2 for (sha2,) in await cursor.fetchall()}
        for content in contents:
            if content.sha2 not in known:
                await self._keep(tenant, content)
        ids = [one.id for one in belongings]
        hashes = [one.sha2 for one in belongings]
        await self._run(QUERIES.came_with.sql, {"tenant": tenant, "ids": ids, "hashes": hashes})

    async def find(self, tenant: int, wanted: Collection[Belonging]) -> dict[bytes, KeptContent]:
        """The contents that came with these statements, by hash. Raises AttachmentsUnavailable where one is away."""
        if not wanted:
            return {}
        ids, hashes = zip(*wanted, strict=True)
        rows = await self._all(QUERIES.contents_of.sql, {"tenant": tenant, "ids": list(ids), "hashes": list(hashes)})
        found = {row[0]: KeptContent(*row) for row in rows}
        away = [one.sha2 for one in found.values() if not one.in_pieces]
        if away:
            objects = self._reached()
            await asyncio.gather(*(objects.demand(tenant, sha2) for sha2 in away))
        return found

    async def read(self, tenant: int, content: KeptContent) -> AsyncIterator[bytes]:
        """The content, piece by piece: a slow reader holds no connection."""
        if not content.in_pieces:
            async for data in self._reached().read(tenant, content.sha2):
                yield data
            return
        for piece in range(-(-content.length // PIECE_BYTES)):
            values = {"tenant": tenant, "sha2": content.sha2, "piece": piece}
            ((data,),) = await self._all(QUERIES.read_piece.sql, values)
            yield data

    async def _keep(self, tenant: int, content: Content) -> None:
        if self._objects is not None:
            await self._objects.keep(tenant, content)
        else:
            piece = 0
            async for data in content.pieces():
                values = {"tenant": tenant, "sha2": content.sha2, "piece": piece, "data": data}
                await self._run(QUERIES.keep_piece.sql, values)
                piece += 1
        row = {"tenant": tenant, "sha2": content.sha2, "length": content.length, "in_pieces": self._objects is None}
        await self._run(QUERIES.keep_content.sql, row)

    def _reached(self) -> Objects:
        if self._objects is None:
            raise AttachmentsUnavailable("The content is in an object store, and LRS_ATTACHMENT_URL is not set.")
        return self._objects

    async def _all(self, sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(sql, values, binary=True)).fetchall()

    async def _run(self, sql: str, values: dict[str, Any]) -> None:
        async with own_connection(self._pool) as connection:
            await connection.execute(sql, values)
