"""Where the machine has memory to spare, databases that a crash of the machine may take lie there, not on its disk.

Each is some five hundred files, and a test makes and drops one: that costs most file systems little, and an ext4
without a journal a fifth of a second of a core, for it looks at every file that was dropped within the last minute.
"""

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

import psutil

SHARED_MEMORY: Final = Path("/dev/shm")
ROOM: Final = 6_000_000_000
"""Bytes that must be free there, and in the machine: a run takes a twentieth of it, its servers' logs may take most."""


@cache
def folder_in_memory(name: str) -> Path | None:
    """A folder of this user, which need not be there yet; None where there is no room."""
    if not SHARED_MEMORY.is_mount() or not os.access(SHARED_MEMORY, os.W_OK):
        return None
    there = os.statvfs(SHARED_MEMORY)
    if min(there.f_bavail * there.f_frsize, psutil.virtual_memory().available) < ROOM:
        return None
    return SHARED_MEMORY / f"{name}-{os.geteuid()}"


@cache
def may_mount() -> bool:
    """Whether a program can be given a folder at another place, as it alone sees it."""
    tried = ["unshare", "--mount", "mount", "--bind", "/", "/mnt"]
    try:
        return subprocess.run(tried, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except FileNotFoundError:
        return False


def seen_at(place: Path, folder: Path) -> list[str]:
    """The words before a command that sees `folder` at `place`, for as long as it runs; nobody else does."""
    mount = 'mount --bind "$0" "$1" && shift && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", mount, str(folder), str(place)]
