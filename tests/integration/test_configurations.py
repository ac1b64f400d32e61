"""The store of the configuration: several processes on one log, each with what it has folded so far."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from lrs.configuration.store import MOST_TENANTS, PAGE, Configurations
from lrs.database import read_pool
from lrs.statement_log.control_events import QUERIES
from projections.course_configuration import fold
from schemas import configuration_refusal, course_outline
from schemas.course_configuration import KINDS, ConfigurationEvent, read_configuration_event, read_recorded_event
from schemas.errors import ConfigurationRefused, NotFound

TENANT = 1
COURSE = "https://x.example/course"
READS = "lrs.configuration.store.read_recorded_event"
PERSONS = [f"mbox:mailto:{name}@x.example" for name in ("ann", "anna", "annie")]
CLOCK = """
INSERT INTO control_event (position, tenant, recorded, kind, payload)
    SELECT nextval('event_position'), %(tenant)s, now(), 'clock.tick', '{}' FROM generate_series(1, 5000)
"""


@asynccontextmanager
async def stores(url: str, count: int) -> AsyncIterator[list[Configurations]]:
    """So many, as of so many processes."""
    async with AsyncExitStack() as stack:
        pools = [await stack.enter_async_context(read_pool(url, size=2)) for _ in range(count)]
        yield [Configurations(pool, pool) for pool in pools]


def merged(person: str, into: str) -> ConfigurationEvent:
    return read_configuration_event("person.merged", {"by": "admin", "person": person, "into": into})


def policy(mark: float) -> ConfigurationEvent:
    said = {"by": "admin", "course": COURSE, "policy": {"pass_mark": mark}}
    return read_configuration_event("policy.set", said)


@pytest.mark.anyio
async def test_a_ring_is_never_closed_whoever_races(database_url: str) -> None:
    """Any two of the three merges may stand, and never all: somebody would be nobody."""
    ring = [merged(person, PERSONS[(index + 1) % 3]) for index, person in enumerate(PERSONS)]
    async with stores(database_url, 3) as racing:
        outcomes = await asyncio.gather(
            *(store.change(TENANT, [event]) for store, event in zip(racing, ring, strict=True)), return_exceptions=True
        )
        assert sum(isinstance(one, ConfigurationRefused) for one in outcomes) == 1
        known = [await store.now(TENANT) for store in racing]
        assert all(len(one.merges) == 2 for one in known)
        assert len({one.person(person) for one in known for person in PERSONS}) == 1


@pytest.mark.anyio
async def test_what_is_folded_bit_by_bit_is_what_all_events_make(database_url: str) -> None:
    async with stores(database_url, 2) as (one, other):
        for number in range(PAGE + 3):
            store = other if number % 3 else one
            change = await store.change(TENANT, [policy(number / 100)])
            assert change.version == number + 1
        events = await one.history(TENANT, None, before=2**62, limit=1000)
        assert [event.position for event in events] == sorted((event.position for event in events), reverse=True)
        assert {event.kind for event in events} <= set(KINDS)
        for store in (one, other):
            assert await store.now(TENANT) == fold(events)
        assert await one.at(TENANT, events[PAGE].position) == fold(events, events[PAGE].position)


@pytest.mark.anyio
async def test_nothing_is_recorded_where_one_of_several_is_refused(database_url: str) -> None:
    async with stores(database_url, 2) as (one, other):
        await one.change(TENANT, [merged(PERSONS[0], PERSONS[1])])
        with pytest.raises(ConfigurationRefused):
            await one.change(TENANT, [merged(PERSONS[2], PERSONS[1]), merged(PERSONS[1], PERSONS[0])])
        tried = await one.change(TENANT, [policy(0.5)], keep=False)
        assert (tried.changed, tried.version) == (True, 1)
        for store in (one, other):
            assert len((await store.now(TENANT)).merges) == 1
            assert not (await store.now(TENANT)).courses
        with pytest.raises(NotFound):
            await one.change(7, [policy(0.5)])


def scrolled(parts: int) -> ConfigurationEvent:
    """A rule that says less than is kept of it."""
    when = {"rule": "any", "of": [{"rule": "scroll_depth"}] * parts}
    said = {"course": COURSE, "node": COURSE, "rule": {"when": when}}
    return read_configuration_event("rule.set", {"by": "admin", **said})


@pytest.mark.anyio
async def test_what_is_set_can_be_read_back_whatever_is_refused_later(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is kept it is judged before it is kept; afterwards no bound that is narrower shuts anybody out."""
    outline = {"course": COURSE, "nodes": [{"id": f"{COURSE}/{number}"} for number in range(9)]}
    set_outline = read_configuration_event("outline.set", {"by": "admin", "course": COURSE, "outline": outline})
    async with stores(database_url, 2) as (one, other):
        with monkeypatch.context() as narrow:
            narrow.setattr(configuration_refusal, "MOST_VALUES", 30)
            event = scrolled(10)
            with pytest.raises(ConfigurationRefused, match="must have at most 30 values"):
                await one.change(TENANT, [event])
        for event in (set_outline, scrolled(10)):
            await one.change(TENANT, [event])
        with monkeypatch.context() as narrow:
            narrow.setattr(configuration_refusal, "MOST_VALUES", 3)
            narrow.setattr(course_outline, "MOST_NODES", 3)
            known = await other.now(TENANT)
        assert (known.course(COURSE).version, len(known.course(COURSE).nodes)) == (2, 9)
        assert (await other.change(TENANT, [policy(0.5)])).version == 3


