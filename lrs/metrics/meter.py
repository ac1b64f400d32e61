"""What one process has counted, and where the processes of one server leave that for whoever is asked.

The rule of this file: counting costs no more than adding to a number of this process. Every second a process writes its
numbers into a file of its own, in the server's folder; whichever API process is asked reads them all. A library that
shares numbers between processes adds to a mapped file at every step, which costs a request several times as much.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from lrs.metrics.distribution import Distribution

WRITE_SECONDS: Final = 1.0
STALE_SECONDS: Final = 15.0
"""What was written before is of a process that is gone."""

_LOG = logging.getLogger("lrs.metrics")


class Value(msgspec.Struct, tag="v", array_like=True):
    """A counter or a gauge of the catalogue."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


class Spread(msgspec.Struct, tag="s", array_like=True):
    """A histogram of the catalogue; see Distribution."""

    name: str
    bounds: Sequence[float]
    counts: Sequence[int]
    total: float
    labels: tuple[str, ...] = ()


Sample = Value | Spread
Source = Callable[[], Iterable[Sample]]


class Snapshot(msgspec.Struct):
    """What a process had counted at an instant."""

    process: str
    at: float
    samples: list[Sample]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Snapshot).decode


class Meter:
    """folder: of the server, for all its processes; process: which this one is."""

    def __init__(self, folder: Path, process: str) -> None:
        self._folder = folder
        self._process = process
        self._sources: list[Source] = []

    def add(self, source: Source) -> None:
        """What this tells is counted in this process."""
        self._sources.append(source)

    def leave(self) -> None:
        """Write what has been counted until now."""
        samples = [sample for source in self._sources for sample in source()]
        file = self._folder / f"{self._process.replace(' ', '-')}.metrics"
        beside = file.with_suffix(".new")
        beside.write_bytes(_encode(Snapshot(self._process, time.time(), samples)))
        beside.replace(file)

    async def run(self) -> NoReturn:
        """Write it every second until cancelled."""
        told = False
        while True:
            try:
                self.leave()
                told = False
            except OSError as error:
                if not told:
                    _LOG.warning("what this process counts cannot be told: %s", error)
                told = True
            await asyncio.sleep(WRITE_SECONDS)

    def found(self) -> list[Snapshot]:
        """What all processes of this server have left."""
        found = []
        for file in sorted(self._folder.glob("*.metrics")):
            snapshot = _decode(file.read_bytes())
            if time.time() - snapshot.at < STALE_SECONDS:
                found.append(snapshot)
        return found


def spread(name: str, of: Distribution, *labels: str) -> Spread:
    """A distribution as it is now."""
    return Spread(name, of.bounds, of.counts, of.total, labels)
