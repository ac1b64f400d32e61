"""Judging in several processes at once: chunks go out in order and come back in order.

The rule of this file: a worker knows nothing but its end of a pipe. It ends when the other end is gone, however that
came, so none is left behind; and a worker that ends too soon is an error, never a chunk that is missing.
"""

import asyncio
import multiprocessing
import signal
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue

from lrs.statement_log.load_rows import Chunk, Judge, Rows, Text
from schemas.errors import LrsError

AHEAD = 2
"""Chunks that are read beside those that the workers have."""


class WorkerEnded(LrsError):
    """A process that judges statements has ended before its time; the message says with which chunk."""


async def judged_here(judge: Judge, chunks: Iterable[Chunk]) -> AsyncIterator[tuple[Chunk, Rows]]:
    """Each chunk with its rows, without another process."""
    for chunk in chunks:
        yield chunk, judge.rows(chunk.texts)


class Workers:
    """So many processes with a judge each; entering starts them."""

    def __init__(self, count: int, tenant: int, salt: bytes, default: str | None) -> None:
        self._count, self._judge = count, (tenant, salt, default)

    def __enter__(self) -> "Workers":
        with ExitStack() as stack:
            self._free: SimpleQueue[Connection] = SimpleQueue()
            for _ in range(self._count):
                self._free.put(stack.enter_context(_worker(self._judge)))
            self._threads = ThreadPoolExecutor(max(1, self._count))
            stack.callback(
                self._threads.shutdown, cancel_futures=True
            )  # before a pipe is closed that one of them reads
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    async def judged(self, chunks: Iterable[Chunk]) -> AsyncIterator[tuple[Chunk, Rows]]:
        """Each chunk with its rows, in order; reads only a few chunks ahead. Raises WorkerEnded."""
        loop = asyncio.get_running_loop()
        source: Iterator[Chunk] = iter(chunks)
        waiting: deque[tuple[Chunk, asyncio.Future[Rows]]] = deque()
        try:
            while True:
                while len(waiting) < self._count + AHEAD and (chunk := next(source, None)) is not None:
                    waiting.append((chunk, loop.run_in_executor(self._threads, self._rows, chunk.texts)))
                if not waiting:
                    return
                chunk, rows = waiting.popleft()
                try:
                    judged = await rows
                except WorkerEnded as ended:
                    raise WorkerEnded(f"{chunk.places[0]}: {ended}") from ended
                yield chunk, judged
        finally:
            for _, future in waiting:
                future.cancel()

    def _rows(self, texts: list[Text]) -> Rows:
        """In a thread, which waits for a worker."""
        worker = self._free.get()
        try:
            worker.send(texts)
            rows: Rows = worker.recv()
        except (EOFError, OSError) as error:
            ended = "a process that judges statements from there on has ended; what it printed is above"
            raise WorkerEnded(ended) from error
        finally:
            self._free.put(worker)
        return rows


@contextmanager
def _worker(judge: tuple[int, bytes, str | None]) -> Iterator[Connection]:
    """One process; leaving closes its pipe and waits for its end. Not forked: it must hold no other's pipe."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=partial(_work, theirs, *judge), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join()


def _work(pipe: Connection, tenant: int, salt: bytes, default: str | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever has started it ends it
    judge = Judge(tenant, salt, default)
    try:
        while True:
            pipe.send(judge.rows(pipe.recv()))
    except (EOFError, OSError):
        return
