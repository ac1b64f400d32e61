"""What is appended is stored once, whole and to the byte, or not at all, however many append the same at once."""

import asyncio
import json
import random
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import pytest

from lrs.database import read_pool, write_pool
from lrs.statement_log.log import Authority, StatementLog
from lrs.statement_log.recorded import instant
from lrs.statement_log.search import Search
from schemas.errors import StatementConflict
from schemas.log_event import StatementEvent
from schemas.statement import NewStatement, read_statements
from schemas.statement_query import read_statement_query
from schemas.version import XapiVersion
from streams.log_tail import LogTail
from tests.acceptance.course_log import TENANT, CourseLog
from tests.integration.log_under_load import START

pytestmark = pytest.mark.anyio

V1 = XapiVersion.V1_0_3
TASKS, TURNS, SHARED = 8, 25, 40
PLAIN = (
    '{"id":"6d1b9a52-0f0e-4e57-8f0c-7e1c0f2a3b4N","actor":{"mbox":"mailto:a@example.com"},"version":"1.0.0",'
    '"verb":{"id":"http://example.com/verb"},"object":{"id":"http://example.com/object"},'
)
AWKWARD = [
    PLAIN.replace("N", str(number)) + rest
    for number, rest in enumerate(
        (
            '"result":{"extensions":{"http://example.com/e":0.12345678901234567}}}',
            '"result":{"extensions":{"http://example.com/e":[1e400,-1e400,1e-400,1E+2,-0,-0.0,1.0,10e-1]}}}',
            '"result":{"extensions":{"http://example.com/e":123456789012345678901234567890}}}',
            '"result":{"response":"äöü 漢字 😀 \\u00e4\\ud83d\\ude00 \\/ \\" \\\\ \\n \u2028 e\u0301 \u200f"}}',
            '"result" \t:\r\n {\n\n"success" : true ,"completion":false}  }',
            '"timestamp":"2026-03-01T08:00:00.123456789+05:30"}',
            '"result":{"duration":"PT0.10S","score":{"scaled":0.50,"raw":5e-1,"min":0.0,"max":1.00}}}',
        )
    )
]


