"""PostgreSQL 17 with TimescaleDB out of a kept Debian folder, run in a chroot on a loopback port of its own.

The folder is made by `make services`; each run keeps its data in a folder inside it, because the server sees
nothing outside.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
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
def running_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A server with an empty cluster, stopped and its data removed at the end. `durable` keeps fsync on.

    Raises ServiceMissingError where the machine cannot run one.
    """
    root = folder()
    if os.geteuid() != 0:
        raise ServiceMissingError("TimescaleDB in a chroot needs root; or set LRS_TEST_TIMESCALE_URL to a server")
    if not is_complete(root):
        raise ServiceMissingError(f"there is no TimescaleDB in {root}: run `make services`")
    with claimed_folder(root / "var/lib/live-lrs-tests") as place:
        inside = "/" + str(place.relative_to(root))
        shutil.chown(place, *_owner(root))
        prefix = ["chroot", str(root), *tied_to_us("postgres", setpriv="/usr/bin/setpriv")]
        initdb = [f"{PROGRAMS}/initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8"]
        initdb += ["--locale=C.UTF-8", "--no-sync", f"--pgdata={inside}/data"]
        subprocess.run([*prefix, *initdb], check=True, capture_output=True)
        port = _free_port()
        options = settings_as_options(
            SETTINGS, {} if durable else NOT_DURABLE, SERVER_SETTINGS, {"unix_socket_directories": inside}
        )
        command = [*prefix, f"{PROGRAMS}/postgres", "-D", f"{inside}/data", "-p", str(port), *options]
        server = PostgresServer(command, f"postgresql://postgres@127.0.0.1:{port}/postgres", place / "log")
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _owner(root: Path) -> tuple[int, int]:
    """User and group id of `postgres` as the folder's own Debian numbers them."""
    for line in (root / "etc/passwd").read_text().splitlines():
        name, _, user, group, *_ = line.split(":")
        if name == "postgres":
            return int(user), int(group)
    raise ServiceMissingError(f"{root} has no user postgres: remove it and run `make services`")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
