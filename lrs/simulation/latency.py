"""How long a committed statement takes to be seen. One rule: the clock starts when the POST's answer has
arrived.

Two ways of seeing: *visible* is when the read models' checkpoint has reached the statement's position,
asked for over HTTP, so that one round trip is part of it; *pushed* is when the course's live stream brings
an event of that position.
"""

from __future__ import annotations

import asyncio
import math
import time
from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter
from typing import Self

import httpx

from lrs.statement_client import StatementClient

_GIVE_UP = 10.0


def percentiles(milliseconds: Sequence[float]) -> dict[str, float | None]:
    """p50 and p95 by nearest rank, with two decimals; None where nothing was measured."""
    ordered = sorted(milliseconds)

    def rank(share: float) -> float | None:
        return round(ordered[math.ceil(share * len(ordered)) - 1], 2) if ordered else None

    return {"p50": rank(0.5), "p95": rank(0.95)}


class LiveStream:
    """The arrivals of one course's live events (server-sent events whose `id` is a log position).

    Use as an async context manager: inside, the stream is read in the background, reconnecting with
    Last-Event-ID.
    """

    def __init__(self, client: StatementClient, course_id: str) -> None:
        self._client = client
        self._url = f"{client.origin}/api/courses/{course_id}/live"
        self._arrivals: list[tuple[int, float]] = []
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def arrival(self, position: int) -> float | None:
        """When (time.perf_counter) the first event at or behind `position` came; None after 10 s without
        one.
        """
        try:
            async with asyncio.timeout(_GIVE_UP), self._news:
                await self._news.wait_for(lambda: self._arrivals and self._arrivals[-1][0] >= position)
        except TimeoutError:
            return None
        return self._arrivals[bisect_left(self._arrivals, position, key=itemgetter(0))][1]

    async def _read(self) -> None:
        while True:
            headers = {"Accept": "text/event-stream"}
            if self._arrivals:
                headers["Last-Event-ID"] = str(self._arrivals[-1][0])
            try:
                async with self._client.http.stream(
                    "GET", self._url, headers=headers, timeout=httpx.Timeout(10.0, read=None)
                ) as response:
                    async for line in response.aiter_lines():
                        await self._note(line)
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)

    async def _note(self, line: str) -> None:
        field, _, value = line.partition(":")
        if field != "id" or not value.strip().isdecimal():
            return
        position = int(value)
        if not self._arrivals or position > self._arrivals[-1][0]:
            async with self._news:
                self._arrivals.append((position, time.perf_counter()))
                self._news.notify_all()


async def time_to_visible(client: StatementClient, position: int, answered: float) -> float | None:
    """Milliseconds from `answered` (time.perf_counter) until the checkpoint is at `position`; None after 10
    s.
    """
    state = await client.get("/api/projections", {"wait_for": position})
    return (time.perf_counter() - answered) * 1000 if state["position"] >= position else None


async def time_to_push(stream: LiveStream, position: int, answered: float) -> float | None:
    """As `time_to_visible`, until the live stream brought it; 0 when that came before the POST's answer."""
    arrived = await stream.arrival(position)
    return None if arrived is None else max(0.0, arrived - answered) * 1000
