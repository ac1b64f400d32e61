"""`lrs serve` as a child process: started, waited for until it listens, and stopped cleanly."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Protocol

from schemas.errors import LrsError

STOP_SECONDS = 15


class ServerDidNotStart(LrsError):
    """The server ended before it listened; what it printed is above."""


class Started(Protocol):
    """What a process that was started is asked: see subprocess.Popen."""

    @property
    def pid(self) -> int: ...

    @property
    def stdout(self) -> IO[str] | None: ...

    def send_signal(self, sig: int, /) -> None: ...

    def kill(self) -> None: ...

    def wait(self, timeout: float | None = None) -> int: ...


class ServerProcess:
    """Entering answers the origin, such as http://127.0.0.1:8080."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        self._command = command
        self._variables = variables

    def __enter__(self) -> str:
        self._process = self.started(self._command, {**os.environ, **self._variables})
        try:
            return self._listening()
        except BaseException:
            self.kill()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def started(self, command: Sequence[str], environment: Mapping[str, str]) -> Started:
        """The process; Ctrl-C is for its parent, which then stops it."""
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)

    def _listening(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            listening = re.match(r"xAPI endpoint +(http://\S+)/xapi", line)
            if listening is not None:
                return listening[1]
        raise ServerDidNotStart

    @property
    def pid(self) -> int:
        """Of the parent of the server's processes."""
        return self._process.pid

    def stop(self) -> int:
        """SIGTERM; answers the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._ended(STOP_SECONDS)

    def kill(self) -> None:
        """SIGKILL; nothing happens where it has ended already."""
        self._process.kill()
        self._ended(None)

    def _ended(self, timeout: float | None) -> int:
        code = self._process.wait(timeout)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code
