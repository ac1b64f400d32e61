"""The named statements of `queries.sql`."""

from pathlib import Path
from typing import Any

import aiosql

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("queries.sql"), "psycopg", mandatory_parameters=False)
