"""What tests need from a registry is fetched once, into a folder of the user's cache that is named for what is in it.

The folder is made under another name and renamed when it is whole, so nothing half-made is used; whoever comes second
waits for the first.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.services.missing import ServiceMissingError

SHOWN = 20
"""Lines of a program's end that are shown where it failed."""


def cache() -> Path:
    """The folder that all of this is kept in."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "live-lrs")


def folder_for(name: str, *files: Path) -> Path:
    """Where that is kept which these files name; another content makes another folder."""
    said = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return cache() / f"{name}-{said[:12]}"


def made_once(target: Path, make: Callable[[Path], None]) -> None:
    """Make the folder `target`, unless it is there; `make` fills an empty one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(target.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            making = target.with_name(target.name + ".making")
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            make(making)
            making.rename(target)


def run(command: Sequence[str], folder: Path) -> None:
    """Run a program that fetches something; raises ServiceMissingError with the end of what it said."""
    ran = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ran.returncode:
        end = "\n".join(ran.stdout.splitlines()[-SHOWN:])
        raise ServiceMissingError(f"{command[0]} failed, run `make services` again:\n{end}")
