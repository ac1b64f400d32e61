"""Load over HTTP by wrk. One request that is not answered with success fails the run: what is slow may not be wrong."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

import msgspec

from tests.services.missing import ServiceMissingError

SCRIPT = Path(__file__).with_name("post.lua")
TIMEOUT_SECONDS = 30
"""Longer than any queue here: a request that takes longer is an error."""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk counted: answered requests (all of them with success), seconds, latency in milliseconds."""

    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


class LoadFailed(Exception):
    """Requests were refused, or got no answer."""


def post(
    origin: str,
    tails: Path,
    *,
    connections: int,
    batch: int,
    seconds: float,
    authorization: str = "none",
    gets: Path | None = None,
    posts: float = 1.0,
    rounds: int = 0,
) -> Load:
    """POST batches of `batch` statements to /xapi/statements of `origin` over so many connections, in a closed loop.

    tails: what follows the id, one statement a line. gets: paths, one a line, that all requests but the share `posts`
    ask for. rounds: after how many times through the tails other learners come; 0 is never. Raises LoadFailed for the
    first error of any kind.
    """
    words = [str(tails), str(batch), str(SystemRandom().randrange(2**31)), authorization]
    words += ["-" if gets is None else str(gets), str(posts), str(rounds)]
    return _run(origin, words, connections, seconds)


def get(origin: str, paths: Path, *, connections: int, seconds: float, authorization: str) -> Load:
    """GET these paths, in any order, over so many connections, in a closed loop. Raises LoadFailed."""
    return post(
        origin,
        Path(os.devnull),
        connections=connections,
        batch=1,
        seconds=seconds,
        authorization=authorization,
        gets=paths,
        posts=0,
    )


def _run(origin: str, arguments: list[str], connections: int, seconds: float) -> Load:
    program = shutil.which("wrk")
    if program is None:
        raise ServiceMissingError("there is no wrk: run `make services`")
    options = ["--threads", "1", "--connections", str(connections), "--duration", f"{round(seconds)}s"]
    options += ["--timeout", f"{TIMEOUT_SECONDS}s", "--script", str(SCRIPT), f"{origin}/xapi/statements"]
    ran = subprocess.run([program, *options, "--", *arguments], capture_output=True, text=True, check=False)
    line = ran.stdout.strip().rpartition("\n")[2]
    if ran.returncode or not line.startswith("{"):
        raise LoadFailed(f"wrk ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
    counted = msgspec.json.decode(line, type=dict[str, float])
    errors = {name: int(counted[name]) for name in ("refused", "connect", "read", "write", "timeout") if counted[name]}
    if errors or not counted["requests"]:
        raise LoadFailed(f"{int(counted['requests'])} requests to {origin}, errors: {errors}")
    return Load(int(counted["requests"]), counted["seconds"], counted["p50_ms"], counted["p95_ms"], counted["p99_ms"])