@pytest.mark.anyio
async def test_while_the_past_is_folded_others_set_and_read(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stores(database_url, 2) as (one, other):
        past = (await other.change(TENANT, [policy(0.1)])).position
        await one.now(TENANT)
        begun, go_on = threading.Event(), threading.Event()

        def slowly(kind: str, payload: Any) -> ConfigurationEvent:
            begun.set()
            assert go_on.wait(30)
            return read_recorded_event(kind, payload)

        with monkeypatch.context() as slow:
            slow.setattr(READS, slowly)
            folding = asyncio.create_task(one.at(TENANT, past))
            assert await asyncio.to_thread(begun.wait, 20)
        assert (await asyncio.wait_for(other.change(TENANT, [policy(0.2)]), 20)).changed
        assert (await one.now(TENANT)).course(COURSE).version == 2
        go_on.set()
        assert (await folding).course(COURSE).version == 1


@pytest.mark.anyio
async def test_what_is_new_is_folded_once_however_many_ask(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folded: list[str] = []

    def counted(kind: str, payload: Any) -> ConfigurationEvent:
        folded.append(kind)
        return read_recorded_event(kind, payload)

    async with stores(database_url, 2) as (one, other):
        for number in range(5):
            await one.change(TENANT, [policy(number / 10)])
        monkeypatch.setattr(READS, counted)
        found = await asyncio.gather(*(other.now(TENANT) for _ in range(8)))
        assert len(folded) == 5
        assert {one.course(COURSE).version for one in found} == {5}
        for tenant in range(TENANT + 1, TENANT + 1 + MOST_TENANTS):
            assert not (await other.now(tenant)).courses
        assert (await other.now(TENANT)).course(COURSE).version == 5
        assert len(folded) == 10


@pytest.mark.anyio
async def test_what_configures_is_found_among_the_events_of_the_clock(database_url: str) -> None:
    async with stores(database_url, 1) as (one,), read_pool(database_url, size=1) as pool, pool.connection() as read:
        after = (await one.change(TENANT, [policy(0.1)])).position
        await read.execute(CLOCK, {"tenant": TENANT})
        await read.execute("ANALYZE control_event")
        values = {"tenant": TENANT, "kinds": list(KINDS), "until": 2**62, "limit": PAGE}
        for position in (0, after):
            cursor = await read.execute(f"EXPLAIN {QUERIES.control_events_after.sql}", {**values, "after": position})
            assert "control_event_configuring" in str(await cursor.fetchall())
