"""`lrs serve` as a process of its own, on a free port, that tests may stop, kill and start again."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lrs.server_process import ServerProcess

CREDENTIAL = ("test-key", "test-secret")


class LrsServer:
    """One server; `origin` is known once it has started, and stays the same when it is started again."""

    def __init__(self, **variables: str) -> None:
        self._variables = {"LRS_BOOTSTRAP_CREDENTIAL": ":".join(CREDENTIAL), **variables}
        self._process: ServerProcess | None = None
        self.origin = ""

    def start(self) -> None:
        """Start, and wait until it listens."""
        port = self.origin.rpartition(":")[2] or "0"
        self._process = ServerProcess([sys.executable, "-m", "lrs", "serve", "--port", port], self._variables)
        self.origin = self._process.__enter__()

    @property
    def pid(self) -> int:
        """Of the parent of its processes."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> int:
        """SIGTERM; answers the exit code."""
        assert self._process is not None
        return self._process.stop()

    def kill(self) -> None:
        """SIGKILL: no word of farewell."""
        assert self._process is not None
        self._process.kill()


@contextmanager
def serving(url: str, **variables: str) -> Iterator[LrsServer]:
    """A server over a migrated database."""
    server = LrsServer(LRS_DATABASE_URL=url, **variables)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def serving_embedded(folder: Path) -> Iterator[LrsServer]:
    """A server with the embedded PostgreSQL in this folder."""
    server = LrsServer(LRS_DATA_DIR=str(folder))
    server.start()
    try:
        yield server
    finally:
        server.stop()
