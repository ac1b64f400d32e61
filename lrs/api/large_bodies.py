"""A large body is read beside the event loop, and one at a time: small requests do not wait for it.

A body of 16 MB takes a second or two to read. Python runs one thread at a time, so that the thread which reads takes
turns with the loop; were there many of them, the loop would have its turn seldom.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from uuid import UUID

from lrs.api.turns import Turns
from schemas.statement import NewStatement, read_statements
from schemas.version import XapiVersion

LARGE_BYTES = 200_000
MANY_COMMAS = 5_000
"""Some 200 statements, which are read in 4 ms: the loop may well wait so long."""

T = TypeVar("T")

_BESIDE = ThreadPoolExecutor(1, "large-body")
_TURNS = Turns()


async def read_beside(
    body: bytes, version: XapiVersion, *, statement_id: UUID | None = None, single: bool = False
) -> list[NewStatement]:
    """What `read_statements` reads and raises."""
    if not _is_large(body):
        await _TURNS.take(len(body))
        return read_statements(body, version, statement_id=statement_id, single=single)
    return await beside(body, partial(read_statements, body, version, statement_id=statement_id, single=single))


async def beside(body: bytes, read: Callable[[], T]) -> T:
    """What `read` makes of a body, and raises."""
    if not _is_large(body):
        return read()
    return await asyncio.get_running_loop().run_in_executor(_BESIDE, read)


def _is_large(body: bytes) -> bool:
    """By its bytes, or by the number of its values: empty objects cost most to refuse."""
    return len(body) >= LARGE_BYTES or body.count(b",") >= MANY_COMMAS
