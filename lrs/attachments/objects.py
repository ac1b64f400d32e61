"""The object store of LRS_ATTACHMENT_URL: one object a content, named tenant and hash.

An object is written whole or not at all, and the same content always has the same name: writing it again changes
nothing. What a store needs beside its URL comes from the environment, as its own tools have it (AWS_ACCESS_KEY_ID,
GOOGLE_SERVICE_ACCOUNT, AZURE_STORAGE_ACCOUNT_KEY …).
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from lrs.attachments.spool import PIECE_BYTES, Content
from schemas.errors import AttachmentsUnavailable, AttachmentUrlUnusable

RETRY_TIMEOUT: Final = timedelta(seconds=20)
"""How long a store that is away is asked again before the request is given up."""

AT_ONCE: Final = 2
"""Pieces of 5 MB that are on the way to the store at a time, for each content."""

_LOCAL: Final[dict[str, dict[str, Any]]] = {"file": {"mkdir": True}, "memory": {}}


class Objects:
    """One store, or a folder in it."""

    def __init__(self, url: str) -> None:
        """Raises AttachmentUrlUnusable."""
        scheme = url.partition(":")[0]
        try:
            if scheme in _LOCAL:
                self._store = from_url(url, **_LOCAL[scheme])
            else:
                self._store = from_url(url, retry_config={"max_retries": 3, "retry_timeout": RETRY_TIMEOUT})
        except (BaseError, OSError, ValueError) as error:
            first = str(error).partition("\n")[0]
            raise AttachmentUrlUnusable(f"LRS_ATTACHMENT_URL names no object store that can be used: {first}") from None

    async def keep(self, tenant: int, content: Content) -> None:
        """Write one content. Raises AttachmentsUnavailable."""
        whole = content.length <= PIECE_BYTES
        with _translated():
            data = await content.whole() if whole else content.pieces()
            await obstore.put_async(self._store, _name(tenant, content.sha2), data, max_concurrency=AT_ONCE)

    async def demand(self, tenant: int, sha2: bytes) -> None:
        """Raises AttachmentsUnavailable where the content cannot be read now."""
        with _translated():
            await obstore.head_async(self._store, _name(tenant, sha2))

    async def remove(self, tenant: int, sha2: bytes) -> None:
        """Nothing happens where it is gone already. Raises AttachmentsUnavailable."""
        with _translated(), suppress(FileNotFoundError):
            await obstore.delete_async(self._store, _name(tenant, sha2))

    async def read(self, tenant: int, sha2: bytes) -> AsyncIterator[bytes]:
        """The content, piece by piece. Raises AttachmentsUnavailable."""
        with _translated():
            found = await obstore.get_async(self._store, _name(tenant, sha2))
            async for piece in found.stream(min_chunk_size=PIECE_BYTES):
                yield bytes(piece)


def _name(tenant: int, sha2: bytes) -> str:
    return f"{tenant}/{sha2.hex()}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        raise AttachmentsUnavailable(f"The object store: {str(error).partition(chr(10))[0]}") from error
