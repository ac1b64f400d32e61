"""A durable database and a server over it, for what takes long; and how much memory each of their processes holds."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, count
from statistics import fmean

import psutil
import psycopg

from tests.services import embedded, timescaledb
from tests.services.databases import migrated_database
from tests.services.lrs_server import LrsServer, serving
from tests.services.postgres import PostgresServer

STARTERS = {"timescaledb": timescaledb.running_server, "embedded": embedded.running_server}
DATABASE = "PostgreSQL"
"""The name of all its processes together."""


@dataclass(frozen=True, slots=True)
class Store:
    """What is under load. database: for whoever wants to kill it."""

    url: str
    server: LrsServer
    database: PostgresServer

    def processes(self) -> list[psutil.Process]:
        """The parent, the processor, and the API processes in the order in which they were started."""
        parent = psutil.Process(self.server.pid)
        return [parent, *sorted(parent.children(), key=lambda one: one.create_time())]

    def stored(self) -> int:
        """How many statements the log holds."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute("SELECT count(*) FROM statement").fetchone()
        assert row is not None
        return int(row[0])

    def backends(self, name: str) -> list[int]:
        """The processes of PostgreSQL that serve connections of this name."""
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()"
        with psycopg.connect(self.url) as connection:
            return [row[0] for row in connection.execute(query, [name])]

    def postmaster(self) -> psutil.Process:
        """The first process of the database."""
        with psycopg.connect(self.url) as connection:
            found = psutil.Process(connection.info.backend_pid).parent()
        assert found is not None
        return found


@contextmanager
def running_store(kind: str, workers: int) -> Iterator[Store]:
    """Raises ServiceMissingError where the machine cannot run the database."""
    with (
        STARTERS[kind](durable=True) as database,
        migrated_database(database) as url,
        serving(url, LRS_WORKERS=str(workers)) as server,
    ):
        yield Store(url, server, database)


@dataclass(slots=True)
class Memory:
    """Bytes of every process, second by second: of the server all that is resident, shared with its parent or not; of
    PostgreSQL without the memory that its processes share, which fills up to its bound.
    """

    store: Store
    samples: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def sampled(self) -> Iterator[None]:
        """Around the load."""
        ended = threading.Event()
        postmaster = self.store.postmaster()
        names = chain(("parent", "processor"), (f"API process {number}" for number in count(1)))
        server = dict(zip(names, self.store.processes(), strict=False))

        def run() -> None:
            due = time.monotonic()
            while not ended.wait(max(0.0, due - time.monotonic())):
                due += 1
                for name, process in server.items():
                    with suppress(psutil.NoSuchProcess):
                        self.samples[name].append(process.memory_info().rss)
                self.samples[DATABASE].append(_own(postmaster))

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def most(self) -> dict[str, int]:
        """The largest sample of each."""
        return {name: max(some) for name, some in self.samples.items()}

    def growth(self) -> dict[str, float]:
        """The mean of the last minute over that of the second; nothing where there are no three minutes."""
        return {name: fmean(some[-60:]) / fmean(some[60:120]) for name, some in self.samples.items() if len(some) > 170}


def _own(postmaster: psutil.Process) -> int:
    """What a process and all below it hold for themselves."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        for one in (postmaster, *postmaster.children()):
            with suppress(psutil.NoSuchProcess):
                info = one.memory_info()
                total += info.rss - info.shared
    return total
