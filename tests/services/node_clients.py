"""Client libraries from npm, in a folder of the user's cache that is named for the lock file they come from.

`make services` installs them, with the hashes of the lock file and without their scripts. A change of the lock file
makes another folder.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests.services.missing import ServiceMissingError

WANTED = Path(__file__).resolve().parents[1] / "clients"
FILES = ("package.json", "package-lock.json", ".npmrc")


def node() -> Path:
    """The program that runs scripts; raises ServiceMissingError where there is none."""
    if program := shutil.which("node"):
        return Path(program)
    raise ServiceMissingError("there is no node: run `make services`")


def folder() -> Path:
    """Where the libraries of this lock file are kept: a folder of the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    lock = (WANTED / "package-lock.json").read_bytes()
    return Path(cache, "live-lrs", f"node-clients-{hashlib.sha256(lock).hexdigest()[:12]}")


def modules() -> Path:
    """The folder with a folder for each library; raises ServiceMissingError where they are not installed."""
    installed = folder() / "node_modules"
    if installed.is_dir():
        return installed
    raise ServiceMissingError(f"there are no clients in {folder()}: run `make services`")


def install() -> None:
    """Fetch the libraries, unless they are there; waits for whoever is at it. Raises ServiceMissingError."""
    target = folder()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(target.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _install(target)


def _install(target: Path) -> None:
    making = target.with_name(target.name + ".making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    for name in FILES:
        shutil.copy(WANTED / name, making / name)
    print(f"make services: client libraries from npm into {target} (15 MB, once)", flush=True)
    made = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=making,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if made.returncode:
        end = "\n".join(made.stdout.splitlines()[-20:])
        raise ServiceMissingError(f"npm ci failed, run `make services` again:\n{end}")
    making.rename(target)
