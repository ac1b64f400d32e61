"""Definitions are merged with the statements that say them: once, all or nothing, whoever else stores at the time."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from psycopg import AsyncConnection

from lrs.database import write_pool
from lrs.statement_log import definitions as module
from lrs.statement_log.definitions import LARGEST, MOST_DIGESTS, Merged
from lrs.statement_log.log import StatementLog
from schemas.errors import StatementConflict
from schemas.statement import NewStatement, read_statements
from schemas.version import XapiVersion
from tests.acceptance.course_log import TENANT, CourseLog
from tests.integration.test_append_locks import until_somebody_waits

pytestmark = pytest.mark.anyio

IRI = "http://example.com/activity"
Json = dict[str, Any]
WRITERS = 6


def said(*definitions: Json, iri: str = IRI, id: UUID | None = None) -> list[NewStatement]:
    """A statement about the activity for each definition."""
    values = [
        {
            "id": str(id or uuid4()),
            "actor": {"mbox": "mailto:learner@example.com"},
            "verb": {"id": "http://example.com/did"},
            "object": {"id": iri, "definition": one},
        }
        for one in definitions
    ]
    return read_statements(msgspec.json.encode(values), XapiVersion.V1_0_3)


def name(text: str, language: str = "en") -> Json:
    return {"name": {language: text}}


class Logs:
    """Several logs over one database, as so many servers have."""

    def __init__(self, course: CourseLog, logs: list[StatementLog]) -> None:
        self.course = course
        self.all = logs

    async def say(self, at: int, *definitions: Json, iri: str = IRI) -> None:
        """Store statements by one of the logs."""
        await self.all[at].append(TENANT, self.course.authority, said(*definitions, iri=iri))

    async def known(self, iri: str = IRI) -> Json | None:
        """What is known of the activity, numbers as they are."""
        found = await self.all[0].definitions.merged(TENANT, [iri])
        return None if not found else msgspec.json.decode(msgspec.json.encode(found[iri]))

    def version(self, iri: str = IRI) -> tuple[int, int]:
        """How often the definition was changed, and the transaction that wrote or locked its row last."""
        with psycopg.connect(self.course.url) as connection:
            row = connection.execute(
                "SELECT version, xmax::text::bigint FROM activity_definition WHERE activity = %s", [iri]
            ).fetchone()
        assert row is not None
        return row


@asynccontextmanager
async def opened(url: str, count: int = 2) -> AsyncIterator[Logs]:
    async with CourseLog.open(url) as course, write_pool(url, size=count * 2) as pool:
        yield Logs(course, [StatementLog(pool, pool) for _ in range(count)])


async def test_what_is_known_is_not_looked_at_again(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    async with opened(database_url) as logs:
        await logs.say(0, name("a"))
        before = logs.version()
        await logs.say(0, name("a"), {}, name("a"))
        assert logs.version() == before == (1, 0)
        await logs.say(0, name("b", "de"), name("c"))
        assert logs.version()[0] == 2
        await logs.say(0, name("b", "de"), name("c"))  # in different order: nothing contradicts
        await logs.say(0, name("c"), name("b", "de"))
        assert logs.version()[0] == 2
        await logs.say(0, name("a"))  # what was known once is contradicted since
        assert logs.version()[0] == 3
        locked = logs.version()
        await logs.say(1, name("a"))
        assert logs.version()[0] == 3
        assert logs.version() != locked  # the other server had to look
        await logs.say(1, name("z"))
        await logs.say(0, name("a"))
        assert await logs.known() == {"name": {"en": "z", "de": "b"}}  # within KNOWN_SECONDS
        now += module.KNOWN_SECONDS
        await logs.say(0, name("a"))
        assert await logs.known() == {"name": {"en": "a", "de": "b"}}


async def test_one_batch_of_contradictions(database_url: str) -> None:
    """The last of the batch counts; each alone is known or not, as it stands to what came of them all."""
    async with opened(database_url) as logs:
        await logs.say(0, name("a"), name("b"), {"type": "x:t"}, name("a"), {"extensions": {"x:n": 1}}, {"type": "x:u"})
        whole = {"name": {"en": "a"}, "type": "x:u", "extensions": {"x:n": 1}}
        assert await logs.known() == whole
        await logs.say(0, name("a"), {"type": "x:u"}, {"extensions": {"x:n": 1}})
        assert logs.version() == (1, 0)
        await logs.say(0, name("b"))
        assert await logs.known() == whole | name("b")


async def test_a_conflict_defines_nothing(database_url: str) -> None:
    identity, other = uuid4(), "http://example.com/other"
    async with opened(database_url) as logs:
        authority = logs.course.authority
        await logs.all[0].append(TENANT, authority, said(name("a"), id=identity))
        batch = [*said(name("b")), *said(name("b"), iri=other, id=identity)]
        with pytest.raises(StatementConflict):
            await logs.all[0].append(TENANT, authority, batch)
        assert await logs.known() == name("a")
        assert await logs.known(other) is None
        await logs.all[0].append(TENANT, authority, batch[:1])
        assert await logs.known() == name("b")
        await logs.all[0].append(TENANT, authority, said(name("sent again"), id=identity))
        assert await logs.known() == name("b")
        await logs.all[0].append(TENANT, authority, said(name("no")), defines=False)
        assert await logs.known() == name("b")


async def test_racing_servers_lose_nothing_and_never_deadlock(database_url: str) -> None:
    """Each says of the same activities, in an order of its own, what only it says; all of it is there in the end."""
    iris = [f"{IRI}/{number}" for number in range(12)]
    expected: dict[str, set[str]] = {iri: set() for iri in iris}

    async def write(logs: Logs, at: int) -> None:
        chance = random.Random(at)
        for turn in range(8):
            key = f"x:{at}-{turn}"
            definition = {"name": {f"x-w{at}": "name", "en": key}, "extensions": {key: turn}}
            some = chance.sample(iris, 6)
            batch = [one for iri in some for one in said(definition, iri=iri)]
            await logs.all[at].append(TENANT, logs.course.authority, batch)
            for iri in some:
                expected[iri].add(key)

    async with opened(database_url, WRITERS) as logs:
        await asyncio.gather(*(write(logs, at) for at in range(WRITERS)))
        for iri, keys in expected.items():
            definition = await logs.known(iri)
            assert definition is not None
            assert set(definition["extensions"]) == keys
            assert set(definition["name"]) == {f"x-w{key[2]}" for key in keys} | {"en"}
            assert definition["name"]["en"] in keys


async def test_who_waits_for_a_definition_merges_into_what_was_committed(database_url: str) -> None:
    async with (
        opened(database_url) as logs,
        await AsyncConnection.connect(database_url) as holder,
        await AsyncConnection.connect(database_url, autocommit=True) as looking,
    ):
        theirs = logs.all[0].definitions
        done = await theirs.write(holder, [(TENANT, theirs.new_in(TENANT, one)) for one in said(name("theirs", "de"))])
        assert [one.version for one in done] == [1]
        waiting = asyncio.create_task(logs.say(1, name("ours")))
        await until_somebody_waits(looking)
        await holder.commit()
        await waiting
        assert await logs.known() == {"name": {"de": "theirs", "en": "ours"}}
        assert logs.version()[0] == 2


async def test_too_large_a_definition_begins_anew(database_url: str) -> None:
    half = "x" * (LARGEST * 2 // 3)
    async with opened(database_url) as logs:
        await logs.say(0, name("a"), name(half, "de"))
        assert await logs.known() == {"name": {"en": "a", "de": half}}
        await logs.say(0, name(half, "fr"))
        assert await logs.known() == name(half, "fr")
        await logs.say(0, name("a"))
        assert await logs.known() == {"name": {"fr": half, "en": "a"}}
        whole = "y" * LARGEST
        await logs.say(0, name(whole))
        assert await logs.known() == name(whole)


async def test_the_memory_is_bounded(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 10)
    async with opened(database_url) as logs:
        kept = logs.all[0].definitions
        (one,) = said(name("a"))
        ((activity, digest),) = module._said(one)
        for number in range(100):
            kept.remember([Merged((TENANT, f"x:{number}"), 1, frozenset([digest]))])
        assert len(kept._young) + len(kept._old) <= 20
        for number in range(100):
            kept.remember([Merged((TENANT, activity), 1, frozenset([bytes([number])]))])
            assert len(kept._young[TENANT, activity].digests) <= MOST_DIGESTS
        kept.remember([Merged((TENANT, activity), 2, frozenset([digest]))])
        kept.remember([Merged((TENANT, activity), 1, frozenset([b"late news"]))])
        assert kept.new_in(TENANT, one) == ()
        assert kept._young[TENANT, activity].digests == {digest}
