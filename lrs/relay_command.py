"""`lrs relay`: sends the log to Kafka, for workers on many machines. Of several relays one is at work at a time."""

import asyncio
import logging

import click
from aiokafka.errors import KafkaError

from lrs.console import must_be_migrated, reached, settings_of, told
from lrs.database import relay_pool
from lrs.statement_log.rereading import LogRereader
from lrs.stopping import until_told
from schemas.errors import TopicNotOurs, TopicPartitionsDiffer
from streams.kafka_relay import QUIET_SECONDS, KafkaRelay
from streams.kafka_topic import Topic
from streams.relay_checkpoint import seconds_since

STALE_SECONDS = 6 * QUIET_SECONDS


@click.command()
@click.option("--check", is_flag=True, help="Only say whether some relay keeps the topic up; status 1 where none does.")
def relay(*, check: bool) -> None:
    """Send the log to the Kafka of LRS_KAFKA_URL, in order, until told to stop.

    An outage of Kafka or of the database is waited out. What waiting does not mend ends it with status 1.
    """
    settings = settings_of()
    if settings.database_url is None or settings.kafka_url is None:
        raise click.ClickException("set LRS_DATABASE_URL and LRS_KAFKA_URL")
    servers = settings.kafka_url.removeprefix("kafka://")
    topic = Topic(servers, settings.kafka_topic, settings.kafka_partitions)
    if check:
        with reached():
            asyncio.run(_checked(settings.database_url, topic))
        return
    must_be_migrated(settings.database_url, "lrs migrate")
    for said_already in ("aiokafka", "psycopg.pool"):  # they say the same again for as long as an outage lasts
        logging.getLogger(said_already).setLevel(logging.CRITICAL)
    with told(TopicNotOurs, TopicPartitionsDiffer):
        try:
            asyncio.run(_relay(settings.database_url, topic))
        except KafkaError as error:
            raise click.ClickException(f"Kafka refuses the relay: {error!r}") from None


async def _relay(url: str, topic: Topic) -> None:
    pool = relay_pool(url)
    async with pool:
        await until_told(KafkaRelay(pool, LogRereader(pool), topic).run())


async def _checked(url: str, topic: Topic) -> None:
    async with relay_pool(url) as pool, pool.connection() as connection:
        seconds = await seconds_since(connection, topic.name)
    if seconds is None or seconds > STALE_SECONDS:
        raise click.ClickException(f"no relay keeps the topic {topic.name} up")
    click.echo(f"The topic {topic.name} was served {seconds:.0f} s ago.")
