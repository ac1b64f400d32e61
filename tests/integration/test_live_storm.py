"""Pages that lose their line again and again end up with what is in the database, and never had to begin anew."""

import asyncio
from contextlib import suppress
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest

from streams.bus import Change
from tests.integration.live_course import (
    COURSE,
    learner,
    live_course,
)
from tests.integration.live_stream import URL, following

pytestmark = pytest.mark.anyio


class Page:
    """A page as static/stream.js keeps one: a snapshot, then the stream, from wherever a broken line left it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.position = -1
        self.rows: dict[str, Any] = {}
        self.summary: Any = None
        self.fetched = 0
        self._client = client

    async def fetch(self) -> None:
        view = (await self._client.get(URL)).json()
        self.position, self.summary = view["position"], view["summary"]
        self.rows = {one["person"]: one for one in view["roster"]}
        self.fetched += 1

    async def read(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), following(self._client, after=self.position) as events:
                async for name, data in events:
                    if name == "reset" or (name == "change" and data["after"] > self.position):
                        await self.fetch()
                    elif name == "change" and data["position"] > self.position:
                        self.take(data)
                    elif name == "alive":
                        self.position = max(self.position, data["position"])

    def take(self, change: dict[str, Any]) -> None:
        self.position, self.summary = change["position"], change["summary"]
        for person in change["removed"]:
            self.rows.pop(person, None)
        self.rows |= {one["person"]: one for one in change["roster"]}


@pytest.mark.parametrize("seed", [1, 2])
async def test_pages_with_broken_lines_end_up_with_what_is_in_the_database(database_url: str, seed: int) -> None:
    dice = Random(seed)

    async def play(page: Page, own: Random, over: asyncio.Event) -> None:
        await page.fetch()
        while not over.is_set():
            await page.read(own.uniform(0.02, 0.6))
        await page.read(1.5)

    async with live_course(database_url) as (course, client):
        over = asyncio.Event()
        pages = [Page(client) for _ in range(6)]
        playing = [asyncio.create_task(play(page, Random(seed + n), over)) for n, page in enumerate(pages)]
        present: set[UUID] = set()
        for position in range(1, 250):
            number = dice.randrange(25)
            if learner(number) in present and dice.random() < 0.2:
                present.remove(await course.leave(number))
            else:
                present.add(await course.enroll(number, done=dice.randrange(3), idle_days=dice.choice([0, 9, 20])))
            change = await course.commit([learner(number)], position)
            await asyncio.sleep(dice.choice([0, 0, 0.005, 0.02]))
            course.bus.publish(
                position, [change] if position % 10 else [change, Change(position, 2, COURSE, frozenset())]
            )
        over.set()
        await asyncio.gather(*playing)
        truth = (await client.get(URL)).json()
        for page in pages:
            assert page.position == truth["position"]
            assert page.rows == {one["person"]: one for one in truth["roster"]}
            assert page.summary == truth["summary"]
            assert page.fetched == 1
