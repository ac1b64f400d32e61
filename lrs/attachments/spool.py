"""Where the contents of one request lie until it is known whether they are wanted.

The rule of this file: a request holds no more than IN_MEMORY bytes of contents in memory; beyond that all of them are
in a temporary file without a name, which is gone when the request ends.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, ParamSpec, Self, TypeVar

from schemas.errors import AttachmentsUnavailable

P = ParamSpec("P")
T = TypeVar("T")

PIECE_BYTES: Final = 1_048_576
"""The size of a piece in the database: never to be changed (migrations/sql/attachments/02_attachment_piece.sql)."""

IN_MEMORY: Final = 1_048_576


@dataclass(frozen=True, slots=True)
class Content:
    """The verified content of one attachment, somewhere in a spool."""

    sha2: bytes
    length: int
    start: int
    spool: "Spool"

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content, cut into pieces of PIECE_BYTES and one shorter one."""
        for offset in range(0, self.length, PIECE_BYTES):
            yield await self.spool.read(self.start + offset, min(PIECE_BYTES, self.length - offset))

    async def whole(self) -> bytes:
        """The content at once."""
        return await self.spool.read(self.start, self.length)


class Spool:
    """Bytes written one after the other, and when all are written read wherever one likes; one task at a time."""

    def __init__(self) -> None:
        self._file: Any = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        self.length = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    async def write(self, data: bytes) -> None:
        """At the end. Raises AttachmentsUnavailable where there is no room."""
        self.length += len(data)
        await self._do(self._file.write, data)

    async def read(self, start: int, length: int) -> bytes:
        """As many bytes from there on. Raises AttachmentsUnavailable."""
        return await self._do(self._read, start, length)

    def _read(self, start: int, length: int) -> bytes:
        self._file.seek(start)
        data: bytes = self._file.read(length)
        return data

    async def _do(self, action: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """In a thread, where a disk may have to be waited for."""
        try:
            if self.length <= IN_MEMORY:
                return action(*args, **options)
            return await asyncio.to_thread(action, *args, **options)
        except OSError as error:
            raise AttachmentsUnavailable(f"The content of an attachment cannot be held for now: {error}") from error
