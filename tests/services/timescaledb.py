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

from tests.services.folders import claimed_folder
from tests.services.missing import ServiceMissingError
from tests.services.postgres import NOT_DURABLE, SETTINGS, PostgresServer, settings_as_options, tied_to_us

PROGRAMS = "/usr/lib/postgresql/17/bin"
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
    with nullcontext(kept) if kept else claimed_folder(root / "var/lib/live-lrs-tests") as place:
        inside = "/" + str(place.relative_to(root))
        shutil.chown(place, *owner(root))
        prefix = chrooted(root)
        initdb = [f"{PROGRAMS}/initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8"]
        initdb += ["--locale=C.UTF-8", "--no-sync", f"--pgdata={inside}/data"]
        if not (place / "data" / "PG_VERSION").exists():
            subprocess.run([*prefix, *initdb], check=True, capture_output=True)
        server = server_over(root, place, {} if durable else NOT_DURABLE)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def chrooted(root: Path) -> list[str]:
    """The words before a command that runs in the Debian folder, as `postgres`."""
    return ["chroot", str(root), *tied_to_us("postgres", setpriv="/usr/bin/setpriv")]


def server_over(root: Path, place: Path, settings: dict[str, str]) -> PostgresServer:
    """The server over the data of a folder in the Debian folder, on a port of its own, and not started yet."""
    inside, port = "/" + str(place.relative_to(root)), free_port()
    options = settings_as_options(SETTINGS, settings, SERVER_SETTINGS, {"unix_socket_directories": inside})
    command = [*chrooted(root), f"{PROGRAMS}/postgres", "-D", f"{inside}/data", "-p", str(port), *options]
    return PostgresServer(command, f"postgresql://postgres@127.0.0.1:{port}/postgres", place / "log")


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
