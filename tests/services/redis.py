"""A Redis that never outlives the process that started it, and that a test may kill and start again, empty.

The program is Debian's: out of the folder of TimescaleDB, run in a chroot, or the machine's own where there is one.
"""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.services.missing import ServiceMissingError, go_without
from tests.services.postgres import tied_to_us
from tests.services.timescaledb import folder, free_port

START_SECONDS = 10.0
PROGRAM = "usr/bin/redis-server"
KEEPS_NOTHING = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--loglevel", "warning"]


class RedisServer:
    """One server process on a port of its own, which it keeps; it is empty whenever it is started."""

    def __init__(self, command: Sequence[str], port: int) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        self._port = port
        self._command = [*command, *KEEPS_NOTHING, "--port", str(port)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start; return once it answers."""
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        atexit.register(self.kill)
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.01)
        self.kill()
        raise RuntimeError(f"Redis did not start on port {self._port}")

    def kill(self) -> None:
        """SIGKILL; nothing happens where it does not run."""
        atexit.unregister(self.kill)
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def pause(self) -> None:
        """It keeps its connections, takes new ones, and answers nothing: as a network that swallows what is sent."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on where it was paused."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1) as line:
                line.sendall(b"PING\r\n")
                return line.recv(5) == b"+PONG"
        except OSError:
            return False


class ExternalRedis(RedisServer):
    """The server at LRS_TEST_REDIS_URL, which somebody else runs. A test that wants to end it goes without."""

    def __init__(self, url: str) -> None:
        self.url = url

    def start(self) -> None:
        self._not_ours()

    def kill(self) -> None:
        self._not_ours()

    def pause(self) -> None:
        self._not_ours()

    def _not_ours(self) -> None:
        go_without("this test stops its Redis: run it without LRS_TEST_REDIS_URL")


def redis_server() -> list[str]:
    """The words that start it, before its options; raises ServiceMissingError where there is none."""
    root = folder()
    if os.geteuid() == 0 and (root / PROGRAM).exists():
        return ["chroot", str(root), *tied_to_us("redis", setpriv="/usr/bin/setpriv"), f"/{PROGRAM}"]
    if found := shutil.which("redis-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return [*tied_to_us(None), found]
    raise ServiceMissingError("there is no redis-server: run `make services`, or set LRS_TEST_REDIS_URL to a server")


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """A server that runs; raises ServiceMissingError where the machine has none."""
    if url := os.environ.get("LRS_TEST_REDIS_URL"):
        yield ExternalRedis(url)
        return
    server = RedisServer(redis_server(), free_port())
    server.start()
    try:
        yield server
    finally:
        server.kill()
