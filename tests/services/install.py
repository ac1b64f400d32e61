"""`make services` puts what tests need onto this machine: nothing is made twice, nothing half-made is used.

The TimescaleDB folder is made under another name and renamed when it is whole, so a run that was cut short
leaves only what the next one clears away. Packages are installed where they are missing, by apt, as root.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import kafka, node_clients
from tests.services.chromium import chromium
from tests.services.missing import ServiceMissingError, must_have_services
from tests.services.pgbouncer import pgbouncer
from tests.services.postgres import tied_to_us
from tests.services.redis import redis_server
from tests.services.timescaledb import folder, is_complete

RELEASE = "trixie"
PACKAGE = "postgresql-17-timescaledb"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def main() -> int:
    """Install everything; 0 also where something is missing and this is not CI: its tests will be skipped."""
    problems = []
    for install in (
        install_chromium,
        install_wrk,
        install_pgbouncer,
        install_node_clients,
        install_kafka,
        install_timescaledb,
        install_redis,
    ):
        try:
            install()
        except ServiceMissingError as missing:
            problems.append(str(missing))
    for problem in problems:
        print(f"make services: {problem}", file=sys.stderr)
    return 1 if problems and must_have_services() else 0


def install_chromium() -> None:
    """Debian's Chromium, with a font to draw text with."""
    try:
        chromium()
    except ServiceMissingError:
        apt_install("chromium", "fonts-dejavu-core")


def install_wrk() -> None:
    """The load generator of `make bench`."""
    if not shutil.which("wrk"):
        apt_install("wrk")


def install_pgbouncer() -> None:
    """The pooler that tests put before the database."""
    try:
        pgbouncer()
    except ServiceMissingError:
        apt_install("pgbouncer")


def install_node_clients() -> None:
    """Node, npm and the client libraries that tests drive."""
    programs = {"nodejs": "node", "npm": "npm"}
    apt_install(*(package for package, program in programs.items() if not shutil.which(program)))
    node_clients.install()


def install_kafka() -> None:
    """Java, and the jars that Maven fetches."""
    if os.environ.get("LRS_TEST_KAFKA_URL"):
        return
    programs = {"default-jre-headless": "java", "maven": "mvn"}
    apt_install(*(package for package, program in programs.items() if not shutil.which(program)))
    kafka.install()


def install_timescaledb() -> None:
    """A folder with Debian's PostgreSQL 17 and TimescaleDB in it."""
    if os.environ.get("LRS_TEST_TIMESCALE_URL"):
        return
    target = folder()
    if is_complete(target):
        return
    if os.geteuid() != 0:
        raise ServiceMissingError(
            "TimescaleDB runs in a chroot, which takes root: run `make services` and `make test` as root, "
            "or set LRS_TEST_TIMESCALE_URL to the URL of a PostgreSQL that has TimescaleDB"
        )
    wanted = {"debootstrap": shutil.which("debootstrap"), "debian-archive-keyring": KEYRING.exists()}
    apt_install(*(package for package, there in wanted.items() if not there))
    debootstrap(target)


def install_redis() -> None:
    """Debian's Redis: in the folder of TimescaleDB where that is ours, else on the machine."""
    if os.environ.get("LRS_TEST_REDIS_URL"):
        return
    try:
        redis_server()
    except ServiceMissingError:
        root = folder()
        if os.geteuid() == 0 and is_complete(root):
            with _alone(root) as lock:
                _add(root, "redis-server", lock)
        else:
            apt_install("redis-server")


def debootstrap(target: Path) -> None:
    """Make `target` out of Debian packages, 700 MB. A Debian folder that is there already is replaced.

    Waits for whoever is at it. The lock is handed down to debootstrap, so it also outlasts a killed `make`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(target) as lock:
        if not is_complete(target):
            _debootstrap(target, lock)


@contextmanager
def _alone(target: Path) -> Iterator[int]:
    """The descriptor of the folder's lock, once nobody else is at it."""
    with target.with_name(target.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _add(root: Path, package: str, lock: int) -> None:
    """Install a package in a Debian folder, which starts none of its services."""
    starts_nothing = root / "usr/sbin/policy-rc.d"
    starts_nothing.write_text("#!/bin/sh\nexit 101\n")
    starts_nothing.chmod(0o755)
    print(f"make services: {package} into {root}", flush=True)
    apt = [*tied_to_us(None), "chroot", str(root), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    for words in (["update"], ["install", "-y", "--no-install-recommends", package]):
        if subprocess.run([*apt, *words], pass_fds=[lock], stdin=subprocess.DEVNULL, check=False).returncode:
            raise ServiceMissingError(f"apt-get {words[0]} failed in {root}; needed: {package}")
    shutil.rmtree(root / "var/lib/apt/lists", ignore_errors=True)


def _debootstrap(target: Path, lock: int) -> None:
    if target.exists() and any(target.iterdir()) and not (target / "etc/debian_version").exists():
        raise ServiceMissingError(f"{target} is no Debian folder, so it is left alone: remove it or name another")
    making = target.with_name(target.name + ".making")
    for old in (making, target):
        clear(old)
    print(f"make services: PostgreSQL 17 with TimescaleDB into {target} (700 MB, once)", flush=True)
    command = ["debootstrap", "--variant=minbase", f"--keyring={KEYRING}", f"--include={PACKAGE}"]
    made = subprocess.run(
        [*tied_to_us(None), *command, RELEASE, str(making)],
        pass_fds=[lock],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if made.returncode or not is_complete(making):
        end = "\n".join(made.stdout.splitlines()[-20:])
        raise ServiceMissingError(f"debootstrap of {RELEASE} failed, run `make services` again:\n{end}")
    shutil.rmtree(making / "var/cache/apt", ignore_errors=True)
    making.rename(target)


def clear(root: Path) -> None:
    """Remove a Debian folder; first unmount what a debootstrap that was killed left mounted in it."""
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        place = line.split()[1].encode().decode("unicode_escape")
        if Path(place).is_relative_to(root):
            subprocess.run(["umount", "--lazy", place], check=True)
    if root.exists():
        shutil.rmtree(root)


def apt_install(*packages: str) -> None:
    """Install Debian packages; ServiceMissingError says which ones where this machine does not let us."""
    if not packages:
        return
    names = " ".join(packages)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise ServiceMissingError(f"please install: {names} (on Debian, as root: apt-get install {names})")
    print(f"make services: apt-get install {names}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        if subprocess.run(["apt-get", *words], env=environment, check=False).returncode:
            raise ServiceMissingError(f"apt-get {words[0]} failed; needed: {names}")


if __name__ == "__main__":
    sys.exit(main())
