"""The tables of a run, out of its JSON alone, as text for a terminal and as Markdown for a page.

The rule of this file: a figure that was not measured in that run has no row.
"""

from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

from tests.bench.queries import series_of, size_of
from tests.bench.questions import DEEP_PAGE, KINDS, LIST, deep_page

Result = dict[str, Any]
Row = Sequence[str]


class Table(NamedTuple):
    """A title, and rows under a head."""

    title: str
    head: Row
    rows: Sequence[Row]

    def as_text(self) -> str:
        """Columns under one another: words to the left, figures to the right."""
        rows = [self.head, *self.rows]
        widths = [max(len(row[index]) for row in rows) for index in range(len(self.head))]
        lines = ["  ".join(_aligned(row, widths, self._left())).rstrip() for row in rows]
        return "\n".join([self.title.upper(), *lines])

    def as_markdown(self) -> str:
        """Under a heading."""
        left = self._left()
        rule = ["---" if index in left else "---:" for index in range(len(self.head))]
        return "\n".join(
            [f"### {self.title}", "", *(f"| {' | '.join(row)} |" for row in (self.head, rule, *self.rows))]
        )

    def _left(self) -> set[int]:
        return {index for index in range(len(self.head)) if not any(row[index][:1].isdigit() for row in self.rows)}


def _aligned(row: Row, widths: Sequence[int], left: set[int]) -> list[str]:
    return [
        cell.ljust(width) if index in left else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def tables(result: Result) -> list[Table]:
    """Those that have rows."""
    found = [_loads(result), _stored(result), _answered(result), _costs(result), _lags(result)]
    found += [_read(result), _growth(result)]
    return [table for table in found if table.rows]


def _stored(result: Result) -> Table:
    rows = [_comparison(one) for one in result["comparisons"] if not one["series"].startswith("GET")]
    return Table("Storing, and catching up", ("", "median", "against", "median", "ratio", "lowest – highest"), rows)


def _comparison(one: dict[str, Any]) -> Row:
    return (
        one["title"],
        f"{one['figure']:,.0f} {one['unit']}",
        one["against"],
        f"{one['bound']:,.0f}",
        f"{one['ratio']:.2f}",
        f"{min(one['ratios']):.2f} – {max(one['ratios']):.2f}",
    )


def _answered(result: Result) -> Table:
    rows = [
        (name, f"{_middle(result, name, 'p50'):.1f}", f"{_middle(result, name, 'p99'):.1f}")
        for name in _loads_over_http(result)
    ]
    return Table("Answered within, milliseconds", ("", "p50", "p99"), rows)


def _costs(result: Result) -> Table:
    head = (
        "per 1,000 statements",
        "server CPU s",
        "PostgreSQL CPU s",
        "cores busy: server",
        "its busiest process",
        "PostgreSQL",
        "server memory MB",
        "WAL bytes a statement",
    )
    rows = []
    for name in _loads_over_http(result):
        database = f"{name} · database CPU" in result["rounds"]
        rows.append(
            (
                name,
                f"{_middle(result, name, 'server CPU'):.3f}",
                f"{_middle(result, name, 'database CPU'):.3f}" if database else "–",
                f"{_middle(result, name, 'server cores'):.2f}",
                f"{_middle(result, name, 'busiest process'):.2f}",
                f"{_middle(result, name, 'database cores'):.2f}" if database else "–",
                f"{_middle(result, name, 'memory') / 1e6:.0f}",
                f"{_middle(result, name, 'WAL'):,.0f}",
            )
        )
    return Table("What storing costs", head, rows)


def _lags(result: Result) -> Table:
    rows = [
        (
            name,
            f"{lag['statements']:,.0f}",
            f"{lag['most_statements']:,.0f}",
            f"{lag['seconds']:.2f}",
            f"{lag['most_seconds']:.2f}",
        )
        for name, lag in result["live_lag"].items()
    ]
    return Table("Read models behind, while posting", ("", "statements", "most", "seconds", "most"), rows)


def _read(result: Result) -> Table:
    rows = []
    for one in result["comparisons"]:
        name = one["series"]
        if name.startswith("GET"):
            waits = [f"{_middle(result, name, which):.1f}" for which in ("p50", "p95")]
            rows.append((*_comparison(one), *waits))
    head = ("", "median", "against", "median", "ratio", "lowest – highest", "p50 ms", "p95 ms")
    return Table("Reading, 16 connections", head, rows)


def _growth(result: Result) -> Table:
    sizes = result["sizes"]
    rows = []
    if len(sizes) > 1:
        for kind in KINDS:
            ratio = _ratio(result, series_of(kind, sizes[-1]), series_of(kind, sizes[0]))
            rows.append((kind, f"{size_of(sizes[-1])} by {size_of(sizes[0])}", *ratio))
    for statements in sizes:
        ratio = _ratio(result, series_of(DEEP_PAGE, statements), series_of(LIST, statements))
        rows.append((f"page {deep_page(statements):,} by page 1", size_of(statements), *ratio))
    return Table("p95 by p95: what a page costs as the log grows", ("", "", "ratio", "lowest – highest"), rows)


def _ratio(result: Result, of: str, by: str) -> tuple[str, str]:
    rounds = result["rounds"]
    ratios = [one / other for one, other in zip(rounds[f"{of} · p95"], rounds[f"{by} · p95"], strict=True)]
    return f"{median(ratios):.2f}", f"{min(ratios):.2f} – {max(ratios):.2f}"


def _loads(result: Result) -> Table:
    rows = []
    for one in result["loads"]:
        statements, seconds, wal = one["statements"], one["seconds"], one["wal_bytes"]
        rows.append(
            (
                f"{statements:,}",
                "–" if seconds is None else f"{statements / seconds:,.0f}",
                "–" if wal is None else f"{wal / statements:,.0f}",
                f"{one['disk_bytes'] / statements:,.0f}",
            )
        )
    head = ("statements", "loaded a second", "WAL bytes a statement", "disk bytes a statement")
    return Table("The logs that are read, as `lrs load` loaded them (–: in an earlier run)", head, rows)


def _loads_over_http(result: Result) -> list[str]:
    """The series that have a cost."""
    return [name.removesuffix(" · server CPU") for name in result["rounds"] if name.endswith(" · server CPU")]


def _middle(result: Result, name: str, which: str) -> float:
    figures: list[float] = result["rounds"][f"{name} · {which}"]
    return median(figures)
