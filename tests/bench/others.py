"""Whether a figure may be trusted: how much of the machine went to processes that are not ours while it was taken."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

DISTURBED = 0.10
"""From this share of all cores on, a figure is called disturbed."""


@dataclass(slots=True)
class Others:
    """The share of all cores, 0 … 1, that others took while each series was measured, one a round."""

    shares: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def watched(self, series: str) -> Iterator[None]:
        """Around what is measured."""
        began, busy, ours = time.monotonic(), _busy(), _ours()
        yield
        whole = (time.monotonic() - began) * (psutil.cpu_count() or 1)
        share = max(0.0, (_busy() - busy - (_ours() - ours)) / whole)
        self.shares.setdefault(series, []).append(share)

    @property
    def most(self) -> float:
        """The largest share while any figure was taken."""
        return max((share for shares in self.shares.values() for share in shares), default=0.0)

    @property
    def disturbed(self) -> dict[str, list[int]]:
        """The series that were disturbed, and in which rounds, counted from 1."""
        found = {
            series: [number for number, share in enumerate(shares, 1) if share > DISTURBED]
            for series, shares in self.shares.items()
        }
        return {series: rounds for series, rounds in found.items() if rounds}


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
