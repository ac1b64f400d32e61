"""Contents in an object store beside the database: given as from anywhere, and a 503 while the store is away."""

import subprocess
import sys
from pathlib import Path

import httpx

from tests.acceptance.endpoint import PROBLEM, Endpoint
from tests.acceptance.mixed_bodies import contents_of, mixed, send, store, with_content
from tests.services.databases import migrated_database
from tests.services.lrs_server import serving
from tests.services.postgres import PostgresServer


def test_contents_in_a_folder(embedded_server: PostgresServer, tmp_path: Path) -> None:
    contents = [b"first", b"second", b"", bytes(2_000_000)]
    statement = with_content(*contents)
    params = {"statementId": statement["id"], "attachments": "true"}
    folder = tmp_path / "contents"
    with (
        migrated_database(embedded_server) as url,
        serving(url, LRS_ATTACHMENT_URL=folder.as_uri()) as server,
        httpx.Client() as client,
    ):
        endpoint = Endpoint(server.origin, client)
        store(endpoint, statement, *contents)
        assert contents_of(endpoint.get(**params)) == contents
        assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == sorted(
            one["sha2"] for one in statement["attachments"]
        )
        folder.rename(tmp_path / "away")
        folder.write_text("a file where the folder was")
        later = with_content(b"third")
        for answer in (endpoint.get(**params), send(endpoint, mixed(later, b"third"))):
            assert answer.status_code == 503
            assert answer.headers["Content-Type"] == PROBLEM
            assert answer.headers["Retry-After"]
        assert endpoint.is_there(statement["id"])
        assert not endpoint.is_there(later["id"])

        folder.unlink()
        (tmp_path / "away").rename(folder)
        assert contents_of(endpoint.get(**params)) == contents


def test_a_url_that_names_no_store(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lrs", "serve", "--port", "0", "--data-dir", str(tmp_path)]
    ended = subprocess.run(command, env={"LRS_ATTACHMENT_URL": "s3://"}, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: LRS_ATTACHMENT_URL names no object store that can be used: ")
    assert list(tmp_path.iterdir()) == []
