"""Runs the `.sql` files of one migration, in the order of their names: one database object a file."""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection

FOLDER = Path(__file__).parent / "sql"


def run_files(connection: Connection, folder: str, *, skip: Iterable[str] = (), **fill: str) -> None:
    """Execute `sql/<folder>/*.sql` but for the names in `skip`; `{name}` in a file is filled from `fill`."""
    cursor = connection.connection.cursor()
    for file in sorted((FOLDER / folder).glob("*.sql")):
        if file.name in skip:
            continue
        text = file.read_text(encoding="utf-8")
        for name, value in fill.items():
            text = text.replace("{" + name + "}", value)
        cursor.execute(text)
    cursor.close()
