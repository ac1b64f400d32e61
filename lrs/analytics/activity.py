"""Activity counted in calendar buckets: an answer is one snapshot of the facts, and names the position they reached.

docs/analytics.md is its definition, and says the same in SQL.
"""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, timezone
from pathlib import Path
from typing import Any

import aiosql
import msgspec
from psycopg import AsyncConnection, errors

from lrs.analytics.activity_parameters import ActivityQuery, violation
from lrs.analytics.activity_queries import LABELS, MEASURES, activity_query
from lrs.database import Pool
from schemas.errors import QueryRefused

MOST_ROWS = 50_000

QUERIES: Any = aiosql.from_path(Path(__file__).with_name("queries.sql"), "psycopg", mandatory_parameters=False)
_encode = msgspec.json.Encoder(decimal_format="number").encode
_NARROWER = "ask for a shorter range, a longer bucket or fewer groups, or filter by course, learner or verb"


@dataclass(frozen=True, slots=True)
class ActivityAnswer:
    """The rows of one query over [begin, end), in order, each with the values of `columns`.

    position: the facts are those of every statement up to it.
    """

    query: ActivityQuery
    position: int
    begin: datetime
    end: datetime
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def as_json(self) -> bytes:
        """One object: what was asked, the position, and the rows as objects; numbers are exact decimals."""
        asked = self.query
        return _encode(
            {
                "position": self.position,
                "from": utc(self.begin),
                "to": utc(self.end),
                "tz": asked.tz,
                "bucket": asked.bucket,
                "group_by": asked.group_by,
                "filters": asked.filters(),
                "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
            }
        )

    def as_csv(self) -> bytes:
        """RFC 4180 with a header line, in UTF-8: the same values as in JSON; what is not known is empty."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue().encode()

    def file_name(self) -> str:
        """A name that tells where a kept file came from: range, and position."""
        first, last = (moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") for moment in (self.begin, self.end))
        return f"activity_{first}_{last}_position_{self.position}.csv"


async def count_activity(pool: Pool, tenant: int, query: ActivityQuery) -> ActivityAnswer:
    """Count a tenant's live statements as `query` asks.

    Raises QueryRefused where the range is empty, the database does not know the zone, or the answer would
    be too long or take too long.
    """
    sql = activity_query(query.group_by, tuple(query.filters()), hourly=query.bucket == "hour")
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(QUERIES.begin_snapshot.sql)
        position, begin, end = await _resolve(connection, query)
        if begin >= end:
            raise QueryRefused([violation("to", f"must lie after from, which is {utc(begin)}", utc(end))])
        values = {
            "tenant": tenant,
            "begin": begin,
            "end": end,
            "unit": query.bucket,
            "zone": query.tz,
            "most": MOST_ROWS + 1,
            **{f"by_{name}": value for name, value in query.filter_names().items()},
        }
        try:
            cursor = await connection.execute(sql, values)
        except errors.QueryCanceled:
            rule = f"begins a range that takes too long to count: {_NARROWER}"
            raise QueryRefused([violation("from", rule, utc(begin))]) from None
        rows = await cursor.fetchall()
    if len(rows) > MOST_ROWS:
        asked = ("group_by", ",".join(query.group_by)) if query.group_by else ("bucket", query.bucket)
        raise QueryRefused([violation(asked[0], f"makes more than {MOST_ROWS} rows: {_NARROWER}", asked[1])])
    labels = [label for group in query.group_by for label in LABELS[group]]
    columns = ("bucket", "bucket_utc", *labels, *MEASURES)
    return ActivityAnswer(query, position, begin, end, columns, [_shown(*row) for row in rows])


async def _resolve(connection: AsyncConnection, query: ActivityQuery) -> tuple[int, datetime, datetime]:
    """The position of the facts, and the range's ends as instants."""
    ends: dict[str, date | str | None] = {"zone": query.tz}
    for name, moment in (("begin", query.begin), ("end", query.end)):
        is_instant = isinstance(moment, datetime)
        ends |= {f"{name}_instant": moment if is_instant else None, f"{name}_day": None if is_instant else moment}
    try:
        row = await (await connection.execute(QUERIES.resolve_range.sql, ends)).fetchone()
    except errors.InvalidParameterValue:
        raise QueryRefused([violation("tz", "must be a time zone that the database knows", query.tz)]) from None
    assert row is not None
    return row[0], row[1], row[2]


def utc(moment: datetime) -> str:
    """An instant in ISO 8601, in UTC."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def _shown(start: datetime, wall_clock: datetime, *values: Any) -> tuple[Any, ...]:
    """A row with its bucket's start as the zone shows it, with the offset in force, and in UTC."""
    offset = wall_clock - start.astimezone(UTC).replace(tzinfo=None)
    return wall_clock.replace(tzinfo=timezone(offset)).isoformat(), utc(start), *values
