"""Whatever is killed under load, and without a restart of the server: what was acknowledged is there, once; who was
told otherwise may send it again; and the read models are those of the log.
"""

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from lrs.embedded import visited
from tests.acceptance.account import faults, must_equal_a_rebuild, stored_ids
from tests.acceptance.accountable_writers import Writers, sent_again
from tests.services import timescaledb
from tests.services.databases import migrated_database
from tests.services.lrs_server import LrsServer, serving
from tests.services.missing import or_go_without

pytestmark = pytest.mark.one_database("timescaledb")

CONNECTIONS = 16
PAUSE = 0.1
WORKERS = "2"
BACKEND = "SELECT pid FROM pg_stat_activity WHERE application_name = 'lrs-write' AND datname = current_database()"


@dataclass
class Store:
    """A server, and the database below it.

    kill_database: somebody starts it again. at_rest: the URL of the database once the server is gone.
    """

    server: LrsServer
    url: str
    kill_database: Callable[[], None]
    at_rest: Callable[[], AbstractContextManager[str]]


@contextmanager
def over_timescaledb() -> Iterator[Store]:
    """A durable database, which whoever looks after it starts again."""
    with (
        or_go_without(),
        timescaledb.running_server(durable=True) as database,
        migrated_database(database) as url,
        serving(url, LRS_WORKERS=WORKERS) as server,
    ):

        def kill() -> None:
            database.kill()
            database.start()

        yield Store(server, url, kill, lambda: nullcontext(url))


@contextmanager
def over_embedded(folder: Path) -> Iterator[Store]:
    """The database that the server itself looks after; only the first of its processes is killed."""
    server = LrsServer(LRS_DATA_DIR=str(folder), LRS_WORKERS=WORKERS)
    server.start()
    try:
        with visited(folder) as url:
            yield Store(server, url, lambda: os.kill(postmaster_of(folder), signal.SIGKILL), lambda: visited(folder))
    finally:
        server.kill()


def postmaster_of(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])


@pytest.fixture(params=["embedded", "timescaledb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Two API processes over either database."""
    with over_embedded(tmp_path / "data") if request.param == "embedded" else over_timescaledb() as made:
        yield made


def child(store: Store, number: int) -> int:
    """The processor is the first, the API processes follow."""
    children = psutil.Process(store.server.pid).children()
    return sorted(children, key=lambda one: one.create_time())[number].pid


def backend(store: Store) -> int:
    """One that writes statements."""
    with psycopg.connect(store.url) as connection:
        row = connection.execute(BACKEND).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.anyio
async def test_whatever_is_killed_under_load(store: Store) -> None:
    with Writers(store.server.origin, CONNECTIONS, seed=4, pause=PAUSE) as writers:
        writers.must_go_on()
        os.kill(child(store, 1), signal.SIGKILL)
        writers.must_go_on()
        os.kill(child(store, 0), signal.SIGKILL)
        writers.must_go_on()
        os.kill(backend(store), signal.SIGKILL)
        writers.must_go_on()
        store.kill_database()
        writers.must_go_on()
    assert not writers.wrong
    assert any(one.status == 0 for one in writers.sent)
    assert not faults(stored_ids(store.url), writers.sent)

    again = [*writers.others, *random.Random(1).sample(writers.acknowledged, 50)]
    assert set(await sent_again(store.server.origin, again)) == {200}
    stored = stored_ids(store.url)
    assert stored.total() == len(stored) == sum(len(one.ids) for one in writers.sent)

    assert store.server.stop() == 0
    with store.at_rest() as url:
        await must_equal_a_rebuild(url, len(stored))
