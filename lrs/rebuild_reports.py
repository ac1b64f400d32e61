"""What `lrs replay` tells people: how far it is, what it found, how things stand."""

import time
from types import TracebackType
from typing import Self

import click
from tqdm import tqdm

from projections.apply import VERSION
from projections.comparison_queries import DICTIONARIES, Compared
from streams.rebuild import Comparison
from streams.rebuild_status import RebuildStatus

LINE_SECONDS = 10.0
"""Between two lines where there is no terminal for a bar."""


class ProgressBar:
    """Positions of the log that are behind; a bar in a terminal, elsewhere a line now and then."""

    def __init__(self, begin: int, *, is_shown: bool) -> None:
        self._begin = self._at = begin
        self._bar = tqdm(initial=begin, total=begin, unit="", unit_scale=True, desc="positions", disable=not is_shown)
        self._is_shown = is_shown
        self._began = self._told = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def reached(self, position: int, until: int) -> None:
        """So far it is, and so far it is to go."""
        self._bar.total = until
        self._bar.update(position - self._at)
        self._at = position
        now = time.monotonic()
        if not self._is_shown and (now - self._told > LINE_SECONDS or position >= until):
            self._told = now
            rate = (position - self._begin) / max(now - self._began, 1e-3)
            left = "" if position >= until else f", {(until - position) / max(rate, 1e-3):,.0f} s left"
            click.echo(f"position {position:,} of {until:,}: {rate:,.0f} positions/s{left}", err=True)


def comparison_text(comparison: Comparison | None) -> str:
    """What was found, a table a line where something is to be said of it."""
    if comparison is None:
        return "What was built is further on than the live read models: they are not compared."
    rows = sum(one.rows_beside for one in comparison.tables)
    at = f"at position {comparison.position:,}"
    if not comparison.differences:
        return f"Compared {at}: all {rows:,} rows are equal to the live ones."
    lines = [f"  {_table_text(one)}" for one in comparison.tables if one.differences]
    if comparison.version != VERSION:
        head = (
            f"Compared {at} with the live rows, of version {comparison.version}: these change with version {VERSION}."
        )
    else:
        head = f"THE LIVE READ MODELS ARE WRONG {at}: {comparison.differences:,} rows are not what the log gives."
    return "\n".join([head, *lines])


def _table_text(one: Compared) -> str:
    found = [f"{one.differing:,} differ"] if one.differing else []
    found += [f"{one.only_beside:,} were missing"] if one.only_beside else []
    found += [f"{one.only_live:,} were too many"] if one.only_live and one.table not in DICTIONARIES else []
    return f"{one.table}: of {one.rows:,} rows {', '.join(found)}: {'; '.join(one.keys)}"


def status_text(found: RebuildStatus) -> str:
    """How things stand, in lines."""
    lines = []
    if found.live_version is None:
        lines.append("The read models have not begun: `lrs serve` builds them.")
    else:
        lines.append(f"The live read models stand at position {found.position:,}, by version {found.live_version}.")
        if found.live_version != VERSION:
            lines.append(f"This is version {VERSION}: run `lrs replay`.")
    if found.schema is not None:
        work = "is being built" if found.is_at_work else "was interrupted, and `lrs replay` goes on with it"
        lines.append(f"{found.schema} {work}: it stands at position {found.reached or 0:,}.")
    return "\n".join(lines)
