"""Statements that were stored long ago, as the log would hold them: moved there behind the back of its triggers."""

from collections.abc import Sequence
from datetime import timedelta

import psycopg

LONG_AGO = timedelta(days=400)


def age(url: str, ids: Sequence[str], by: timedelta = LONG_AGO) -> None:
    """As if these had been stored so much earlier; their positions stay."""
    values = {"ids": list(ids), "by": by}
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("SELECT make_statement_partitions_between(now() - %(by)s, now() - %(by)s)", values)
        connection.execute(
            "CREATE TEMP TABLE aged ON COMMIT DROP AS SELECT * FROM statement WHERE id = ANY (%(ids)s::uuid[])", values
        )
        connection.execute("DELETE FROM statement WHERE id = ANY (%(ids)s::uuid[])", values)
        connection.execute("UPDATE aged SET stored = stored - %(by)s", values)
        connection.execute("INSERT INTO statement SELECT * FROM aged")
        connection.execute("UPDATE statement_id SET stored = stored - %(by)s WHERE id = ANY (%(ids)s::uuid[])", values)
        connection.execute(
            "UPDATE statement_reference SET stored = stored - %(by)s WHERE referrer = ANY (%(ids)s::uuid[])", values
        )


def age_contents(url: str, by: timedelta = LONG_AGO) -> None:
    """As if every content of an attachment had been kept so much earlier."""
    with psycopg.connect(url) as connection:
        for table in ("attachment", "attachment_piece", "statement_attachment"):
            connection.execute(f"UPDATE {table} SET kept = kept - %s".encode(), [by])
