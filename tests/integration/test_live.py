"""Whoever follows a course misses nothing, or is told to begin anew: in races, bursts, broken lines, slow readers."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from psycopg import AsyncConnection

from lrs.api.live import course_events
from lrs.dashboard import channels as channels_module
from lrs.dashboard.channels import PACE, Channels
from lrs.dashboard.subscriber import QUEUE, Frame, Subscriber
from lrs.database import Pool, read_pool
from projections.course_update_queries import Changed, read_updates
from projections.course_view import CourseUpdate
from streams.bus import BACKLOG, BACKLOG_PERSONS, Bus, Change
from tests.integration.live_course import (
    COURSE,
    QUIZ,
    TENANT,
    learner,
    live_course,
    statement,
)
from tests.integration.live_stream import URL, following, silent, until

pytestmark = [pytest.mark.anyio, pytest.mark.one_database("timescaledb")]


async def test_a_change_is_pushed_with_the_rows_that_moved_and_no_others(database_url: str) -> None:
    async with live_course(database_url) as (course, client):
        for number in (1, 2, 3):
            await course.enroll(number)
        await course.tell([], 10)
        async with following(client, after=10) as events:
            assert await anext(events) == ("snapshot", {"position": 10})
            assert await anext(events) == ("alive", {"position": 10})
            await course.answer(2, 11)
            await course.tell([await course.enroll(2, done=2), await course.leave(3)], 11)
            change = await until(events, "change")
            told = await until(events, "outline")
    assert (change["after"], change["position"]) == (10, 11)
    assert [(one["person"], one["progress"]) for one in change["roster"]] == [(str(learner(2)), 1.0)]
    assert change["removed"] == [str(learner(3))]
    assert change["summary"]["enrolled"] == 2
    assert [one["statement_id"] for one in change["recent"]] == [str(statement(11))]
    assert told["position"] == 11
    assert {one["id"]: one["completed"] for one in told["outline"]}[str(QUIZ)] == 1


async def test_a_burst_is_few_events_and_ends_as_it_should(database_url: str) -> None:
    async with live_course(database_url) as (course, client):
        await course.tell([await course.enroll(0)], 1)
        changes: list[dict[str, Any]] = []
        async with following(client, after=1) as events:
            await until(events, "alive")
            began = asyncio.get_running_loop().time()
            for position in range(2, 202):
                await course.tell([await course.enroll(position % 20, done=1)], position)
            while not changes or changes[-1]["position"] < 201:
                changes.append(await until(events, "change"))
            seconds = asyncio.get_running_loop().time() - began
    assert len(changes) <= seconds / PACE + 2
    assert {one["person"] for change in changes for one in change["roster"]} == {str(learner(n)) for n in range(20)}
    assert [change["after"] for change in changes] == [1, *(change["position"] for change in changes[:-1])]


async def test_what_happened_while_the_line_was_broken_comes_first(database_url: str) -> None:
    async with live_course(database_url) as (course, client):
        await course.tell([await course.enroll(1)], 5)
        await course.tell([await course.enroll(2)], 6)
        await course.tell([await course.enroll(3)], 7)
        async with following(client, after=1, last_event_id=5) as events:
            assert await anext(events) == ("snapshot", {"position": 5})
            name, change = await anext(events)
            assert await anext(events) == ("alive", {"position": 7})
            assert (await anext(events))[0] == "outline"  # it may be another than what the page has
            assert await silent(events, 0.5)
    assert name == "change"
    assert (change["after"], change["position"]) == (5, 7)
    assert {one["person"] for one in change["roster"]} == {str(learner(2)), str(learner(3))}


async def test_a_snapshot_read_between_commit_and_word_of_it_is_no_reason_to_begin_anew(database_url: str) -> None:
    async with live_course(database_url) as (course, client):
        await course.tell([await course.enroll(1)], 5)
        change = await course.commit([await course.enroll(2)], 6)
        position = (await client.get(URL)).json()["position"]
        assert position == 6
        async with following(client, after=position) as events:
            assert await anext(events) == ("snapshot", {"position": 6})
            course.bus.publish(6, [change])
            assert await anext(events) == ("alive", {"position": 6})
            await course.tell([await course.enroll(3)], 7)
            assert {one["person"] for one in (await until(events, "change"))["roster"]} == {str(learner(3))}


@pytest.mark.parametrize("after", [2, 99], ids=["before the backlog", "a position that never was"])
async def test_where_nobody_knows_what_was_missed_the_page_begins_anew(
    database_url: str, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels_module, "PATIENCE", 0.2)
    async with live_course(database_url) as (course, client):
        course.bus.start(5)  # as after a restart of the server
        async with following(client, last_event_id=after) as events:
            assert await anext(events) == ("snapshot", {"position": after})
            assert await anext(events) == ("reset", {"position": 5})
            await course.tell([await course.enroll(1)], 6)
            assert (await until(events, "change"))["position"] == 6


async def test_when_more_nodes_count_everyones_progress_is_another_and_all_begin_anew(database_url: str) -> None:
    async with live_course(database_url) as (course, client):
        await course.tell([await course.enroll(1), await course.enroll(2)], 5)
        async with following(client, after=5) as events:
            await until(events, "alive")
            course.bus.publish(6, [Change(6, TENANT, COURSE, frozenset({learner(2)}), recounted=True)])
            assert await until(events, "reset") == {"position": 6}
        async with following(client, last_event_id=5) as events:
            assert await anext(events) == ("snapshot", {"position": 5})
            assert await anext(events) == ("reset", {"position": 6})


@pytest.mark.parametrize(("last", "learners"), [(BACKLOG + 1, 0), (11, BACKLOG_PERSONS // 10)])
async def test_readers_of_a_channel_that_was_overrun_begin_anew(database_url: str, last: int, learners: int) -> None:
    persons = frozenset(map(learner, range(learners)))
    async with live_course(database_url) as (course, client), following(client) as events:
        assert await anext(events) == ("snapshot", {"position": 0})
        for position in range(1, last + 1):
            course.bus.publish(position, [Change(position, TENANT, learner(1), persons)])
        assert await anext(events) == ("reset", {"position": last})
        await course.commit([], last)
        await course.tell([await course.enroll(1)], last + 1)
        assert (await until(events, "change"))["position"] == last + 1


async def test_a_slow_reader_is_told_so_and_goes_on() -> None:
    slow = Subscriber()
    overran = [slow.put(Frame(position, b"")) for position in range(QUEUE + 5)]
    assert [number for number, one in enumerate(overran) if one] == [QUEUE]
    assert await slow.take(1) is None
    assert not slow.put(Frame(99, b""))
    assert await slow.take(1) == [Frame(99, b"")]
    assert await slow.take(0.01) == []


async def test_a_quiet_stream_says_that_it_is_alive_and_where_it_stands(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lrs.api.live.ALIVE_SECONDS", 0.2)
    async with live_course(database_url) as (course, client), following(client, after=0) as events:
        assert [await anext(events), await anext(events)] == [("snapshot", {"position": 0}), ("alive", {"position": 0})]
        course.bus.publish(4, [Change(4, TENANT, learner(1), frozenset())])
        while (alive := await until(events, "alive"))["position"] != 4:
            assert alive == {"position": 0}


async def test_a_stream_ends_when_its_credential_is_disabled(database_url: str) -> None:
    """Long before its next word would be due."""
    async with live_course(database_url) as (course, client), following(client) as events:
        assert await anext(events) == ("snapshot", {"position": 0})
        await course.connection.execute("UPDATE credential SET disabled = now()")
        async with asyncio.timeout(10):
            assert {name async for name, _ in events} <= {"alive"}


async def test_the_channel_stops_with_its_last_reader_and_outlives_the_database(database_url: str) -> None:
    async def always() -> bool:
        return True

    async with live_course(database_url) as (course, _), read_pool(database_url) as pool:
        channels = Channels(course.bus, pool)
        first = course_events(channels, TENANT, COURSE, 0, always)
        second = course_events(channels, TENANT, COURSE, None, always)
        assert [b"snapshot" in await anext(each) for each in (first, second)] == [True, True]
        assert len(channels) == 1
        await first.aclose()
        assert len(channels) == 1
        await course.connection.execute("ALTER TABLE enrollment RENAME TO away")
        await course.tell([learner(1)], 1)
        await asyncio.sleep(0.5)
        await course.connection.execute("ALTER TABLE away RENAME TO enrollment")
        async with asyncio.timeout(10):
            assert b"event: change" in await anext(second)
        await second.aclose()
        assert len(channels) == 0
        await asyncio.sleep(0)
        assert channel_tasks() == []


async def test_a_course_that_cannot_be_read_holds_up_no_other(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (TENANT, learner(7))

    async def reading(connection: AsyncConnection, changed: Sequence[Changed]) -> list[CourseUpdate]:
        if broken in {one.course for one in changed}:
            raise RuntimeError("this course cannot be read")
        return await read_updates(connection, changed)

    monkeypatch.setattr(channels_module, "read_updates", reading)
    async with live_course(database_url) as (course, _), read_pool(database_url) as pool:
        channels = Channels(course.bus, pool)
        with channels.follow(*broken), channels.follow(TENANT, COURSE) as (_, reader):
            change = await course.commit([await course.enroll(1)], 1)
            course.bus.publish(1, [change, Change(1, *broken, frozenset())])
            told = await reader.take(10)
            assert told is not None
            assert [one.position for one in told] == [1]


async def test_a_change_that_comes_with_the_first_reader_is_told(database_url: str) -> None:
    async with live_course(database_url) as (course, _), read_pool(database_url) as pool:
        channels = Channels(course.bus, pool)
        change = await course.commit([await course.enroll(1)], 1)
        with channels.follow(TENANT, COURSE) as (_, reader):
            course.bus.publish(1, [change])
            told = await reader.take(10)
            assert told is not None
            assert [one.position for one in told] == [1]


def channel_tasks() -> list[str]:
    """The channels that run."""
    return [name for task in asyncio.all_tasks() if (name := task.get_name()).startswith("channel")]


async def test_a_reader_who_takes_nothing_is_cut_off(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lrs.api.live.SEND_SECONDS", 0.5)
    made: list[Channels] = []

    def noted(bus: Bus, pool: Pool) -> Channels:
        made.append(Channels(bus, pool))
        return made[-1]

    monkeypatch.setattr("lrs.api.live.Channels", noted)
    async with live_course(database_url) as (course, client):
        await course.connection.execute("UPDATE outline_node SET title = repeat('long ', 1000000)")
        await course.tell([await course.enroll(1)], 1)
        request = client.build_request("GET", f"{URL}/live", params={"after": 0})
        signed_in = next(httpx.BasicAuth("reader", "reader-secret").auth_flow(request))
        head = f"GET {request.url.raw_path.decode()} HTTP/1.1\r\nHost: localhost\r\n"
        with socket.create_connection((client.base_url.host, client.base_url.port)) as line:
            line.sendall(f"{head}Authorization: {signed_in.headers['authorization']}\r\n\r\n".encode())
            async with asyncio.timeout(10):
                while not channel_tasks():  # noqa: ASYNC110 - the server has no event for it
                    await asyncio.sleep(0.05)
                while channel_tasks():
                    await asyncio.sleep(0.3)
                    await course.tell([], course.position + 1)
                while not made[0].cut:  # noqa: ASYNC110 - likewise
                    await asyncio.sleep(0.05)
