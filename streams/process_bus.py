"""Between the processes of one server: wake-ups in, read-model changes out, over a socket in the file system.

The processor listens; every process that serves pages connects, and connects again when the connection is lost. Nothing
here is a guarantee: a wake-up that is lost is made up for by the processor's poll, and whoever may have missed a change
is told to begin anew (`Bus.start`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NoReturn

import msgspec

from streams.bus import Bus, Change

LIMIT = 16_000_000
"""Bytes that may wait for one reader before its connection is cut."""
RETRY_SECONDS = 0.1
_WAKE = b"."

_LOG = logging.getLogger("lrs.process_bus")


class _Started(msgspec.Struct, tag=True):
    position: int


class _Moved(msgspec.Struct, tag=True):
    position: int
    changes: list[Change]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Started | _Moved).decode


class Outlet(Bus):
    """The processor's end: a bus that tells every reader what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self._readers: set[asyncio.StreamWriter] = set()
        self._begun = False

    def start(self, position: int) -> None:
        """As Bus.start, everywhere."""
        super().start(position)
        self._begun = True
        self._tell(_Started(position))

    def publish(self, position: int, changes: list[Change]) -> None:
        """As Bus.publish, everywhere; the backlog is kept by the readers."""
        super().publish(position, [])
        self._tell(_Moved(position, changes))

    @asynccontextmanager
    async def listening(self, path: Path, wake: asyncio.Event) -> AsyncIterator[None]:
        """Take connections at `path` for as long as the context lasts; set `wake` when a reader has committed."""

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self._begun:
                writer.write(_framed(_Started(self.position)))
            self._readers.add(writer)
            try:
                while await reader.read(4096):
                    wake.set()
            except OSError as error:
                _LOG.info("a reader has left: %s", error)
            finally:
                self._readers.discard(writer)
                writer.close()

        server = await asyncio.start_unix_server(connected, path)
        try:
            yield
        finally:
            server.close()
            for writer in self._readers:
                writer.close()

    def _tell(self, message: _Started | _Moved) -> None:
        data = _framed(message)
        for writer in list(self._readers):
            if writer.transport.get_write_buffer_size() > LIMIT:
                self._readers.discard(writer)
                writer.transport.abort()  # it connects again, and begins anew
            else:
                writer.write(data)


class Inlet:
    """A reader's end: brings what the processor says to the bus of this process."""

    def __init__(self, path: Path, bus: Bus) -> None:
        self._path = path
        self._bus = bus
        self._writer: asyncio.StreamWriter | None = None

    def wake(self) -> None:
        """Tell the processor that something was committed."""
        writer = self._writer
        if writer is not None and not writer.transport.get_write_buffer_size():
            writer.write(_WAKE)  # where one waits already, it wakes the processor for this commit too

    async def run(self) -> NoReturn:
        """Follow until cancelled."""
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                reader, self._writer = await asyncio.open_unix_connection(self._path)
                try:
                    while True:
                        size = int.from_bytes(await reader.readexactly(4), "big")
                        self._take(_decode(await reader.readexactly(size)))
                finally:
                    self._writer.close()
                    self._writer = None
            await asyncio.sleep(RETRY_SECONDS)

    def _take(self, message: _Started | _Moved) -> None:
        match message:
            case _Started(position=position):
                self._bus.start(position)
            case _Moved(position=position, changes=changes):
                self._bus.publish(position, changes)


def _framed(message: _Started | _Moved) -> bytes:
    data = _encode(message)
    return len(data).to_bytes(4, "big") + data
