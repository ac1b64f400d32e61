"""Columns arrive in PostgreSQL as they were packed, and names come back as bytes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from projections.packed_rows import array, columns, run
from tests.integration.log_under_load import connections

pytestmark = pytest.mark.anyio

NAME = bytes(range(16))
WHOLE = {
    "boolean": True,
    "bigint": -(2**63),
    "integer": 2**31 - 1,
    "text": "ä",
    "float8": 0.1,
    "date": date(2026, 3, 1),
    "timestamptz": datetime(2026, 3, 1, 8, 0, 0, 1, tzinfo=UTC),
}
"""Of columns without a null."""


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("boolean", [True, None, False]),
        ("bigint", [0, None, -(2**63), 2**63 - 1]),
        ("integer", [0, None, -(2**31), 2**31 - 1]),
        ("text", ["", None, 'ä €\n{},"NULL"']),
        ("float8", [0.1, None, -1e308, 5e-324]),
        (
            "timestamptz",
            [
                datetime.min.replace(tzinfo=UTC),
                None,
                datetime.max.replace(tzinfo=UTC),
                datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
                datetime(2026, 3, 1, 8, 0, 0, 1, tzinfo=UTC) + timedelta(days=1),
            ],
        ),
        ("uuid", [NAME, None, bytes(16)]),
        ("uuid", [NAME, bytes(16), b"\xff" * 16]),
        ("date", [date(1999, 12, 31), None, date.min, date.max]),
        *((name, [value, value]) for name, value in WHOLE.items()),
        ("text", [None, None]),
        ("uuid", []),
    ],
)
async def test_every_type_arrives(database_url: str, type_: str, values: list[Any]) -> None:
    async with connections(database_url, 1) as (connection,):
        await connection.execute("SET TimeZone = 'UTC'")
        rows = await run(connection, f"SELECT u FROM unnest(%s::{type_}[]) AS u", [array(type_, values)])
    assert [value for (value,) in rows] == values


async def test_a_uuid_may_come_as_either(database_url: str) -> None:
    types = {"one": "uuid", "other": "uuid"}
    async with connections(database_url, 1) as (connection,):
        asked = columns(types, [(UUID(bytes=NAME), NAME), (NAME, UUID(bytes=NAME))])
        query = "SELECT one, other FROM unnest(%(one)s::uuid[], %(other)s::uuid[]) AS u (one, other)"
        assert await run(connection, query, asked) == [(NAME, NAME)] * 2
