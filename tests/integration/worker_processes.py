"""`lrs relay` and `lrs worker` as processes: started, killed, started again; what they say is kept in files."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from streams.kafka_topic import Topic

AT_WORK = "at work"
"""What each says when it is."""


class Command:
    """One process of `lrs`."""

    def __init__(self, what: str, url: str, topic: Topic, redis: str | None, log: Path) -> None:
        settings = {
            "LRS_DATABASE_URL": url,
            "LRS_KAFKA_URL": f"kafka://{topic.servers}",
            "LRS_KAFKA_TOPIC": topic.name,
            "LRS_KAFKA_PARTITIONS": str(topic.partitions),
        }
        if redis is not None:
            settings |= {"LRS_REDIS_URL": redis, "LRS_REDIS_PREFIX": topic.name}
        self.what = what
        self.log = log
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lrs", what],
                env=os.environ | settings,
                stderr=said,
                stdout=said,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self.log.read_text()

    @property
    def is_there(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        """End it; answers its status."""
        self._process.send_signal(by)
        return self._process.wait(30)


class Cluster:
    """Processes over one database and one topic, and maybe a Redis."""

    def __init__(self, url: str, topic: Topic, folder: Path, redis: str | None) -> None:
        self._url = url
        self._topic = topic
        self._redis = redis
        self._folder = folder
        self._number = 0
        self.processes: list[Command] = []

    def start(self, what: str, count: int = 1) -> None:
        """Some more of these."""
        for _ in range(count):
            self._number += 1
            log = self._folder / f"{what}-{self._number}.log"
            self.processes.append(Command(what, self._url, self._topic, self._redis, log))

    def of(self, what: str, *, at_work: bool = False) -> list[Command]:
        """Those that are there, or have been at work."""
        found = [one for one in self.processes if one.what == what and one.is_there]
        return [one for one in found if AT_WORK in one.said] if at_work else found

    def kill(self, one: Command) -> None:
        """SIGKILL."""
        one.end(signal.SIGKILL)
        self.processes.remove(one)

    def must_be_there(self) -> None:
        """None has ended by itself."""
        assert all(one.is_there for one in self.processes), [one.said[-2000:] for one in self.processes]

    def mend(self) -> None:
        """As whoever runs them does: start again those that found no database when they were started."""
        for one in self.processes.copy():
            if not one.is_there and "cannot be reached" in one.said and AT_WORK not in one.said:
                self.processes.remove(one)
                self.start(one.what)
        self.must_be_there()

    async def supervise(self) -> NoReturn:
        """Mend for ever."""
        while True:
            self.mend()
            await asyncio.sleep(0.5)


@contextmanager
def cluster(url: str, topic: Topic, folder: Path, redis: str | None = None) -> Iterator[Cluster]:
    """Nothing runs yet; nothing is left behind."""
    found = Cluster(url, topic, folder, redis)
    try:
        yield found
    finally:
        for one in found.processes:
            if one.is_there:
                one.end(signal.SIGKILL)
