"""What tests fork instead of starting it anew is a process as any other."""

import os
import signal
import subprocess
import tempfile

import pytest

from tests.services.databases import migrated_database
from tests.services.lrs_process import STARTER, ForkedServer
from tests.services.postgres import PostgresServer


def settings(**variables: str) -> tuple[int, str]:
    """The exit code of `lrs settings`, and what it says."""
    with tempfile.TemporaryFile() as errors:
        process = STARTER.start(["settings"], os.environ | variables, errors.fileno())
        said = process.stdout.read()
        code = process.wait(30)
        process.stdout.close()
        errors.seek(0)
        return code, said + errors.read().decode()


def test_it_has_an_environment_of_its_own_and_ends_as_it_should() -> None:
    code, said = settings(LRS_PAGE_SIZE="7")
    assert (code, "LRS_PAGE_SIZE=7\n" in said) == (0, True)
    code, said = settings(LRS_PAGE_SIZE="0")
    assert (code, said.startswith("Error: LRS_PAGE_SIZE: ")) == (1, True)
    assert "LRS_PAGE_SIZE=7\n" not in settings()[1]


def test_it_is_killed_as_any_other(embedded_server: PostgresServer) -> None:
    with migrated_database(embedded_server) as url:
        server = ForkedServer(["serve", "--port", "0"], {"LRS_DATABASE_URL": url})
        with server:
            assert os.getsid(server.pid) == server.pid
            process = server._process
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.01)
            os.kill(server.pid, signal.SIGKILL)
            assert process.wait(30) == -signal.SIGKILL
