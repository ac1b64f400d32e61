"""`lrs` as a process of its own, forked from one that has loaded it already: a start costs a tenth of what it would.

tests/services/lrs_starter.py is started with the first request and ends with this process.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from lrs.server_process import ServerProcess

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = "tests.services.lrs_starter"


class LrsProcess:
    """One process in a session of its own, as `subprocess.Popen` has it."""

    def __init__(self, connection: socket.socket, output: int) -> None:
        self.returncode: int | None = None
        self._connection = connection
        self.stdout = os.fdopen(output)
        self.pid = self._told()

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = self._told()
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("lrs", timeout or 0.0) from None
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing happens where it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL; nothing happens where it has ended."""
        self.send_signal(signal.SIGKILL)

    def _told(self) -> int:
        said = self._connection.recv(4)
        if not said:
            raise ConnectionError(f"{PROGRAM} has ended; what it printed is above")
        return int.from_bytes(said, "big", signed=True)


class Starter:
    """Starts processes of `lrs`; may be used by many threads."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._control: socket.socket | None = None

    def start(self, words: Sequence[str], environment: Mapping[str, str], errors: int | None = None) -> LrsProcess:
        """A process with these arguments; errors: the file that is its standard error, where it is not ours."""
        ours, theirs = socket.socketpair()
        output, written = os.pipe()
        with theirs, open(os.devnull) as nothing:
            ends = [theirs.fileno(), nothing.fileno(), written, 2 if errors is None else errors]
            with self._turn:
                socket.send_fds(self._begun(), [b"."], ends)
        os.close(written)
        request = {"words": list(words), "environment": dict(environment), "folder": os.getcwd()}
        ours.sendall(json.dumps(request).encode() + b"\n")
        return LrsProcess(ours, output)

    def run(self, words: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """As `subprocess.run` has it."""
        with tempfile.TemporaryFile("w+") as errors:
            process = self.start(words, environment, errors.fileno())
            with process.stdout as said:
                output = said.read()
            code = process.wait()
            errors.seek(0)
            return subprocess.CompletedProcess(words, code, output, errors.read())

    def _begun(self) -> socket.socket:
        if self._control is None:
            self._control, theirs = socket.socketpair()
            with theirs:
                program = subprocess.Popen(
                    [sys.executable, "-m", PROGRAM, str(theirs.fileno())],
                    cwd=REPOSITORY,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            atexit.register(program.wait)
            atexit.register(self._control.close)
        return self._control


STARTER: Final = Starter()


class ForkedServer(ServerProcess):
    """The words are those behind `lrs`; errors: the file that is its standard error, where it is not ours."""

    def __init__(self, words: Sequence[str], variables: Mapping[str, str], errors: int | None = None) -> None:
        super().__init__(words, variables)
        self._errors = errors

    def started(self, command: Sequence[str], environment: Mapping[str, str]) -> LrsProcess:
        """See ServerProcess."""
        return STARTER.start(command, environment, self._errors)
