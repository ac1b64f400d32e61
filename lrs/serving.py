"""What `lrs serve` runs: a parent, which listens and looks after the others, a processor, and API processes.

Python does one thing at a time in a process, so what takes statements in and what folds them do not share one. The
kernel deals connections out to the API processes; the processor tells all of them what has changed
(streams/process_bus.py).
"""

import asyncio
import os
import resource
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import FrameType

import click
import uvicorn

from lrs.bounded_http import BoundedConfig
from lrs.children import Children
from lrs.main import application, run_processor
from lrs.settings import Settings

BACKLOG = 2048
SHUTDOWN_SECONDS = 3
FILES = 65_536


@contextmanager
def serving(settings: Settings, url: str) -> Iterator[tuple[str, Children]]:
    """Listens, and answers where (http://host:port) and the processes, once all are ready."""
    with (
        _listening(settings.host, settings.port, settings.workers) as listeners,
        _listening_for_metrics(settings) as beside,
        _folder() as folder,
    ):
        relay = Path(folder) / "relay"
        tasks: dict[str, Callable[[Children], None]] = {"processor": partial(_process, settings, url, relay)}
        for number, listener in enumerate(listeners, 1):
            sockets = [listener, *beside[number - 1 : number]]
            tasks[f"API process {number}"] = partial(_serve, settings, url, relay, sockets)
        with Children(tasks) as children:
            children.until_ready(len(tasks))
            host, port = listeners[0].getsockname()[:2]
            yield f"http://{f'[{host}]' if ':' in host else host}:{port}", children


def _folder() -> tempfile.TemporaryDirectory[str]:
    """For the relay's socket, whose path may have no more than some 100 bytes."""
    usual = tempfile.gettempdir()
    return tempfile.TemporaryDirectory(prefix="live-lrs-", dir=usual if len(os.fsencode(usual)) < 70 else "/tmp")


@contextmanager
def _listening(host: str, port: int, count: int) -> Iterator[list[socket.socket]]:
    """A socket for each API process: from one that they share, the first to look takes every connection that waits.

    The parent holds them, so that who waits at one whose process has ended is served by the next.
    """
    with ExitStack() as held:
        try:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            with socket.create_server(address[:2], family=family) as alone:  # fails where another server listens
                here = alone.getsockname()[:2]
            listeners = [
                held.enter_context(socket.create_server(here, family=family, backlog=BACKLOG, reuse_port=count > 1))
                for _ in range(count)
            ]
        except OSError as error:
            raise click.ClickException(f"cannot listen on {host}, port {port}: {error.strerror}") from None
        yield listeners


def _listening_for_metrics(settings: Settings) -> AbstractContextManager[list[socket.socket]]:
    if settings.metrics_port is None:
        return nullcontext([])
    return _listening(settings.metrics_host, settings.metrics_port, settings.workers)


def _serve(settings: Settings, url: str, relay: Path, sockets: list[socket.socket], children: Children) -> None:
    """One API process."""
    _allow_connections()
    signal.signal(signal.SIGTERM, end_in_order)  # uvicorn raises the signal again after its own shutdown
    config = BoundedConfig(
        application(settings, url, relay),
        body_seconds=settings.body_seconds,
        log_config=None,  # what it says goes where everything goes
        log_level="warning",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        server_header=False,
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_ApiProcess(config, children).serve(sockets))


def _allow_connections() -> None:
    """A connection is an open file, of which a process may at first have no more than 1,024 on many systems."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _process(settings: Settings, url: str, relay: Path, children: Children) -> None:
    """The processor."""

    async def until_told() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        children.hold_lifeline()
        await run_processor(settings, url, relay, stop, children.tell_ready)

    with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:
        runner.run(until_told())


class _ApiProcess(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, children: Children) -> None:
        super().__init__(config)
        self._children = children

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._children.hold_lifeline()
        await super().startup(sockets)
        if not self.should_exit:
            self._children.tell_ready()


def end_in_order(_number: int, _frame: FrameType | None) -> None:
    """On a signal: leave through every `with` and `finally`."""
    raise SystemExit(0)
