"""`lrs worker`: keeps the read models beside other workers, of what comes through Kafka. One process, one worker."""

import asyncio
import logging
from contextlib import nullcontext

import click

from lrs.chosen_redis import chosen_redis
from lrs.console import must_be_migrated, settings_of, told
from lrs.database import worker_pool
from lrs.settings import Settings
from lrs.stopping import until_told
from projections.checkpoint import OtherVersion
from projections.shard_rows import KeptByShards, NotKeptByShards
from streams.bus import Bus
from streams.kafka_topic import Topic
from streams.redis_outlet import RedisOutlet
from streams.worker import Deaf, KafkaWorker


@click.command()
def worker() -> None:
    """Keep the read models of the learners in some partitions of the topic at LRS_KAFKA_URL, until told to stop.

    Start as many as are needed, up to the number of partitions: Kafka shares these out. An outage of Kafka or of the
    database is waited out. What waiting does not mend ends it with status 1.
    """
    settings = settings_of()
    if settings.database_url is None or settings.kafka_url is None:
        raise click.ClickException("set LRS_DATABASE_URL and LRS_KAFKA_URL")
    must_be_migrated(settings.database_url, "lrs migrate")
    for said_already in ("aiokafka", "psycopg.pool", "faust", "mode", "streams.faust_app"):  # and again, in an outage
        logging.getLogger(said_already).setLevel(logging.CRITICAL)
    with told(OtherVersion, KeptByShards, NotKeptByShards, Deaf):
        asyncio.run(_work(settings, settings.database_url, settings.kafka_url.removeprefix("kafka://")))


async def _work(settings: Settings, url: str, servers: str) -> None:
    topic = Topic(servers, settings.kafka_topic, settings.kafka_partitions)
    place = chosen_redis(settings)
    bus = Bus() if place is None else RedisOutlet(place)
    telling = bus.listening(asyncio.Event()) if isinstance(bus, RedisOutlet) else nullcontext()
    async with worker_pool(url) as pool, telling:
        await until_told(KafkaWorker(pool, topic, bus).run())
