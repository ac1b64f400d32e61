"""The processes of one server: started together, started again where one ends, stopped together.

Children are forked, so they share what the parent has loaded and are there at once. Each holds the read end of a pipe
that nobody writes to: when its parent is gone, however that came, it reads the end and leaves too (`hold_lifeline`).
"""

import asyncio
import gc
import logging
import multiprocessing
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkProcess
from types import TracebackType
from typing import NoReturn, Self

from schemas.errors import LrsError

STOP_SECONDS = 10.0
LOOK_SECONDS = 0.1
SHORT_LIFE_SECONDS = 5.0
"""Who ends sooner is started again only after a pause as long as this."""
SEARCHES = (20_000, 20, 100)
"""How seldom Python looks for what only refers to itself: see gc.set_threshold."""

_LOG = logging.getLogger("lrs.children")


def leave_most_garbage() -> None:
    """What was loaded before stays, and what work leaves behind is mostly gone without a search: be it seldom."""
    gc.freeze()
    gc.set_threshold(*SEARCHES)


class ChildEnded(LrsError):
    """A process of this server ended before the server was ready; what it printed is above."""


class Children:
    """Entering starts a process for each task, which is given this object; leaving stops them.

    The parent may have no threads and no running loop.
    """

    def __init__(self, tasks: Mapping[str, Callable[["Children"], None]]) -> None:
        self._tasks = tasks
        self._running: dict[str, ForkProcess] = {}
        self._began: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._lifeline, self._held = os.pipe()
        self._heard, self._bell = os.pipe()
        try:
            for name in self._tasks:
                self._start(name)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def until_ready(self, count: int) -> None:
        """Wait until so many have said that they are ready. Raises ChildEnded where one ends before."""
        while count > 0:
            for name, child in self._running.items():
                if not child.is_alive():
                    raise ChildEnded(f"the {name} ended with exit code {child.exitcode}; what it printed is above")
            if select.select([self._heard], [], [], LOOK_SECONDS)[0]:
                count -= len(os.read(self._heard, count))

    def keep(self, look: Callable[[], None] | None = None) -> NoReturn:
        """Look after them for ever: whoever ends is started again. `look` looks after what else there is."""
        while True:
            if look is not None:
                look()
            for name in self._tasks:
                child = self._running.get(name)
                if child is not None and not child.is_alive():
                    _LOG.error("the %s ended with exit code %s and is started again", name, child.exitcode)
                    del self._running[name]
                if name not in self._running and time.monotonic() - self._began[name] > SHORT_LIFE_SECONDS:
                    try:
                        self._start(name)
                    except OSError as error:
                        _LOG.error("the %s cannot be started now: %s", name, error)
                        self._began[name] = time.monotonic()
            time.sleep(LOOK_SECONDS)

    def hold_lifeline(self) -> None:
        """In a child, with its loop running: end at once when the parent is gone."""
        asyncio.get_running_loop().add_reader(self._lifeline, os.kill, os.getpid(), signal.SIGKILL)

    def tell_ready(self) -> None:
        """In a child: the parent need not wait for it any longer."""
        os.write(self._bell, b".")

    def _start(self, name: str) -> None:
        child = multiprocessing.get_context("fork").Process(target=self._run, args=(name,), name=name)
        child.start()
        self._running[name] = child
        self._began[name] = time.monotonic()

    def _run(self, name: str) -> None:
        os.setsid()  # Ctrl-C is for the parent, which then stops its children
        os.close(self._held)
        leave_most_garbage()
        self._tasks[name](self)

    def _stop(self) -> None:
        for child in self._running.values():
            child.terminate()
        until = time.monotonic() + STOP_SECONDS
        for child in self._running.values():
            child.join(max(0.0, until - time.monotonic()))
            if child.is_alive():
                child.kill()
                child.join()
        for end in (self._lifeline, self._held, self._heard, self._bell):
            os.close(end)
