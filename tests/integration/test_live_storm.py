"""Pages that lose their line again and again end up with what is in the database, and never had to begin anew."""

import asyncio
from random import Random
from uuid import UUID

import pytest

from streams.bus import Change
from tests.integration.live_course import (
    COURSE,
    learner,
    live_course,
)
from tests.integration.live_page import Page
from tests.integration.live_stream import URL

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.one_database("timescaledb")
async def test_pages_with_broken_lines_end_up_with_what_is_in_the_database(database_url: str, seed: int) -> None:
    dice = Random(seed)

    async with live_course(database_url) as (course, client):
        over = asyncio.Event()
        pages = [Page(client) for _ in range(6)]
        playing = [asyncio.create_task(page.play(Random(seed + n), over, seconds=1.5)) for n, page in enumerate(pages)]
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
            page.must_show(truth)
            assert page.fetched == 1
