"""Rows that come in an order, a page at a time: the next page begins behind the place of the last row.

The rule of this file: a page is found by a place in the order, never by counting. So the thousandth costs what the
first does, and a row that stays where it is while somebody turns pages is met exactly once. Rows that have nothing to
be sorted by come last, whichever way the order goes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from sqlalchemy import ColumnElement, Integer, Select, bindparam, tuple_
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]

Row = tuple[Any, ...]
Place = list[Any]
"""The values of a row that its order is by, as JSON can hold them; the first is null among the rows that come last."""


@dataclass(frozen=True, slots=True)
class Order:
    """What rows are sorted by: together these columns are one row's alone. nullable: whether the first may be null."""

    columns: tuple[ColumnElement[Any], ...]
    nullable: bool = False


class Wanted(NamedTuple):
    """Which page: so many rows, in the order of this name, behind a place."""

    order: str
    descending: bool
    after: Place | None
    limit: int


class Page(NamedTuple):
    """Rows in order, and the place of the last of them where others follow."""

    rows: list[Row]
    next: Place | None


class Pages:
    """The pages of one kind of rows.

    rows: the query for some filters, by their names; every filter is a parameter of that name.
    """

    def __init__(self, rows: Callable[[frozenset[str]], Select[Any]], orders: Mapping[str, Order]) -> None:
        self._rows = rows
        self.orders = orders
        self._sql = lru_cache(maxsize=512)(self._compiled)

    async def read(
        self, connection: AsyncConnection, scope: Mapping[str, Any], filters: Mapping[str, Any], wanted: Wanted
    ) -> Page:
        """One page; scope: the parameters that are no filters."""
        order, descending, after, limit = wanted
        columns, nullable = self.orders[order].columns, self.orders[order].nullable
        found: list[Row] = []
        for last_part in (False, True) if nullable else (False,):
            behind = after is not None and nullable and (after[0] is None) is last_part
            if after is not None and nullable and after[0] is None and not last_part:
                continue
            within = after is not None and (behind or not nullable)
            values = {**scope, **filters, "limit": limit + 1 - len(found)}
            if within and after is not None:
                values |= {f"after_{number}": value for number, value in enumerate(after)}
            sql = self._sql(frozenset(filters), order, descending, last_part, within)
            found += await (await connection.execute(sql, values)).fetchall()
            if len(found) > limit:
                break
        width = len(columns)
        end = list(found[limit - 1][-width:]) if len(found) > limit else None
        return Page([row[:-width] for row in found[:limit]], end)

    def sql(self, filters: frozenset[str], order: str, *, descending: bool = False, within: bool = False) -> str:
        """The query of a page of rows that have what they are sorted by; within: behind a place."""
        return self._sql(filters, order, descending, False, within)

    def _compiled(self, filters: frozenset[str], order: str, descending: bool, last_part: bool, within: bool) -> str:
        """`last_part`: of the rows whose first column is null."""
        sort = self.orders[order]
        first, *others = sort.columns
        numbered = list(enumerate(sort.columns))
        rows = self._rows(filters).add_columns(*(column.label(f"place_{number}") for number, column in numbered))
        if last_part:
            rows = rows.where(first.is_(None))
            numbered = numbered[1:]
        elif sort.nullable:
            rows = rows.where(first.is_not(None))
        if within:
            place = tuple_(*(column for _, column in numbered))
            after = tuple_(*(bindparam(f"after_{number}", type_=column.type) for number, column in numbered))
            rows = rows.where(place < after if descending else place > after)
        sorted_by = others if last_part else sort.columns
        rows = rows.order_by(*(column.desc() if descending else column.asc() for column in sorted_by))
        return str(rows.limit(bindparam("limit", type_=Integer)).compile(dialect=_DIALECT))
