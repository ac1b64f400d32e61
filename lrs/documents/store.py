"""The documents: read and changed in their table, which this is the only owner of.

The rule of this file: whoever changes documents of an owner has the database's turn for that owner from before the
look at what is there until the commit, so that no two changes, in whatever process, are decided on the same state.
What was committed is read at once.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiosql
import msgspec
from psycopg import AsyncConnection

from lrs.database import Pool
from schemas.document import Document, Owner

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("queries.sql"), "psycopg", mandatory_parameters=False)


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A document as it is kept; its content only where it was asked for."""

    content_type: str
    tag: str
    updated: datetime
    length: int
    content: bytes | None

    @property
    def whole(self) -> Document:
        """Type and content."""
        assert self.content is not None
        return Document(self.content_type, self.content)


@dataclass(frozen=True, slots=True)
class DocumentIds:
    """Ids of an owner's documents in the order of their last changes, and when the last of those was."""

    ids: list[str]
    updated: datetime | None


class Documents:
    """The documents of one database."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, tenant: int, owner: Owner, id: str, *, with_content: bool = True) -> KeptDocument | None:
        """One document; None where there is none."""
        async with self._pool.connection() as connection:
            return await _find(connection, _names(tenant, owner, id), with_content=with_content)

    async def ids(self, tenant: int, owner: Owner, since: datetime | None) -> DocumentIds:
        """The ids of the owner's documents, those changed after `since` (exclusive) if it is given."""
        values = {**_names(tenant, owner), "since": since}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(QUERIES.find_ids.sql, values)).fetchall()
        return DocumentIds([id for id, _ in rows], rows[-1][1] if rows else None)

    async def change(
        self,
        tenant: int,
        owner: Owner,
        id: str,
        decide: Callable[[KeptDocument | None], Document | None],
        *,
        with_content: bool = False,
    ) -> None:
        """Keep what `decide` makes of what is there (None: nothing); nothing changes where it raises."""
        names = _names(tenant, owner, id)
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(QUERIES.take_turn.sql, {"turn": _turn(names)})
            kept = await _find(connection, names, with_content=with_content)
            new = decide(kept)
            if new is not None:
                values = {
                    **names,
                    "resource": owner.resource.value,
                    "activity": owner.activity,
                    "agent": owner.agent,
                    "registration": owner.registration,
                    "id": id,
                    "content_type": new.content_type,
                    "content": new.content,
                    "sha1": bytes.fromhex(new.tag),
                }
                await connection.execute(QUERIES.keep_document.sql, values)
            elif kept is not None:
                await connection.execute(QUERIES.delete_document.sql, names)

    async def delete_all(self, tenant: int, owner: Owner) -> None:
        """Delete every document of the owner."""
        names = _names(tenant, owner)
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(QUERIES.take_turn.sql, {"turn": _turn(names)})
            await connection.execute(QUERIES.delete_documents.sql, names)


async def _find(connection: AsyncConnection, names: dict[str, Any], *, with_content: bool) -> KeptDocument | None:
    values = {**names, "with_content": with_content}
    row = await (await connection.execute(QUERIES.find_document.sql, values, binary=True)).fetchone()
    return KeptDocument(*row) if row else None


def _names(tenant: int, owner: Owner, id: str | None = None) -> dict[str, Any]:
    """What the rows of an owner, or of one document, are found by."""
    parts = (owner.resource.value, owner.activity, owner.agent, owner.registration)
    names: dict[str, Any] = {"tenant": tenant, "owner": _hash(msgspec.json.encode(parts))}
    if id is not None:
        names["key"] = _hash(id.encode())
    return names


def _turn(names: dict[str, Any]) -> int:
    """The number of the lock: two owners with the same one only wait for each other."""
    return int.from_bytes(_hash(b"%d " % names["tenant"] + names["owner"])[:8], "big", signed=True)


def _hash(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=16).digest()
