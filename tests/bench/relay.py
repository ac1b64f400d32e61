"""How fast the relay sends a log to Kafka, beside a bare producer that sends the same bytes to the same broker.

`python -m tests.bench.relay` prints a line a round. Each figure is taken in a process of its own, into a topic of its
own: the relay reads PostgreSQL, finds each learner's shard and keeps its checkpoint; the producer has everything in
memory, and sends it message by message, as one uses aiokafka, or in whole batches, as the relay does.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple
from uuid import uuid4

import click
import msgspec
import psycopg

from lrs.database import read_pool, relay_pool
from lrs.statement_log.rereading import LogRereader
from lrs.statement_log.safe_bound import EPOCH
from projections.checkpoint import Checkpoint
from streams.kafka_relay import KafkaRelay
from streams.kafka_topic import Topic, make_sure, producing, send
from streams.log_tail import LogTail
from streams.shard_batch import Keyed, ShardBatch
from tests.bench.catch_up import load
from tests.bench.statements import bodies
from tests.services import embedded, kafka
from tests.services.databases import migrated_database

PARTITIONS = 32
WAYS = ("relay", "messages", "batches")
MOST_WAITING = 20_000


class Figure(NamedTuple):
    """Statements a second, and microseconds of CPU that the process took for each."""

    speed: float
    cost: float


@click.command()
@click.option("--statements", default=50_000, show_default=True, type=click.IntRange(1000))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
def main(*, statements: int, rounds: int) -> None:
    """Measure, with an embedded PostgreSQL and a broker on this machine."""
    with kafka.running_server() as broker, embedded.running_server() as server, migrated_database(server) as url:
        asyncio.run(load(url, list(bodies(statements))))
        for _ in range(rounds):
            found = {way: _measured(way, url, broker.address) for way in WAYS}
            (relayed, _), (sent, _), (whole, _) = (found[way] for way in WAYS)
            figures = (f"{way} {speed:,.0f}/s, {cost:.0f} µs CPU" for way, (speed, cost) in found.items())
            click.echo(f"{'; '.join(figures)}; ratios {relayed / sent:.2f}, {relayed / whole:.2f}")


def _measured(way: str, url: str, servers: str) -> Figure:
    words = [sys.executable, "-m", "tests.bench.relay", way, url, servers]
    ran = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    figure: Figure = msgspec.json.decode(ran.stdout, type=Figure)
    return figure


async def relay(url: str, topic: Topic) -> tuple[int, float, float]:
    """Statements, seconds and CPU seconds of a relay that begins at nothing."""
    count, last = _log(url)
    async with relay_pool(url) as pool:
        began, cpu = time.perf_counter(), time.process_time()
        relaying = asyncio.create_task(KafkaRelay(pool, LogRereader(pool), topic).run())
        async with read_pool(url, size=1) as looking, looking.connection() as connection:
            while not relaying.done():
                at = await connection.execute("SELECT position FROM relay_checkpoint WHERE topic = %s", [topic.name])
                row = await at.fetchone()
                if row is not None and row[0] >= last:
                    break
                await asyncio.sleep(0.01)
        figures = count, time.perf_counter() - began, time.process_time() - cpu
        relaying.cancel()
        await asyncio.wait([relaying])
        if not relaying.cancelled():
            relaying.result()
    return figures


async def bare(url: str, topic: Topic, way: str) -> tuple[int, float, float]:
    """As `relay`, of a producer; what it sends is worked out before."""
    messages = await _messages(url)
    await make_sure(topic, ours=True)
    async with producing(topic) as producer:
        began, cpu = time.perf_counter(), time.process_time()
        waiting = []
        if way == "messages":
            for key, value in _in_turn(messages):
                waiting.append(await producer.send(topic.name, value, key))
                if len(waiting) >= MOST_WAITING:
                    await asyncio.gather(*waiting)
                    waiting.clear()
        else:
            waiting = [asyncio.create_task(send(producer, topic, *one)) for one in enumerate(messages)]
        await asyncio.gather(*waiting)
        return sum(map(len, messages)), time.perf_counter() - began, time.process_time() - cpu


async def _messages(url: str) -> list[list[Keyed]]:
    """The messages of each partition."""
    batch = ShardBatch((0,) * PARTITIONS)
    at = Checkpoint(0, EPOCH)
    async with read_pool(url, size=1) as pool, pool.connection() as connection:
        tail = LogTail(connection)
        while not tail.at_end:
            events, at = await tail.read_on(at)
            batch.add(events, {})
    return batch.messages


def _in_turn(messages: list[list[Keyed]]) -> Iterator[Keyed]:
    """A message of each partition, and again."""
    for number in range(max(map(len, messages))):
        yield from (each[number] for each in messages if number < len(each))


def _log(url: str) -> tuple[int, int]:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*), max(position) FROM statement").fetchone()
    assert row is not None
    return row[0], row[1]


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in WAYS:
        way, url, servers = sys.argv[1:]
        topic = Topic(servers, f"bench-{uuid4().hex[:12]}", PARTITIONS)
        statements, seconds, cpu = asyncio.run(relay(url, topic) if way == "relay" else bare(url, topic, way))
        print(msgspec.json.encode((statements / seconds, cpu / statements * 1e6)).decode())
    else:
        main()
