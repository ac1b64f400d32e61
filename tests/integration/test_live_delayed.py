"""While changes are looked for instead of told: the pages say so, are a little late, and never wrong."""

import asyncio
from random import Random
from uuid import UUID

import pytest

from tests.integration.live_course import QUIZ, LiveCourse, learner, live_course
from tests.integration.live_page import Page
from tests.integration.live_stream import URL, following, until

pytestmark = [pytest.mark.anyio, pytest.mark.one_database("embedded")]


def look(course: LiveCourse, position: int) -> None:
    """What a look at the checkpoint tells this process: nothing but how far the read models are."""
    course.bus.delayed = True
    course.bus.start(position)


async def test_what_is_found_at_a_look_is_told_as_a_change(database_url: str) -> None:
    async with live_course(database_url) as (course, client):
        await course.tell([await course.enroll(1), await course.enroll(2), await course.enroll(3)], 5)
        async with following(client, after=5, outlined=5) as events:
            await until(events, "alive")
            await course.commit([await course.enroll(1, done=1)], 6)
            look(course, 6)
            assert await until(events, "reset") == {"position": 6}
            assert await until(events, "delayed") == {"position": 6, "delayed": True}
            await course.enroll(2, done=2)
            await course.leave(3)
            await course.commit([], 9)
            look(course, 9)
            change = await until(events, "change")
            assert (change["after"], change["position"]) == (6, 9)
            assert [(one["person"], one["progress"]) for one in change["roster"]] == [(str(learner(2)), 1.0)]
            assert change["removed"] == [str(learner(3))]
            assert {one["id"]: one["completed"] for one in change["outline"]}[str(QUIZ)] == 1
            course.bus.delayed = False
            assert await until(events, "delayed") == {"position": 9, "delayed": False}
            await course.tell([await course.enroll(1, done=2)], 10)
            change = await until(events, "change")
            assert (change["after"], change["position"]) == (9, 10)
            assert [(one["person"], one["progress"]) for one in change["roster"]] == [(str(learner(1)), 1.0)]


async def test_who_comes_while_changes_are_looked_for_misses_none(database_url: str) -> None:
    """His snapshot is older than the last look: what the next look finds begins later than that."""
    async with live_course(database_url) as (course, client):
        await course.tell([await course.enroll(1)], 5)
        async with following(client, after=5) as first:
            await until(first, "alive")
            await course.commit([await course.enroll(2)], 7)
            look(course, 6)  # the checkpoint moved on while the course was read
            await until(first, "reset")
            async with following(client, after=6) as second:
                assert await until(second, "reset") == {"position": 7}
                await course.commit([await course.enroll(3)], 8)
                look(course, 8)
                change = await until(second, "change")
                assert (change["after"], change["position"]) == (7, 8)


async def test_pages_end_up_with_what_is_in_the_database(database_url: str) -> None:
    """Told, looked for and lost in turns, with lines that break."""
    dice = Random(1)

    async with live_course(database_url) as (course, client):
        over = asyncio.Event()
        pages = [Page(client) for _ in range(5)]
        playing = [asyncio.create_task(page.play(Random(n), over, seconds=1.5)) for n, page in enumerate(pages)]
        present: set[UUID] = set()
        for position in range(1, 130):
            number = dice.randrange(25)
            if learner(number) in present and dice.random() < 0.2:
                present.remove(await course.leave(number))
            else:
                present.add(await course.enroll(number, done=dice.randrange(3), idle_days=dice.choice([0, 9, 20])))
            change = await course.commit([learner(number)], position)
            await asyncio.sleep(dice.choice([0, 0, 0.005, 0.03]))
            if position // 20 % 2:
                if dice.random() < 0.3:
                    look(course, position)
            else:
                if course.bus.position < position - 1:
                    course.bus.start(position - 1)
                course.bus.delayed = False
                course.bus.publish(position, [change])
        look(course, 129)
        over.set()
        await asyncio.gather(*playing)
        truth = (await client.get(URL)).json()
        for page in pages:
            page.must_show(truth)
