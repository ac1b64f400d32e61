"""Kill after kill under load, of whatever there is to kill: what was acknowledged is there, and when it went on again.

The short form of this is tests/acceptance/test_crashes.py.
"""

import asyncio
import os
import random
import signal
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

from tests.acceptance.account import faults, must_equal_a_rebuild, stored_ids
from tests.acceptance.accountable_writers import Writers, sent_again
from tests.bench.endurance_store import Store

CONNECTIONS = 64
PAUSE = 1.0
LONGEST_OUTAGE = 30.0
"""Seconds that the database is away at most, now and then."""
BETWEEN = (2.0, 8.0)
"""Seconds from one kill to the next."""


class Killer:
    """Kills by name; `away` are seconds that a database which was killed stays away."""

    def __init__(self, store: Store, chance: random.Random) -> None:
        self._store, self._chance = store, chance
        self.kinds: dict[str, Callable[[], None]] = {
            "API process": lambda: self._kill_child(processor=False),
            "processor": lambda: self._kill_child(processor=True),
            "backend": lambda: os.kill(chance.choice(store.backends("lrs-write")), signal.SIGKILL),
            "PostgreSQL": lambda: self._restart(0.0),
            "PostgreSQL, away for a while": lambda: self._restart(chance.uniform(5.0, LONGEST_OUTAGE)),
        }

    def _kill_child(self, *, processor: bool) -> None:
        """The processor is the one that listens at the relay; who was killed before may not be there again yet."""
        while True:
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
                parts: dict[bool, list[psutil.Process]] = {True: [], False: []}
                for one in self._store.processes()[1:]:
                    parts[any("relay" in each.laddr for each in one.net_connections("unix"))].append(one)
                if parts[processor]:
                    self._chance.choice(parts[processor]).kill()
                    return
            time.sleep(0.1)

    def _restart(self, away: float) -> None:
        self._store.database.kill()
        time.sleep(away)
        self._store.database.start()


def measured(store: Store, minutes: float, seed: int) -> dict[str, Any]:
    """Raises AssertionError where nothing goes on after a kill."""
    chance = random.Random(seed)
    killer = Killer(store, chance)
    until = time.monotonic() + 60 * minutes
    until_again: dict[str, list[float]] = defaultdict(list)
    with Writers(store.server.origin, CONNECTIONS, seed=seed, pause=PAUSE) as writers:
        writers.must_go_on()
        while time.monotonic() < until:
            for kind, kill in killer.kinds.items():
                kill()
                until_again[kind].append(writers.must_go_on())
                time.sleep(chance.uniform(*BETWEEN))
    found = faults(stored_ids(store.url), writers.sent)
    again = asyncio.run(sent_again(store.server.origin, writers.others))
    stored = stored_ids(store.url)
    store.server.stop()
    asyncio.run(must_equal_a_rebuild(store.url, len(stored)))
    return {
        "minutes": minutes,
        "kills": {kind: len(seconds) for kind, seconds in until_again.items()},
        "longest_until_again": {kind: max(seconds) for kind, seconds in until_again.items()},
        "requests": {status: sum(one.status == status for one in writers.sent) for status in (200, 503, 0)},
        "wrong": writers.wrong,
        "faults": found,
        "not_taken_when_sent_again": sum(status != 200 for status in again),
        "not_there_in_the_end": sum(one not in stored for request in writers.sent for one in request.ids),
        "read_models": "equal to a rebuild",
    }
