"""How far the read models are behind while statements are posted: sampled from outside, as a dashboard would see it.

A sample is a statement of our own (its X-LRS-Position is where the log stands) and, right after it, /api/projections
(where the read models stand). Behind in seconds: how long ago the log stood where the read models now stand.
"""

import threading
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from statistics import median
from typing import NamedTuple
from uuid import uuid4

import httpx

from tests.bench.statements import BEFORE_ID

PAUSE_SECONDS = 0.1


class Sample(NamedTuple):
    """At a time (s): where the log stood, where the read models stood."""

    at: float
    log: int
    read_models: int


class Lag(NamedTuple):
    """Statements and seconds behind: the median and the most of the samples."""

    statements: float
    most_statements: float
    seconds: float
    most_seconds: float


class LagProbe:
    """Samples in a thread for as long as `sampling` lasts."""

    def __init__(self, origin: str, credential: tuple[str, str], tails: list[bytes]) -> None:
        self._client = httpx.Client(
            base_url=origin, auth=credential, headers={"X-Experience-API-Version": "1.0.3"}, timeout=30
        )
        self._tails = cycle(tails)
        self.samples: list[Sample] = []
        self._failure: BaseException | None = None

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Around the load."""
        ended = threading.Event()
        thread = threading.Thread(target=self._run, args=(ended,))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self._client.close()
        if self._failure is not None:
            raise self._failure

    def lag(self) -> Lag:
        """Over all samples."""
        behind = [max(0, one.log - one.read_models) for one in self.samples]
        late = seconds_behind(self.samples)
        return Lag(median(behind), max(behind), median(late), max(late))

    def _run(self, ended: threading.Event) -> None:
        try:
            while not ended.is_set():
                self.samples.append(self._sample())
                ended.wait(PAUSE_SECONDS)
        except BaseException as error:
            self._failure = error

    def _sample(self) -> Sample:
        body = BEFORE_ID + str(uuid4()).encode() + next(self._tails)
        posted = self._client.post("/xapi/statements", content=body, headers={"Content-Type": "application/json"})
        posted.raise_for_status()
        at = time.monotonic()
        standing = self._client.get("/api/projections", params={"wait_for": 0})
        standing.raise_for_status()
        return Sample(at, int(posted.headers["X-LRS-Position"]), standing.json()["position"])


def seconds_behind(samples: list[Sample]) -> list[float]:
    """For each sample how long before it the log stood where the read models stand in it, between samples in a line."""
    positions = [one.log for one in samples]
    late = []
    for one in samples:
        index = bisect_right(positions, one.read_models)
        if index == 0:
            late.append(one.at - samples[0].at)  # from before the first sample: at least so long
            continue
        before = samples[index - 1]
        then = before.at
        if index < len(samples):
            after = samples[index]
            then += (after.at - before.at) * (one.read_models - before.log) / (after.log - before.log)
        late.append(max(0.0, one.at - then))
    return late
