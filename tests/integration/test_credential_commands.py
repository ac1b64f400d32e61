"""`lrs credential`: on a database of one's own, and on the embedded one, whether it is being served or not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner, Result

from lrs.cli import main
from tests.acceptance.endpoint import VERSION
from tests.integration.test_command_line import lrs
from tests.services.databases import fresh_database, migrated_database
from tests.services.lrs_process import STARTER
from tests.services.lrs_server import CREDENTIAL, serving, serving_embedded
from tests.services.postgres import PostgresServer


def run(*words: str, **variables: str) -> Result:
    """One command in this process, with no setting but these."""
    unset = dict.fromkeys((name for name in os.environ if name.startswith("LRS_")), None)
    return CliRunner().invoke(main, ["credential", *words], env={**unset, **variables})


def credential(*words: str, **variables: str) -> Any:
    """What a command that must succeed prints as JSON."""
    done = run(*words, "--json", **variables)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refusal(*words: str, **variables: str) -> str:
    """What a command that must fail says."""
    done = run(*words, **variables)
    assert done.exit_code in (1, 2)
    assert isinstance(done.exception, SystemExit)
    assert done.stdout == ""
    return done.stderr


def embedded(*words: str, folder: str) -> Any:
    """As `credential`, in a process of its own, which the embedded database needs."""
    done = STARTER.run(["credential", *words, "--json", "--data-dir", folder], os.environ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def status(origin: str, key: str, secret: str) -> int:
    """Of reading statements."""
    return httpx.get(f"{origin}/xapi/statements", headers={VERSION: "1.0.3"}, auth=(key, secret)).status_code


def test_from_making_to_disabling(embedded_server: PostgresServer) -> None:
    with migrated_database(embedded_server) as url, serving(url) as server:
        made = credential("create", "--name", "Moodle", "--scope", "state", "--scope", "all/read", LRS_DATABASE_URL=url)
        assert (made["name"], made["scopes"]) == ("Moodle", ["state", "all/read"])
        assert status(server.origin, made["key"], made["secret"]) == 200
        other = credential("rotate", made["key"], "--keep-for", "60", LRS_DATABASE_URL=url)
        assert other["previous_until"] is not None
        assert status(server.origin, made["key"], other["secret"]) in (200, 401)  # within its second
        listed = credential("list", LRS_DATABASE_URL=url)
        assert [one["key"] for one in listed] == [CREDENTIAL[0], made["key"]]
        assert not any("secret" in one for one in listed)
        assert credential("disable", made["key"], LRS_DATABASE_URL=url)["disabled"] is not None

        shown = run("create", LRS_DATABASE_URL=url).stdout
        key, _, secret = shown.split()[1].partition(":")
        assert status(server.origin, key, secret) == 200
        assert "statements/write statements/read/mine" in shown
        told = run("list", LRS_DATABASE_URL=url).stdout
        assert all(word in told for word in (key, "Moodle", "disabled since", "all/read"))
        assert not any(word in told for word in (secret, other["secret"], CREDENTIAL[1]))

        assert "no credential nobody" in refusal("disable", "nobody", LRS_DATABASE_URL=url)
        assert "is disabled" in refusal("rotate", made["key"], LRS_DATABASE_URL=url)
        assert "no tenant 7" in refusal("create", "--tenant", "7", LRS_DATABASE_URL=url)
        assert "'everything' is not one of" in refusal("create", "--scope", "everything", LRS_DATABASE_URL=url)


def test_compatibility(embedded_server: PostgresServer) -> None:
    with migrated_database(embedded_server) as url:
        strict, lenient = (credential("create", *more, LRS_DATABASE_URL=url) for more in ([], ["--compatibility"]))
        assert (strict["compatibility"], lenient["compatibility"]) == (False, True)
        assert "Compatibility  on" in run("create", "--compatibility", LRS_DATABASE_URL=url).stdout
        assert run("list", LRS_DATABASE_URL=url).stdout.count("; compatibility") == 2
        assert credential("compatibility", strict["key"], "on", LRS_DATABASE_URL=url)["compatibility"] is True
        told = run("compatibility", lenient["key"], "off", LRS_DATABASE_URL=url).stdout
        assert told == f"{lenient['key']} has compatibility off.\n"
        assert credential("rotate", lenient["key"], LRS_DATABASE_URL=url)["compatibility"] is False
        assert credential("disable", strict["key"], LRS_DATABASE_URL=url)["compatibility"] is True
        assert "no credential nobody" in refusal("compatibility", "nobody", "on", LRS_DATABASE_URL=url)
        assert "'maybe' is not one of" in refusal("compatibility", strict["key"], "maybe", LRS_DATABASE_URL=url)


def test_a_database_that_is_not_ready(embedded_server: PostgresServer, tmp_path: Path) -> None:
    with fresh_database(embedded_server) as url:
        assert "lrs migrate" in refusal("list", LRS_DATABASE_URL=url)
    assert "LRS_DATABASE_URL" in refusal("list", LRS_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    nowhere = tmp_path / "nowhere"
    assert "lrs serve" in refusal("list", "--data-dir", str(nowhere))
    assert not nowhere.exists()


def test_the_embedded_database_served_or_not(tmp_path: Path) -> None:
    folder = str(tmp_path / "data")
    with serving_embedded(Path(folder)) as server:
        made = embedded("create", folder=folder)
        assert status(server.origin, made["key"], made["secret"]) == 200
        assert status(server.origin, *CREDENTIAL) == 200  # the server is still there
    assert [one["key"] for one in embedded("list", folder=folder)] == [CREDENTIAL[0], made["key"]]
    embedded("disable", made["key"], folder=folder)
    assert not (Path(folder) / "postgres" / "postmaster.pid").exists()
    assert [one["disabled"] is None for one in embedded("list", folder=folder)] == [True, False]


def test_the_first_credential_is_not_lost_where_the_port_is_taken(embedded_server: PostgresServer) -> None:
    with migrated_database(embedded_server) as url, migrated_database(embedded_server) as other:
        with serving(other) as first:
            port = first.origin.rpartition(":")[2]
            refused = lrs("serve", "--port", port, LRS_DATABASE_URL=url)
        assert refused.returncode != 0
        assert refused.stdout == ""
        assert port in refused.stderr
        assert "in use" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert credential("list", LRS_DATABASE_URL=url) == []
        with shown_first(url) as (origin, pair):
            key, _, secret = pair.partition(":")
            assert status(origin, key, secret) == 200
        assert [one["key"] for one in credential("list", LRS_DATABASE_URL=url)] == [key]


@contextmanager
def shown_first(url: str) -> Iterator[tuple[str, str]]:
    """A server on a free port: its origin and the credential, as it shows them."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("LRS_")}
    command = [sys.executable, "-m", "lrs", "serve", "--port", "0"]
    with subprocess.Popen(
        command, env=variables | {"LRS_DATABASE_URL": url}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            shown = {}
            while "Course" not in shown:
                name, _, *words = process.stdout.readline().replace("Credential", "Credential _").split()
                shown[name] = words[0]
            yield shown["xAPI"].removesuffix("/xapi"), shown["Credential"]
        finally:
            process.terminate()
