"""One server, several processes: whoever dies is replaced, and nobody outlives the parent."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest

from tests.services.databases import migrated_database
from tests.services.lrs_server import CREDENTIAL, LrsServer, serving
from tests.services.postgres import PostgresServer

PATIENCE = 30.0
HEADERS = {"X-Experience-API-Version": "1.0.3"}


@pytest.fixture
def server(embedded_server: PostgresServer) -> Iterator[LrsServer]:
    with migrated_database(embedded_server) as url, serving(url, LRS_WORKERS="2") as running:
        yield running


def children(server: LrsServer) -> list[psutil.Process]:
    """The processor first, then the API processes, in the order in which they were started."""
    return sorted(psutil.Process(server.pid).children(), key=lambda child: child.create_time())


def post(server: LrsServer) -> int:
    """A statement is stored; answers its position. A connection that breaks is tried again, as a client does."""
    statement = {
        "id": str(uuid4()),
        "actor": {"mbox": "mailto:ann@example.com"},
        "verb": {"id": "http://example.com/did"},
        "object": {"id": "http://example.com/it"},
    }
    until = time.monotonic() + PATIENCE
    while True:
        try:
            url = f"{server.origin}/xapi/statements"
            answer = httpx.post(url, json=statement, auth=CREDENTIAL, headers=HEADERS, timeout=PATIENCE)
        except httpx.TransportError:
            assert time.monotonic() < until
            continue
        assert answer.status_code == 200, answer.text
        return int(answer.headers["X-LRS-Position"])


def must_be_projected(server: LrsServer, position: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        answer = httpx.get(
            f"{server.origin}/api/projections", params={"wait_for": position}, auth=CREDENTIAL, timeout=PATIENCE
        )
        if answer.json()["position"] >= position:
            return
        assert time.monotonic() < until


def replaced(server: LrsServer, killed: psutil.Process) -> bool:
    """Whether there are three children again, none of which is the one that was killed."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = [child for child in children(server) if child.status() != psutil.STATUS_ZOMBIE]
        if len(found) == 3 and killed not in found:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("which", [0, 1], ids=["processor", "API process"])
def test_whoever_is_killed_is_replaced(server: LrsServer, which: int) -> None:
    must_be_projected(server, post(server))
    killed = children(server)[which]
    killed.kill()
    after = post(server)
    assert replaced(server, killed)
    must_be_projected(server, after)
    must_be_projected(server, post(server))


def test_nobody_outlives_the_parent(server: LrsServer) -> None:
    found = children(server)
    assert len(found) == 3
    server.kill()
    _, alive = psutil.wait_procs(found, timeout=PATIENCE)
    assert not alive


def test_all_end_in_order(server: LrsServer) -> None:
    found = children(server)
    post(server)
    assert server.stop() == 0
    assert not any(child.is_running() for child in found)


def test_a_folder_for_temporary_files_with_a_long_name(embedded_server: PostgresServer, tmp_path: Path) -> None:
    """The path of a socket may have some 100 bytes."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    with migrated_database(embedded_server) as url, serving(url, TMPDIR=str(folder)) as running:
        must_be_projected(running, post(running))


def test_a_demo_that_is_ended_leaves_no_server_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lrs", "demo", "--port", "0", "--data-dir", str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert demo.stdout.readline().startswith("The server listens")
        found = psutil.Process(demo.pid).children(recursive=True)
        assert len(found) == 3  # parent, processor, API process
        demo.terminate()
        demo.stdout.read()
    _, alive = psutil.wait_procs(found, timeout=PATIENCE)
    assert not alive
