"""A PostgreSQL server that never outlives the process that started it, and that a test may kill and restart.

Three nets: `stop` at the end of the session, `atexit` where the session is cut short, and the kernel's
parent-death signal (through `setpriv`) where the session itself is killed.
"""

import atexit
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from tests.services.folders import kill_all

START_TIMEOUT = 60.0  # seconds

# For every server under test. Without fsync a killed server loses nothing: only a power cut would tell.
SETTINGS = {"max_locks_per_transaction": "256", "max_connections": "200", "log_min_messages": "warning"}
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


class PostgresServer:
    """One server process. `url` is a libpq URL of its maintenance database and stays the same over restarts.

    Start it from a thread that lives as long as the server should: the kernel ties the two together.
    """

    def __init__(self, command: Sequence[str], url: str, log: Path) -> None:
        self.url = url
        self.template: str | None = None  # the database that tests.services.databases copies
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start; return once it answers; RuntimeError with the end of its log where it does not."""
        assert self._process is None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        atexit.register(self.stop)
        deadline = time.monotonic() + START_TIMEOUT
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """Shut down in an orderly way; nothing happens where it does not run."""
        atexit.unregister(self.stop)
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """The crash: SIGKILL to the server and all its processes, which are gone when this returns.

        Restart it, in the end: only PostgreSQL's next start gives the crashed one's shared memory back.
        """
        atexit.unregister(self.stop)
        if self._process is None:
            return
        if self._process.poll() is None:
            kill_all(self._process.pid)
        self._process.wait(10)
        self._process = None

    def restart(self) -> None:
        """Stop where it runs, then start on the same data and the same address."""
        self.stop()
        self.start()


def tied_to_us(user: str | None, *, setpriv: str | None = None, dying: str = "QUIT") -> list[str]:
    """The words before a command that make it run as `user` (None: as we are) and end, by the signal `dying`, when we
    end.

    Without `setpriv` (macOS) the command still runs, tied to us by `atexit` alone; as root it cannot, since
    PostgreSQL refuses to be root.
    """
    setpriv = setpriv or shutil.which("setpriv")
    if setpriv is None:
        return []
    as_user = [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
    return [setpriv, *as_user, f"--pdeathsig={dying}", "--"]


def settings_as_options(*settings: dict[str, str]) -> list[str]:
    """Configuration as `-c name=value` words; later dictionaries win."""
    merged = {name: value for part in settings for name, value in part.items()}
    return [word for name, value in merged.items() for word in ("-c", f"{name}={value}")]
