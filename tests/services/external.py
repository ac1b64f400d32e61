"""A PostgreSQL that somebody else runs: tests make and drop databases in it, and never stop it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.databases import drop_template
from tests.services.missing import go_without
from tests.services.postgres import PostgresServer


class ExternalServer(PostgresServer):
    """The server at a libpq URL whose user may create databases. A test that wants to end it goes without."""

    def __init__(self, url: str) -> None:
        super().__init__([], url, Path())

    def start(self) -> None:
        self._not_ours()

    def stop(self) -> None:
        self._not_ours()

    def kill(self) -> None:
        self._not_ours()

    def restart(self) -> None:
        self._not_ours()

    def _not_ours(self) -> None:
        go_without("this test stops its server: run it without LRS_TEST_TIMESCALE_URL")


@contextmanager
def running_server(url: str) -> Iterator[ExternalServer]:
    """The server at `url`, left at the end without the databases that tests made."""
    server = ExternalServer(url)
    try:
        yield server
    finally:
        drop_template(server)
