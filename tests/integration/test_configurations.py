"""The store of the configuration: several processes on one log, each with what it has folded so far."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from lrs.configuration.store import PAGE, Configurations
from lrs.database import read_pool
from projections.course_configuration import fold
from schemas.course_configuration import KINDS, ConfigurationEvent, read_configuration_event
from schemas.errors import ConfigurationRefused, NotFound

TENANT = 1
PERSONS = [f"mbox:mailto:{name}@x.example" for name in ("ann", "anna", "annie")]


@asynccontextmanager
async def stores(url: str, count: int) -> AsyncIterator[list[Configurations]]:
    """So many, as of so many processes."""
    async with AsyncExitStack() as stack:
        pools = [await stack.enter_async_context(read_pool(url, size=2)) for _ in range(count)]
        yield [Configurations(pool, pool) for pool in pools]


def merged(person: str, into: str) -> ConfigurationEvent:
    return read_configuration_event("person.merged", {"by": "admin", "person": person, "into": into})


def policy(mark: float) -> ConfigurationEvent:
    said = {"by": "admin", "course": "https://x.example/course", "policy": {"pass_mark": mark}}
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
