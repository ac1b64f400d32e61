"""Where the processes of a store meet in Redis, and what they say there: two bounded streams, never the truth.

`<prefix>:changes`: what the processor has committed, in the order of its commits, and which credentials are others now.
`<prefix>:wakes`: somebody has committed to the log. A message that is lost is no loss: each says after which position
it comes, so a gap shows.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streams.bus import Change

BLOCK_SECONDS = 1.0
ANSWER_SECONDS = 3.0
"""Longer than a read blocks: a Redis that does not answer so long is away."""
CONNECT_SECONDS = 2.0
TELL_SECONDS = 1.0
RETRY_SECONDS = 0.25
MOST_ENTRIES = 10_000
MOST_BYTES = 64_000_000
"""Of changes that Redis keeps: fewer entries where they are large."""
BEGINNING = b"0-0"
TROUBLE = (RedisError, OSError)

_DATA = b"m"
_LOG = logging.getLogger("lrs.redis")


class Moved(msgspec.Struct, tag="m"):
    """From the position `after` to `position`, with these changes; a processor that begins says where, twice."""

    after: int
    position: int
    changes: list[Change]


class CredentialChanged(msgspec.Struct, tag="c"):
    """Whatever is remembered of this credential holds no more."""

    key: str


encode = msgspec.msgpack.Encoder(uuid_format="bytes").encode
_decode = msgspec.msgpack.Decoder(Moved | CredentialChanged).decode


class Entry(NamedTuple):
    """A message with its place in the stream; None for one of another version, which leaves a gap that shows."""

    id: bytes
    message: Moved | CredentialChanged | None


class RedisPlace:
    """The streams of one store: of all whose processes name this URL and this prefix."""

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        self.changes = f"{prefix}:changes"
        self.wakes = f"{prefix}:wakes"

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Redis]:
        """A client; what goes wrong is raised at once (TROUBLE), for the caller to try again."""
        client = Redis.from_url(
            self._url,
            protocol=2,  # whose answers have one shape
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            yield client
        finally:
            await _answered(client.aclose())

    async def say(self, client: Redis, messages: list[bytes]) -> None:
        """Add encoded messages to the changes, in this order."""
        pipeline = client.pipeline(transaction=False)
        for data in messages:
            most = max(MOST_BYTES // max(len(data), MOST_BYTES // MOST_ENTRIES), 1)
            pipeline.xadd(self.changes, {_DATA: data}, maxlen=most, approximate=True)
        await _answered(pipeline.execute())

    async def tell_changed(self, key: str) -> None:
        """Tell everybody to look this credential up again; who is not reached looks within a second anyway."""
        try:
            async with asyncio.timeout(TELL_SECONDS), self.connected() as client:
                await self.say(client, [encode(CredentialChanged(key))])
        except TROUBLE as error:
            _LOG.warning("a changed credential is heeded within a second, and not at once: %s", error)

    async def heard(self, client: Redis, after: bytes, *, block: bool) -> list[Entry]:
        """Up to 1,000 messages after an id, oldest first; block: wait for one, for BLOCK_SECONDS at most."""
        block_ms = int(BLOCK_SECONDS * 1000) if block else None
        answer = await _answered(client.xread({self.changes: after}, 1000, block_ms))
        return [Entry(id, _understood(fields)) for id, fields in _entries(answer)]

    async def last_id(self, client: Redis) -> bytes:
        """Of the newest message; 0-0 where there is none."""
        newest = await _answered(client.xrevrange(self.changes, count=1))
        return bytes(newest[0][0]) if newest else BEGINNING

    async def wake(self, client: Redis) -> None:
        """Say that something was committed to the log."""
        await _answered(client.xadd(self.wakes, {b"w": b""}, maxlen=1, approximate=False))

    async def woken(self, client: Redis, after: bytes) -> bytes:
        """Wait for a wake-up after an id, for BLOCK_SECONDS at most; the id of the newest."""
        found = _entries(await _answered(client.xread({self.wakes: after}, block=int(BLOCK_SECONDS * 1000))))
        return found[-1][0] if found else after


async def _answered(question: Awaitable[Any]) -> Any:
    """redis-py may take a cancellation for a broken connection, or for nothing at all, and go on: here it ends."""
    try:
        return await question
    finally:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError


def _understood(fields: dict[bytes, bytes]) -> Moved | CredentialChanged | None:
    try:
        message: Moved | CredentialChanged = _decode(fields.get(_DATA, b""))
    except msgspec.MsgspecError:
        return None
    return message


def comes_after(one: bytes, other: bytes) -> bool:
    """Whether the id of an entry is later than another's."""
    return _parts(one) > _parts(other)


def _parts(id: bytes) -> tuple[int, int]:
    time, _, number = id.partition(b"-")
    return int(time), int(number)


def _entries(answer: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    return list(answer[0][1]) if answer else []
