"""Whether a figure may be trusted: how much of the machine went to processes that are not ours while it was taken."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

DISTURBED = 0.10
"""From this share of all cores on, a run is called disturbed."""


@dataclass(slots=True)
class Others:
    """The share of all cores, 0 … 1, that others took in each measured stretch."""

    shares: list[float] = field(default_factory=list)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Around what is measured."""
        began, busy, ours = time.monotonic(), _busy(), _ours()
        yield
        whole = (time.monotonic() - began) * (psutil.cpu_count() or 1)
        self.shares.append(max(0.0, (_busy() - busy - (_ours() - ours)) / whole))

    @property
    def most(self) -> float:
        """The largest share in any stretch."""
        return max(self.shares, default=0.0)


def _busy() -> float:
    """Seconds that all cores together have worked or were kept from working by the host, since boot."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def _ours() -> float:
    """Seconds that this process and all under it have used, those that have ended included."""
    me = psutil.Process()
    seconds = 0.0
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            seconds += sum(process.cpu_times()[:4])
    return seconds
