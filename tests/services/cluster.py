"""`make cluster`: a store as on many machines, on this one, to play with; all of it on loopback, and gone when it ends.

Two API processes, a relay and a standby, two workers; TimescaleDB, Kafka and Redis of their own. A simulated cohort
learns meanwhile.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from lrs.simulation.demo import run_demo
from lrs.statement_client import EndpointUnavailable
from streams.kafka_topic import Topic
from tests.integration.worker_processes import Cluster, cluster
from tests.services import kafka, timescaledb
from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, LrsServer
from tests.services.redis import running_redis

API, RELAYS, WORKERS = 2, 2, 2
PARTITIONS = 32


@click.command()
@click.option("--port", default=8080, show_default=True, help="Of the API; 0 takes a free one.")
@click.option("--learners", default=60, show_default=True, type=click.IntRange(1), help="Of the simulated cohort.")
def main(port: int, learners: int) -> None:
    """Run until Ctrl-C."""
    with TemporaryDirectory(prefix="live-lrs-cluster-") as folder, _running(Path(folder), port) as origin:
        asyncio.run(_play(origin, learners))
        click.echo("Everything is being stopped.")


@contextmanager
def _running(folder: Path, port: int) -> Iterator[str]:
    click.echo("TimescaleDB, Kafka and Redis are being started.")
    with (
        timescaledb.running_server() as server,
        kafka.running_server() as broker,
        running_redis() as redis,
        migrated_database(server) as url,
    ):
        topic = Topic(broker.address, "lrs.log", PARTITIONS)
        with cluster(url, topic, folder, redis.url) as processes:
            processes.start("relay", RELAYS)
            processes.start("worker", WORKERS)
            names = {"LRS_REDIS_URL": redis.url, "LRS_REDIS_PREFIX": topic.name, "LRS_WORKERS": str(API)}
            api = LrsServer(LRS_DATABASE_URL=url, LRS_KAFKA_URL=f"kafka://{topic.servers}", **names)
            api.origin = f"http://127.0.0.1:{port}"
            api.start()
            try:
                click.echo(f"xAPI         {api.origin}/xapi  (key {CREDENTIAL[0]}, secret {CREDENTIAL[1]})")
                click.echo(f"TimescaleDB  {url}\nKafka        {topic.servers}\nRedis        {redis.url}")
                _tell(processes)
                yield api.origin
            finally:
                api.stop()
            for one in (*processes.of("worker"), *processes.of("relay")):
                one.end()


def _tell(processes: Cluster) -> None:
    for one in processes.processes:
        click.echo(f"{one.what:12} process {one.pid}, says in {one.log}")
    click.echo("Kill any of them; `lrs worker` with the settings above starts another.")


async def _play(origin: str, learners: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    try:
        await run_demo(f"{origin}/xapi", *CREDENTIAL, learners=learners, stop=stop, echo=click.echo)
    except EndpointUnavailable as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
