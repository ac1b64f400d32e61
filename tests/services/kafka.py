"""Kafka as it comes from Maven Central: one node on loopback that is broker and controller (KRaft).

The jars are kept in a folder of the user's cache that is named for what they have to be: `kafka-pom.xml` says which,
and `kafka.sha256` what is in them. Another version makes another folder. A broker that is killed keeps its data.
"""

import atexit
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.cached import folder_for, made_once, run
from tests.services.folders import claimed_folder
from tests.services.missing import ServiceMissingError, go_without
from tests.services.postgres import tied_to_us
from tests.services.timescaledb import free_port

HERE = Path(__file__).parent
POM, SUMS = HERE / "kafka-pom.xml", HERE / "kafka.sha256"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
START_SECONDS = 60.0
STARTED = b"Kafka Server started"
JVM = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
LOGGING = [
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",  # says that it has started
]
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{control}
listeners=CLIENTS://127.0.0.1:{port},CONTROL://127.0.0.1:{control}
advertised.listeners=CLIENTS://127.0.0.1:{port}
listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROL:PLAINTEXT
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROL
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=1500
log.cleaner.dedupe.buffer.size=4000000
log.index.size.max.bytes=1000000
"""


def folder() -> Path:
    """Where these jars are kept."""
    return folder_for("kafka", POM, SUMS)


def java() -> Path:
    """The program that runs Kafka; raises ServiceMissingError where there is none."""
    if program := shutil.which("java"):
        return Path(program)
    raise ServiceMissingError("there is no java: run `make services`")


def install() -> None:
    """Fetch the jars, unless they are there. Raises ServiceMissingError."""
    made_once(folder(), _install)


def _install(making: Path) -> None:
    print(f"make services: Kafka from Maven Central into {folder()} (46 MB, once)", flush=True)
    run(["mvn", "-B", "-q", "-C", "-f", str(POM), COPY, f"-DoutputDirectory={making}"], making)
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in making.iterdir()}
    wanted = {name: digest for digest, name in map(str.split, SUMS.read_text().splitlines())}
    if found != wanted:
        other = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
        raise ServiceMissingError(f"what came from Maven Central is not what {SUMS.name} says: {', '.join(other)}")


class KafkaServer:
    """One broker, or the one that somebody else runs at `address` (no command): a test that ends it goes without."""

    def __init__(self, address: str, command: list[str], log: Path) -> None:
        self.address = address
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, on the data it had; return once it serves; RuntimeError with the end of its log where it does not."""
        assert self._process is None
        with self._log.open("ab") as log:
            began = log.tell()
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        atexit.register(self.kill)
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if STARTED in self._log.read_bytes()[began:]:
                return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"Kafka did not start:\n{self._log.read_text(errors='replace')[-3000:]}")

    def kill(self) -> None:
        """SIGKILL; nothing happens where it does not run."""
        if not self._command:
            go_without("this test ends its broker: run it without LRS_TEST_KAFKA_URL")
        atexit.unregister(self.kill)
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


@contextmanager
def running_server() -> Iterator[KafkaServer]:
    """A broker with no topics, killed and its data removed at the end; or the one at LRS_TEST_KAFKA_URL (kafka://…).

    Raises ServiceMissingError.
    """
    if given := os.environ.get("LRS_TEST_KAFKA_URL"):
        yield KafkaServer(given.removeprefix("kafka://"), [], Path())
        return
    jars = folder()
    if not jars.is_dir():
        raise ServiceMissingError(f"there is no Kafka in {jars}: run `make services`")
    with claimed_folder(Path(tempfile.gettempdir(), f"live-lrs-kafka-{os.geteuid()}")) as place:
        port, control = free_port(), free_port()
        properties = place / "server.properties"
        properties.write_text(PROPERTIES.format(port=port, control=control, data=place / "data"))
        words = [*tied_to_us(None, dying="KILL"), str(java()), *JVM, *LOGGING, "-cp", f"{jars}/*"]
        storage = ["kafka.tools.StorageTool", "format", "--cluster-id", "5L6g3nShT-eMCtK--X86sw", "--config"]
        subprocess.run([*words, *storage, str(properties)], check=True, capture_output=True, cwd=place)
        server = KafkaServer(f"127.0.0.1:{port}", [*words, "kafka.Kafka", str(properties)], place / "log")
        server.start()
        try:
            yield server
        finally:
            server.kill()
