"""A course page as static/stream.js keeps one, whose line breaks again and again."""

import asyncio
from contextlib import suppress
from random import Random
from typing import Any

import httpx

from tests.integration.live_stream import URL, following


class Page:
    """A page as static/stream.js keeps one: a snapshot, then the stream, from wherever a broken line left it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.position = -1
        self.rows: dict[str, Any] = {}
        self.summary: Any = None
        self.outline: Any = None
        self.outlined = -1
        self.fetched = 0
        self._client = client

    async def fetch(self) -> None:
        view = (await self._client.get(URL)).json()
        self.position, self.summary = view["position"], view["summary"]
        self.rows = {one["person"]: one for one in view["roster"]}
        self.outline, self.outlined = view["outline"], view["position"]
        self.fetched += 1

    async def read(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with (
                asyncio.timeout(seconds),
                following(self._client, after=self.position, outlined=self.outlined) as events,
            ):
                async for name, data in events:
                    if name == "reset" or (name == "change" and data["after"] > self.position):
                        await self.fetch()
                    elif name == "change" and data["position"] > self.position:
                        self.take(data)
                    elif name == "outline" and data["position"] >= self.outlined:
                        self.outline, self.outlined = data["outline"], data["position"]
                    elif name == "alive":
                        self.position = max(self.position, data["position"])

    def take(self, change: dict[str, Any]) -> None:
        self.position, self.summary = change["position"], change["summary"]
        for person in change["removed"]:
            self.rows.pop(person, None)
        self.rows |= {one["person"]: one for one in change["roster"]}
        self.outline = change.get("outline", self.outline)

    async def play(self, dice: Random, over: asyncio.Event, *, seconds: float) -> None:
        """Lose the line until it is over, then follow for so many seconds more."""
        await self.fetch()
        while not over.is_set():
            await self.read(dice.uniform(0.02, 0.6))
        await self.read(seconds)

    def must_show(self, truth: dict[str, Any]) -> None:
        """What a fresh snapshot shows."""
        assert self.position == truth["position"]
        assert self.rows == {one["person"]: one for one in truth["roster"]}
        assert self.summary == truth["summary"]
        assert self.outline == truth["outline"]
