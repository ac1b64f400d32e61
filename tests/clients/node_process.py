"""A script of this folder as a process of node that makes calls for a test, one after the other."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.services import node_clients

SCRIPTS = Path(__file__).resolve().parent


class CallFailed(Exception):
    """The script threw; the text is its stack."""


class NodeProcess:
    """One running script."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def call(self, name: str, *given: Any) -> Any:
        """What a call answers. Raises CallFailed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, *given]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise CallFailed("the script has ended")
        said = json.loads(line)
        if "error" in said:
            raise CallFailed(said["error"])
        return said.get("answer")


@contextmanager
def running(script: str, *arguments: str) -> Iterator[NodeProcess]:
    """A process for a test or some. Raises ServiceMissingError where node or the libraries are missing."""
    command = [str(node_clients.node()), str(SCRIPTS / script), *arguments]
    variables = {**os.environ, "NODE_PATH": str(node_clients.modules())}
    with subprocess.Popen(
        command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        try:
            yield NodeProcess(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)
