"""`lrs relay` as it is run: kill -9 in mid-flow and a standby goes on at once; refusals end it with status 1."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lrs.relay_command import relay
from streams.kafka_topic import Topic
from streams.log_message import Message
from tests.integration.log_under_load import connections, store
from tests.integration.relayed_topic import must_be_the_log, read_topic, sent_up_to, topic_of_this_test
from tests.services.databases import migrated_database
from tests.services.kafka import KafkaServer
from tests.services.postgres import PostgresServer

AT_WORK, STANDS_BY = "is at work from position", "this one stands by"


@pytest.fixture
def url(embedded_server: PostgresServer) -> Iterator[str]:
    """A migrated database."""
    with migrated_database(embedded_server) as url:
        yield url


def settings(url: str, topic: Topic) -> dict[str, str]:
    """What the command is told."""
    return {
        "LRS_DATABASE_URL": url,
        "LRS_KAFKA_URL": f"kafka://{topic.servers}",
        "LRS_KAFKA_TOPIC": topic.name,
        "LRS_KAFKA_PARTITIONS": str(topic.partitions),
    }


class Relay:
    """One process, and what it has said."""

    def __init__(self, url: str, topic: Topic, log: Path) -> None:
        self._log = log
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "lrs", "relay"], env=os.environ | settings(url, topic), stderr=said
            )

    @property
    def said(self) -> str:
        """What it has said so far; it must still be there."""
        assert self._process.poll() is None, self._log.read_text()
        return self._log.read_text()

    def end(self, by: signal.Signals) -> int:
        self._process.send_signal(by)
        return self._process.wait(30)


def until_one_is_at_work(relays: list[Relay]) -> Relay:
    """That one; all the others stand by."""
    deadline = time.monotonic() + 60
    while True:
        at_work = [one for one in relays if AT_WORK in one.said]
        assert len(at_work) < 2
        if at_work and all(STANDS_BY in one.said for one in relays if one is not at_work[0]):
            return at_work[0]
        assert time.monotonic() < deadline, [one.said for one in relays]
        time.sleep(0.02)


@contextmanager
def storing(url: str) -> Iterator[None]:
    """Statements keep coming while the context lasts."""
    code = "import sys; from tests.integration.test_relay_command import store_on; store_on(sys.argv[1])"
    writer = subprocess.Popen([sys.executable, "-c", code, url])
    try:
        yield
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()


def store_on(url: str) -> None:
    """Store a few statements every few milliseconds, for as long as this process lives."""

    async def run() -> None:
        chance = random.Random(7)
        async with connections(url, 1) as (connection,):
            while True:
                await store(connection, chance, 10)
                await asyncio.sleep(0.01)

    asyncio.run(run())


def test_a_killed_relay_is_followed_by_one_that_stands_by(url: str, kafka_server: KafkaServer, tmp_path: Path) -> None:
    """Run with -rP, it says how long that takes."""
    topic = topic_of_this_test(kafka_server)
    relays = [Relay(url, topic, tmp_path / str(number)) for number in range(3)]
    try:
        with storing(url):
            at_work = until_one_is_at_work(relays)
            while len(relays) > 1:
                asyncio.run(sent_up_to(url, topic, 1))
                relays.remove(at_work)
                assert at_work.end(signal.SIGKILL) == -signal.SIGKILL
                began = time.monotonic()
                at_work = until_one_is_at_work(relays)
                print(f"taken over after {time.monotonic() - began:.1f} s")
                assert f"{AT_WORK} 0\n" not in at_work.said  # it goes on where the other was
        found = asyncio.run(_all_of(url, topic))
        checked = told("--check", **settings(url, topic))
        assert (checked.exit_code, "was served" in checked.output) == (0, True)
        assert "Traceback" not in at_work.said
        assert at_work.end(signal.SIGTERM) == 0
    finally:
        for one in relays:
            one.end(signal.SIGKILL)
    must_be_the_log(url, topic, found, resent=2)


async def _all_of(url: str, topic: Topic) -> list[list[Message]]:
    return await read_topic(topic, await sent_up_to(url, topic))


def test_check_says_where_no_relay_is_at_work(url: str, kafka_server: KafkaServer) -> None:
    refused = told("--check", **settings(url, topic_of_this_test(kafka_server)))
    assert (refused.exit_code, "no relay keeps" in refused.output) == (1, True)


def test_what_waiting_does_not_mend_ends_it(url: str, kafka_server: KafkaServer) -> None:
    refused = told(**settings(url, topic_of_this_test(kafka_server)._replace(name="..")))
    assert (refused.exit_code, "Kafka refuses the relay: InvalidTopic" in refused.output) == (1, True)


def test_it_needs_to_be_told_where_kafka_is(url: str) -> None:
    missing = told(LRS_DATABASE_URL=url)
    assert (missing.exit_code, "set LRS_DATABASE_URL and LRS_KAFKA_URL" in missing.output) == (1, True)
    wrong = told(LRS_DATABASE_URL=url, LRS_KAFKA_URL="localhost")
    assert (wrong.exit_code, "LRS_KAFKA_URL: " in wrong.output) == (1, True)


def told(*words: str, **variables: str) -> Result:
    """The command in this process."""
    return CliRunner().invoke(relay, words, env=variables)
