"""PostgreSQL 17 with TimescaleDB out of a kept Debian folder, run in a chroot on a loopback port of its own.

The folder is made by `make services`; each run keeps its data in a folder inside it, because the server sees
nothing outside.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple

from tests.services.folders import claimed_folder
from tests.services.memory import folder_in_memory, may_mount, seen_at
from tests.services.missing import ServiceMissingError
from tests.services.postgres import NOT_DURABLE, SETTINGS, PostgresServer, settings_as_options, tied_to_us

PROGRAMS = "/usr/lib/postgresql/17/bin"
PLACE = "var/lib/live-lrs-tests"
EXTENSION = "usr/share/postgresql/17/extension/timescaledb.control"
SERVER_SETTINGS = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "timescaledb.max_background_workers": "0",  # their connections would hold up DROP DATABASE and templates
    "listen_addresses": "127.0.0.1",
    "dynamic_shared_memory_type": "mmap",  # the chroot has no shared /dev/shm; the kernel's own would outlive a kill
}


def folder() -> Path:
    """Where the Debian folder is kept: LRS_TEST_TIMESCALE_DIR, or the user's cache."""
    if chosen := os.environ.get("LRS_TEST_TIMESCALE_DIR"):
        return Path(chosen).absolute()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache, "live-lrs", "timescaledb-trixie")


def is_complete(root: Path) -> bool:
    """Whether `root` is a finished Debian folder: debootstrap removes its own `debootstrap` folder last."""
    parts = (root / PROGRAMS.lstrip("/") / "postgres", root / EXTENSION)
    return all(part.is_file() for part in parts) and not (root / "debootstrap").exists()


@contextmanager
def running_server(*, durable: bool = False, kept: Path | None = None) -> Iterator[PostgresServer]:
    """A server with an empty cluster, stopped and its data removed at the end. `durable` keeps fsync on.

    kept: the folder of a cluster that stays, and is used again; it lies in the Debian folder. Raises
    ServiceMissingError where the machine cannot run one.
    """
    root = folder()
    if os.geteuid() != 0:
        raise ServiceMissingError("TimescaleDB in a chroot needs root; or set LRS_TEST_TIMESCALE_URL to a server")
    if not is_complete(root):
        raise ServiceMissingError(f"there is no TimescaleDB in {root}: run `make services`")
    lasting = nullcontext(Seat(kept, "/" + str(kept.relative_to(root)), chrooted(root))) if kept else None
    with lasting or seat(root, durable=durable) as place:
        shutil.chown(place.folder, *owner(root))
        initdb = [f"{PROGRAMS}/initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8"]
        initdb += ["--locale=C.UTF-8", "--no-sync", f"--pgdata={place.inside}/data"]
        if not (place.folder / "data" / "PG_VERSION").exists():
            subprocess.run([*place.words, *initdb], check=True, capture_output=True)
        server = server_over(place, {} if durable else NOT_DURABLE)
        try:
            server.start()
            yield server
        finally:
            server.stop()


class Seat(NamedTuple):
    """A folder for data, what it is called in the Debian folder, and the words before a command that runs there."""

    folder: Path
    inside: str
    words: list[str]


@contextmanager
def seat(root: Path, *, durable: bool = False) -> Iterator[Seat]:
    """A new folder, removed at the end; in memory where it may be, and can."""
    place = root / PLACE
    memory = None if durable else folder_in_memory("live-lrs-tests-timescaledb")
    if memory is None or not may_mount():
        with claimed_folder(place) as folder:
            yield Seat(folder, f"/{PLACE}/{folder.name}", chrooted(root))
        return
    place.mkdir(mode=0o755, parents=True, exist_ok=True)
    with claimed_folder(memory) as folder:
        yield Seat(folder, f"/{PLACE}/{folder.name}", [*seen_at(place, memory), *chrooted(root)])


def chrooted(root: Path) -> list[str]:
    """The words before a command that runs in the Debian folder, as `postgres`."""
    return ["chroot", str(root), *tied_to_us("postgres", setpriv="/usr/bin/setpriv")]


def server_over(place: Seat, settings: dict[str, str]) -> PostgresServer:
    """The server over the data there, on a port of its own, and not started yet."""
    port = free_port()
    options = settings_as_options(SETTINGS, settings, SERVER_SETTINGS, {"unix_socket_directories": place.inside})
    command = [*place.words, f"{PROGRAMS}/postgres", "-D", f"{place.inside}/data", "-p", str(port), *options]
    return PostgresServer(command, f"postgresql://postgres@127.0.0.1:{port}/postgres", place.folder / "log")


def owner(root: Path) -> tuple[int, int]:
    """User and group id of `postgres` as the folder's own Debian numbers them."""
    for line in (root / "etc/passwd").read_text().splitlines():
        name, _, user, group, *_ = line.split(":")
        if name == "postgres":
            return int(user), int(group)
    raise ServiceMissingError(f"{root} has no user postgres: remove it and run `make services`")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
