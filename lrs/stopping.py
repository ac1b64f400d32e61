"""Work that goes on until somebody ends it, and is then ended for certain.

The driver may take a cancellation for that of a query, and go on: so it is said again until it was heard.
"""

import asyncio
import signal
from collections.abc import Coroutine, Sequence

AGAIN_SECONDS = 0.5


async def ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel them until they have ended, whatever with."""
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)


async def until_told(work: Coroutine[None, None, None]) -> None:
    """Do this until SIGTERM or SIGINT. Raises what it raises."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    working = asyncio.create_task(work)
    told = asyncio.create_task(stop.wait())
    await asyncio.wait([working, told], return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    await ended([working])
    if not working.cancelled():
        working.result()
