"""A data folder belongs to the living process that holds its lock; a folder whose lock is free is swept away.

The lock is `flock`: the kernel gives it back however the owner ends, so nothing here trusts a process id that
may have been given to somebody else since.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psutil


@contextmanager
def claimed_folder(base: Path) -> Iterator[Path]:
    """A new folder under `base`, removed at the end; what dead processes left under `base` is removed first.

    Raises PermissionError where `base` is there already and is somebody else's.
    """
    base.mkdir(mode=0o755, parents=True, exist_ok=True)
    if base.lstat().st_uid != os.geteuid():
        raise PermissionError(f"{base} belongs to another user")
    for lock in base.glob("*.lock"):
        _sweep(lock)
    folder, descriptor = _claim(base)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_suffix(".lock").unlink(missing_ok=True)
        os.close(descriptor)


def _claim(base: Path) -> tuple[Path, int]:
    """A folder and the descriptor that holds its lock; tries again where a sweep came in between."""
    while True:
        folder = base / uuid4().hex[:8]
        descriptor = _locked(folder.with_suffix(".lock"))
        if descriptor is not None:
            folder.mkdir(mode=0o755)
            return folder, descriptor


def _sweep(lock: Path) -> None:
    """Remove the folder of `lock` and end the PostgreSQL still running in it, unless its owner lives."""
    descriptor = _locked(lock)
    if descriptor is None:
        return
    try:
        folder = lock.with_suffix("")
        _end_postgres_in(folder)
        shutil.rmtree(folder, ignore_errors=True)
        lock.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _locked(lock: Path) -> int | None:
    """A descriptor holding `lock`, or None where another process holds it or has just removed it."""
    descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_nlink:
            return descriptor
    except BlockingIOError:
        pass
    os.close(descriptor)
    return None


def _end_postgres_in(folder: Path) -> None:
    """Kill the postmaster that an abandoned folder's pid file names, if it is one of that folder."""
    with suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
        postmaster = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().splitlines()[0]))
        if postmaster.name() == "postgres" and folder.name in " ".join(postmaster.cmdline()):
            kill_all(postmaster.pid)


def kill_all(postmaster: int) -> None:
    """Kill a postmaster and every process under it with SIGKILL, and wait until none is left."""
    try:
        process = psutil.Process(postmaster)
        process.suspend()  # it must not start another while we count
        processes = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    while any(runs(process) for process in processes):
        time.sleep(0.005)


def runs(process: psutil.Process) -> bool:
    """Whether it is still there, other than as a zombie that its parent has not looked at yet."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
