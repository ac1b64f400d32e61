"""`lrs relay` and `lrs worker` as processes: started, killed, started again; what they say is kept in files."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.kafka_topic import Topic


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
        self._log = log
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lrs", what], env=os.environ | settings, stderr=said, stdout=said
            )

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self._log.read_text()

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

    def of(self, what: str) -> list[Command]:
        """Those that are there."""
        return [one for one in self.processes if one.what == what and one.is_there]

    def kill(self, one: Command) -> None:
        """SIGKILL."""
        one.end(signal.SIGKILL)
        self.processes.remove(one)

    def must_be_there(self) -> None:
        """None has ended by itself."""
        assert all(one.is_there for one in self.processes), [one.said[-2000:] for one in self.processes]


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
