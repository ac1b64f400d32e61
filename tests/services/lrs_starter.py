"""The program that has loaded `lrs` once and forks a process of it for each request; see tests/services/lrs_process.py.

A process that it forks differs in nothing from one that was started anew but in what is in its memory already: it has
the arguments, environment, folder and ends of the request, and leaves as any Python program does. Another fork waits
for it, to tell its exit code.
"""

import gc
import json
import os
import pkgutil
import socket
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any, Final, NoReturn

from lrs.cli import COMMANDS, main

ENDS: Final = 4
"""The connection of a request, and what its process has as standard input, output and error."""
PROGRAM: Final = "python -m lrs"


def number(value: int) -> bytes:
    """As it goes over the connection."""
    return value.to_bytes(4, "big", signed=True)


def requested(control: socket.socket) -> list[str]:
    """Answers only in a process of a request, as which it then runs: its arguments. Ends when nobody can ask more."""
    while True:
        asked, ends, _, _ = socket.recv_fds(control, 1, ENDS)
        bury()
        if not asked:
            raise SystemExit(0)
        if os.fork() == 0:
            control.close()
            with socket.socket(fileno=ends[0]) as connection:
                return waited_for(connection, ends[1:])
        for end in ends:
            os.close(end)


def bury() -> None:
    """Those that waited, and have no more to wait for."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def waited_for(connection: socket.socket, ends: list[int]) -> list[str]:
    """Forks once more: the parent waits for the child, and the child answers."""
    with connection.makefile("rb") as lines:
        request = json.loads(lines.readline())
    child = os.fork()
    if child != 0:
        for end in ends:
            os.close(end)
        keep(child, connection)
    become(request, ends)
    return list(request["words"])


def keep(child: int, connection: socket.socket) -> NoReturn:
    """Tell who it is and how it ended."""
    connection.sendall(number(child))
    _, status = os.waitpid(child, 0)
    connection.sendall(number(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def become(request: dict[str, Any], ends: list[int]) -> None:
    """What a new process is given."""
    os.setsid()
    for standard, end in enumerate(ends):
        os.dup2(end, standard)
        os.close(end)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    time.tzset()
    tempfile.tempdir = None  # what the environment says is asked anew


if __name__ == "__main__":
    for name, place in COMMANDS.items():
        if name != "worker":  # Faust is loaded where it is used
            pkgutil.resolve_name(place)
    gc.collect()
    gc.freeze()
    sys.argv = [PROGRAM, *requested(socket.socket(fileno=int(sys.argv[1])))]
    main(prog_name=PROGRAM)
