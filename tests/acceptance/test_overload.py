"""More than can be stored: whoever comes too late is told so at once, and what was refused is not there."""

import asyncio
import resource
from contextlib import closing
from uuid import UUID

import msgspec
import psutil
import psycopg
import pytest

from lrs.serving import FILES
from tests.acceptance.account import stored_ids
from tests.acceptance.accountable_writers import Answer, Client, sent_again
from tests.acceptance.accountable_writers import Sent as Request
from tests.acceptance.endpoint import new_statement
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer

pytestmark = pytest.mark.anyio

BATCHES, SIZE = 44, 500
LOCK = "LOCK TABLE statement_id IN ACCESS EXCLUSIVE MODE"


def request() -> Request:
    batch = [new_statement() for _ in range(SIZE)]
    return Request(tuple(UUID(one["id"]) for one in batch), msgspec.json.encode(batch))


async def post(origin: str, one: Request) -> Answer:
    with closing(Client(origin)) as client:
        answer = await client.post(one.body)
    one.status = answer.status
    return answer


async def some(waiting: list[asyncio.Task[Answer]]) -> list[Answer]:
    """The answers there are as soon as there are any."""
    done, _ = await asyncio.wait(waiting, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    return [one.result() for one in done]


async def test_a_queue_that_is_full(embedded_server: PostgresServer) -> None:
    sent = [request() for _ in range(BATCHES)]
    with migrated_database(embedded_server) as url, serving(url) as server:
        assert (await post(server.origin, request())).status == 200
        with psycopg.connect(url) as database:
            database.execute(LOCK)  # nothing is stored until this is over
            waiting = [asyncio.create_task(post(server.origin, one)) for one in sent]
            refused = await some(waiting)
            assert refused
            for answer in refused:
                assert answer.status == 503
                assert 0 < int(answer.headers["retry-after"]) < 60
                assert msgspec.json.decode(answer.body)["title"] == "Too busy"
                assert answer.headers["x-experience-api-version"] == "1.0.3"
            with closing(Client(server.origin)) as client:
                assert (await client.ask("GET", "/xapi/about")).status == 200
        statuses = [answer.status for answer in await asyncio.gather(*waiting)]
        assert set(statuses) == {200, 503}
        stored = set(stored_ids(url))
        for one in sent:
            assert stored.issuperset(one.ids) if one.status == 200 else stored.isdisjoint(one.ids)
        assert set(await sent_again(server.origin, [one for one in sent if one.status == 503])) == {200}
        assert len(stored_ids(url)) == (BATCHES + 1) * SIZE


def test_as_many_connections_as_the_system_allows(embedded_server: PostgresServer) -> None:
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(few, 300), most))
    try:
        with migrated_database(embedded_server) as url, serving(url) as server:
            _, process = sorted(psutil.Process(server.pid).children(), key=lambda one: one.create_time())
            assert process.rlimit(psutil.RLIMIT_NOFILE)[0] == min(most, FILES)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, most))


async def test_bodies_that_are_too_many_together(embedded_server: PostgresServer) -> None:
    one, other = request(), request()
    bound = len(one.body) + len(other.body) - 1
    limits = {"LRS_MAX_HELD_BYTES": str(bound)}
    with migrated_database(embedded_server) as url, serving(url, **limits) as server, psycopg.connect(url) as database:
        database.execute(LOCK)
        waiting = [asyncio.create_task(post(server.origin, each)) for each in (one, other)]
        (answer,) = await some(waiting)
        assert answer.status == 503
        assert "retry-after" in answer.headers
        database.rollback()
        assert sorted(answer.status for answer in await asyncio.gather(*waiting)) == [200, 503]
        assert set(await sent_again(server.origin, [one, other])) == {200}
