"""What was answered on a course's items."""

from pathlib import Path
from typing import Any

import aiosql

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("item_queries.sql"), "psycopg", mandatory_parameters=False)
