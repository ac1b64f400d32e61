"""Load over HTTP by wrk. One request that is not answered with success fails the run: what is slow may not be wrong."""

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
    p99_ms: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


class LoadFailed(Exception):
    """Requests were refused, or got no answer."""


def post(
    origin: str, tails: Path, *, connections: int, batch: int, seconds: float, authorization: str = "none"
) -> Load:
    """POST batches of `batch` statements to /xapi/statements of `origin` over so many connections, in a closed loop.

    tails: what follows the id, one statement a line. Raises LoadFailed for the first error of any kind.
    """
    program = shutil.which("wrk")
    if program is None:
        raise ServiceMissingError("there is no wrk: run `make services`")
    seed = SystemRandom().randrange(2**31)
    options = ["--threads", "1", "--connections", str(connections), "--duration", f"{round(seconds)}s"]
    options += ["--timeout", f"{TIMEOUT_SECONDS}s", "--script", str(SCRIPT), f"{origin}/xapi/statements"]
    words = [program, *options, "--", str(tails), str(batch), str(seed), authorization]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    line = ran.stdout.strip().rpartition("\n")[2]
    if ran.returncode or not line.startswith("{"):
        raise LoadFailed(f"wrk ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
    counted = msgspec.json.decode(line, type=dict[str, float])
    errors = {name: int(counted[name]) for name in ("refused", "connect", "read", "write", "timeout") if counted[name]}
    if errors or not counted["requests"]:
        raise LoadFailed(f"{int(counted['requests'])} requests to {origin}, errors: {errors}")
    return Load(int(counted["requests"]), counted["seconds"], counted["p50_ms"], counted["p99_ms"])