def statement(identity: UUID, response: str = "a") -> dict[str, Any]:
    """A statement with this id; another response is other content."""
    return {
        "id": str(identity),
        "actor": {"mbox": "mailto:learner@example.com"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {"id": "http://example.com/question"},
        "result": {"response": response},
    }


def voiding(identity: UUID, target: UUID) -> dict[str, Any]:
    """A statement that voids another."""
    return {
        "id": str(identity),
        "actor": {"mbox": "mailto:admin@example.com"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
        "object": {"objectType": "StatementRef", "id": str(target)},
    }


def read(*statements: dict[str, Any]) -> list[NewStatement]:
    """The statements as a request brings them."""
    return read_statements(msgspec.json.encode(statements), V1)


def ids(count: int, seed: int = 1) -> list[UUID]:
    """The same ids for the same seed."""
    chance = random.Random(seed)
    return [UUID(int=chance.getrandbits(128), version=4) for _ in range(count)]


def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the log and of what belongs to it, as text."""
    tables = ("statement_id", "statement", "statement_void")
    with psycopg.connect(url) as connection:
        return {one: connection.execute(f"SELECT t::text FROM {one} AS t ORDER BY 1").fetchall() for one in tables}


async def events(url: str) -> list[StatementEvent]:
    """The statements of the log as a projection gets them."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        tail, at, found = LogTail(connection), START, list[StatementEvent]()
        row = await (await connection.execute("SELECT last_value FROM event_position")).fetchone()
        assert row is not None
        async with asyncio.timeout(10):
            while at.position < row[0]:
                some, at = await tail.read(at, 1000)
                found += [one for one in some if isinstance(one, StatementEvent)]
        return found


async def test_the_same_again_stores_nothing(database_url: str) -> None:
    one, two, three = ids(3)
    async with CourseLog.open(database_url) as log:
        first = await log.log.append(TENANT, log.authority, read(statement(one), voiding(two, one)))
        before = contents(database_url)
        again = await log.log.append(TENANT, log.authority, read(voiding(two, one), statement(one)))
        written_otherwise = dict(reversed(statement(one).items())) | {"id": str(one).upper()}
        otherwise = await log.log.append(TENANT, log.authority, read(written_otherwise))
        nothing = await log.log.append(TENANT, log.authority, [])
        after = contents(database_url)
        mixed = await log.log.append(TENANT, log.authority, read(statement(three), statement(one)))
    found = await events(database_url)
    assert again == otherwise == nothing == []
    assert after == before
    assert {event.id: event.position for event in found} == dict(zip((one, two, three), first + mixed, strict=True))


@pytest.mark.parametrize("place", [0, 1, 3])
async def test_other_content_stores_nothing_of_the_batch(database_url: str, place: int) -> None:
    known, *new = ids(5)
    async with CourseLog.open(database_url) as log:
        await log.append([statement(known)])
        before = contents(database_url)
        batch = [statement(new[0]), voiding(new[1], known), statement(new[2])]
        batch.insert(place, statement(known, "b"))
        with pytest.raises(StatementConflict) as conflict:
            await log.log.append(TENANT, log.authority, read(*batch))
        assert conflict.value.statement_id == known
        assert contents(database_url) == before
        place_of_known = await log.log.place_of(TENANT, known)
        assert place_of_known is not None
        assert not place_of_known.voided
        assert await log.log.place_of(TENANT, new[0]) is None
        assert len(await log.log.append(TENANT, log.authority, read(statement(new[0])))) == 1


async def test_a_tenant_does_not_meet_the_ids_of_another(database_url: str) -> None:
    (one,) = ids(1)
    async with CourseLog.open(database_url) as log:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("INSERT INTO tenant (tenant, name) VALUES (2, 'other')")
        await log.append([statement(one)])
        assert await log.log.place_of(2, one) is None
        assert len(await log.log.append(2, log.authority, read(statement(one, "b")))) == 1
        places = [await log.log.place_of(tenant, one) for tenant in (TENANT, 2)]
        recorded = [await log.log.statement_at(place) for place in places if place]
    assert [msgspec.json.decode(one.payload)["result"]["response"] for one in recorded if one] == ["a", "b"]


@dataclass
class Written:
    """A batch that one of the racing writers has sent, and what came of it."""

    batch: list[NewStatement]
    mark: UUID
    positions: list[int] | None = None
    conflict: UUID | None = None


async def send(log: StatementLog, authority: Authority, chance: random.Random, shared: list[UUID]) -> list[Written]:
    """Batches of statements that others send too, a few of them with other content, and one that is its own."""
    sent = []
    for _ in range(TURNS):
        mark = UUID(int=chance.getrandbits(128), version=4)
        some = chance.sample(shared, chance.randrange(1, 15))
        batch = [statement(one, "b" if chance.random() < 0.01 else "a") for one in some]
        batch.append(voiding(mark, chance.choice(shared)))
        chance.shuffle(batch)
        one = Written(read(*batch), mark)
        try:
            one.positions = await log.append(TENANT, authority, one.batch)
        except StatementConflict as conflict:
            one.conflict = conflict.statement_id
        sent.append(one)
    return sent


@pytest.mark.parametrize("servers", [1, TASKS])
async def test_racing_writers(database_url: str, servers: int) -> None:
    """Through one log, where they are written together, and as many servers, where the database alone keeps order."""
    shared = ids(SHARED, seed=TASKS)  # no writer draws from this seed
    async with (
        CourseLog.open(database_url) as course,
        write_pool(database_url, size=TASKS) as write,
        read_pool(database_url) as reading,
    ):
        logs = [StatementLog(write, reading) for _ in range(servers)]
        tasks = [
            send(logs[number % servers], course.authority, random.Random(number), shared) for number in range(TASKS)
        ]
        sent = [one for some in await asyncio.gather(*tasks) for one in some]
    with psycopg.connect(database_url) as connection:
        gate = {row[0]: row[1:] for row in connection.execute("SELECT id, position, digest FROM statement_id")}
        stored = connection.execute("SELECT id, position FROM statement").fetchall()
        voids = connection.execute("SELECT voiding, position FROM statement_void").fetchall()

    accepted = [one for one in sent if one.conflict is None]
    refused = [one for one in sent if one.conflict is not None]
    assert min(len(accepted), len(refused)) > 5
    assert sorted(stored) == sorted((one, position) for one, (position, _) in gate.items())
    assert sorted(voids) == sorted((one.mark, gate[one.mark][0]) for one in accepted)
    assert sorted(position for one in accepted for position in one.positions or ()) == sorted(at for _, at in stored)
    for one in accepted:
        assert gate[one.mark][0] in (one.positions or ())
        assert all(gate[each.id][1] == each.digest for each in one.batch)
    for one in refused:
        assert one.mark not in gate
        assert [each.digest != gate[each.id][1] for each in one.batch if each.id == one.conflict] == [True]


async def test_two_contents_of_one_id_at_the_same_moment(database_url: str) -> None:
    """The first keeps his transaction open: the second must wait for it to end, and is then told."""
    for rolled_back in (False, True):
        (one,) = ids(1, seed=int(rolled_back))
        async with CourseLog.open(database_url) as log:
            first, second = read(statement(one, "a")), read(statement(one, "b"))
            async with await psycopg.AsyncConnection.connect(database_url) as holder:
                await holder.execute(
                    "INSERT INTO statement_id VALUES (%s, %s, now(), 0, %s)", [TENANT, one, first[0].digest]
                )
                waiting = asyncio.create_task(log.log.append(TENANT, log.authority, second))
                await asyncio.sleep(0.2)
                assert not waiting.done()
                await (holder.rollback() if rolled_back else holder.commit())
            if rolled_back:
                assert len(await waiting) == 1
            else:
                with pytest.raises(StatementConflict):
                    await waiting


async def test_the_text_is_kept_to_the_byte(database_url: str) -> None:
    async with CourseLog.open(database_url) as log:
        batch = read_statements(f"[ {' , '.join(AWKWARD)} ]".encode(), V1)
        await log.log.append(TENANT, log.authority, batch)
        for one, text in zip(batch, AWKWARD, strict=True):
            place = await log.log.place_of(TENANT, one.id)
            assert place is not None
            recorded = await log.log.statement_at(place)
            assert recorded is not None
            assert recorded.payload == text
            assert recorded.document().startswith(text.rstrip()[:-1])
            document = json.loads(recorded.document(), parse_float=str, parse_int=str)
            assert document == json.loads(text, parse_float=str, parse_int=str) | {
                "stored": instant(place.stored),
                "timestamp": document["timestamp"],
                "authority": log.authority.agent,
            }
    assert [event.payload for event in await events(database_url)] == AWKWARD


async def test_numbers_that_no_double_holds_do_no_harm(database_url: str) -> None:
    """They are searched and projected like any other statement."""
    async with CourseLog.open(database_url) as log, read_pool(database_url) as pool:
        await log.log.append(TENANT, log.authority, read_statements(AWKWARD[1].encode(), V1))
        query = read_statement_query([("agent", '{"mbox":"mailto:a@example.com"}')], V1)
        page = await Search(pool).page(TENANT, await log.log.salt(TENANT), query, None, 10)
        assert await log.project() == 1
        assert [one.payload for one in page.statements] == [AWKWARD[1]]
        assert log.differences() == []


@pytest.mark.parametrize("order", ["target first", "voiding first", "one batch", "one batch, voiding first"])
async def test_voiding_shows_whichever_came_first(database_url: str, order: str) -> None:
    target, by = ids(2)
    batch = [statement(target), voiding(by, target)]
    if order.endswith("voiding first"):
        batch.reverse()
    async with CourseLog.open(database_url) as log:
        if order.startswith("one batch"):
            await log.append(batch)
        else:
            await log.append(batch[:1])
            alone = await log.log.place_of(TENANT, UUID(batch[0]["id"]))
            assert alone is not None
            assert not alone.voided
            await log.append(batch[1:])
        places = [await log.log.place_of(TENANT, one) for one in (target, by)]
    assert [place.voided for place in places if place] == [True, False]
    found = {event.id: event for event in await events(database_url)}
    if found[target].position < found[by].position:
        assert found[target].voided_position is None
        assert found[by].voids_position == found[target].position
    else:
        assert found[target].voided_position == found[by].position
        assert found[by].voids_position is None


@pytest.mark.parametrize("reversed_order", [False, True])
async def test_a_voiding_statement_stays_in_force(database_url: str, reversed_order: bool) -> None:
    """A voiding statement cannot be voided (xAPI Data 2.3.2): what it voids stays voided."""
    target, by, against = ids(3)
    batch = [statement(target), voiding(by, target), voiding(against, by)]
    async with CourseLog.open(database_url) as log:
        for one in reversed(batch) if reversed_order else batch:
            await log.append([one])
        places = [await log.log.place_of(TENANT, one) for one in (target, by, against)]
        await log.project()
        assert log.differences() == []
    assert [place.voided for place in places if place] == [True, False, False]
