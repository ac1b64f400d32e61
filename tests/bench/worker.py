"""How fast workers take a log out of Kafka, beside bare aiokafka with the same folds and the same upserts.

`python -m tests.bench.worker` prints a line for one worker and one for two. Each worker is a process of its own; the
log is loaded and sent to Kafka before, so that nothing else is at work. A time is from the first fact to the last.
"""

import asyncio
import subprocess
import sys
import time
from contextlib import ExitStack

import click
import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition

from lrs.database import worker_pool
from projections.apply import PROJECTION, VERSION
from projections.shard_rows import split
from projections.side_schema import CHECKPOINT, OF_SHARDS, TABLES
from streams.bus import Bus
from streams.kafka_topic import Topic
from streams.log_message import decoded
from streams.shard_offsets import keep_offsets
from streams.shard_worker import ShardWorker
from streams.worker import KafkaWorker
from tests.bench.catch_up import load
from tests.bench.statements import bodies
from tests.integration.relayed_topic import relaying, sent_up_to
from tests.services import embedded, kafka
from tests.services.databases import migrated_database

PARTITIONS = 32
NAME = "bench"
_EMPTY = f"TRUNCATE {', '.join((CHECKPOINT, *TABLES, *OF_SHARDS))}"


@click.command()
@click.option("--statements", default=50_000, show_default=True, type=click.IntRange(1000))
@click.option("--rounds", default=2, show_default=True, type=click.IntRange(1))
def main(*, statements: int, rounds: int) -> None:
    """Measure, with an embedded PostgreSQL and a broker on this machine."""
    with kafka.running_server() as broker, embedded.running_server() as server, migrated_database(server) as url:
        topic = Topic(broker.address, NAME, PARTITIONS)
        asyncio.run(load(url, list(bodies(statements))))
        asyncio.run(_send(url, topic))
        for count in (1, 2):
            for _ in range(rounds):
                bare, worker = (_measured(way, count, url, topic, statements) for way in ("bare", "worker"))
                click.echo(f"{count}: bare {bare:,.0f}/s, workers {worker:,.0f}/s, ratio {worker / bare:.2f}")


async def _send(url: str, topic: Topic) -> None:
    async with relaying(url, topic) as relay:
        await sent_up_to(url, topic, by=relay)


def _measured(way: str, count: int, url: str, topic: Topic, statements: int) -> float:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_EMPTY.encode())
    asyncio.run(_prepare(url, topic))
    with ExitStack() as stack, psycopg.connect(url, autocommit=True) as connection:
        for number in range(count):
            words = [sys.executable, "-m", "tests.bench.worker", way, url, topic.servers, str(number), str(count)]
            process = subprocess.Popen(words)
            stack.callback(process.wait)
            stack.callback(process.kill)
        while not (before := _one(connection, "SELECT count(*) FROM fact")):
            time.sleep(0.01)
        begin = time.perf_counter()
        while (now := _one(connection, "SELECT count(*) FROM fact")) < statements:
            time.sleep(0.02)
        return (now - before) / (time.perf_counter() - begin)


async def _prepare(url: str, topic: Topic) -> None:
    """Shards at the beginning of the log, and of the topic."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await split(connection, PROJECTION, topic.partitions, VERSION)
        await keep_offsets(connection, topic.name, dict.fromkeys(range(topic.partitions), 0))


def _one(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


async def _work(way: str, url: str, servers: str, number: int, count: int) -> None:
    topic = Topic(servers, NAME, PARTITIONS)
    async with worker_pool(url) as pool:
        if way == "worker":
            await KafkaWorker(pool, topic, Bus()).run()
        worker = ShardWorker(pool, topic.partitions)
        consumer = AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest", fetch_max_wait_ms=10)
        await consumer.start()
        consumer.assign([TopicPartition(NAME, n) for n in range(topic.partitions) if n % count == number])
        while True:
            found = await consumer.getmany(timeout_ms=1000, max_records=2000)
            messages = {tp.partition: [decoded(one.value) for one in some] for tp, some in found.items()}
            if messages:
                await worker.take(messages)


if __name__ == "__main__":
    if sys.argv[1:2] and not sys.argv[1].startswith("-"):
        way, url, servers, number, count = sys.argv[1:]
        asyncio.run(_work(way, url, servers, int(number), int(count)))
    else:
        main()
