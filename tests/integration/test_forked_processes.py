"""What tests fork instead of starting it anew is a process as any other."""

import os
import signal
import subprocess

import pytest

from tests.services.databases import migrated_database
from tests.services.lrs_process import STARTER, ForkedServer
from tests.services.postgres import PostgresServer


def test_it_has_an_environment_of_its_own_and_ends_as_it_should() -> None:
    told = STARTER.run(["settings"], os.environ | {"LRS_PAGE_SIZE": "7"})
    assert (told.returncode, "LRS_PAGE_SIZE=7\n" in told.stdout, told.stderr) == (0, True, "")
    refused = STARTER.run(["settings"], os.environ | {"LRS_PAGE_SIZE": "0"})
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: LRS_PAGE_SIZE: ")
    assert "LRS_PAGE_SIZE=7\n" not in STARTER.run(["settings"], os.environ).stdout


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
