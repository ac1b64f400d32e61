"""What was measured, and how it is said: medians over rounds, each beside its bound, with the ratio's own spread."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from tests.bench.live_lag import Lag


class Comparison(NamedTuple):
    """One line: a series, its unit, what it is measured against, and that series."""

    title: str
    series: str
    unit: str
    against: str
    baseline: str


class Figures:
    """Series of figures, one a round, under a name each."""

    def __init__(self) -> None:
        self._series: dict[str, list[float]] = defaultdict(list)
        self._lags: dict[str, list[Lag]] = defaultdict(list)

    def add(self, series: str, figure: float) -> None:
        """One more round's figure."""
        self._series[series].append(figure)

    def add_lag(self, series: str, lag: Lag) -> None:
        """One more round's lag."""
        self._lags[series].append(lag)

    def median(self, series: str) -> float:
        """The median over the rounds."""
        return median(self._series[series])

    def ratios(self, comparison: Comparison) -> list[float]:
        """Figure by baseline, round by round."""
        pairs = zip(self._series[comparison.series], self._series[comparison.baseline], strict=True)
        return [figure / baseline for figure, baseline in pairs]

    def as_json(self, comparisons: Sequence[Comparison]) -> dict[str, Any]:
        """Every comparison and lag with its median, and every figure of every round."""
        return {
            "comparisons": [
                one._asdict()
                | {"figure": self.median(one.series), "bound": self.median(one.baseline)}
                | {"ratio": median(self.ratios(one)), "ratios": self.ratios(one)}
                for one in comparisons
            ],
            "live_lag": {name: _middle(lags)._asdict() for name, lags in self._lags.items()},
            "rounds": dict(self._series),
        }

    def as_text(self, comparisons: Sequence[Comparison]) -> str:
        """The tables."""
        rows = [("", "median", "against", "median", "ratio", "lowest – highest")]
        for one in comparisons:
            ratios = self.ratios(one)
            rows.append(
                (
                    one.title,
                    f"{self.median(one.series):,.0f} {one.unit}",
                    one.against,
                    f"{self.median(one.baseline):,.0f}",
                    f"{median(ratios):.2f}",
                    f"{min(ratios):.2f} – {max(ratios):.2f}",
                )
            )
        lags = [("read models behind, while posting", "statements", "most", "seconds", "most")]
        for name, found in self._lags.items():
            lag = _middle(found)
            lags.append(
                (
                    name,
                    f"{lag.statements:,.0f}",
                    f"{lag.most_statements:,.0f}",
                    f"{lag.seconds:.2f}",
                    f"{lag.most_seconds:.2f}",
                )
            )
        waits = [("answered within, milliseconds", "p50", "p99")]
        for name in self._series:
            if name.endswith(" p50"):
                title = name.removesuffix(" p50")
                waits.append((title, f"{self.median(name):.1f}", f"{self.median(f'{title} p99'):.1f}"))
        return "\n\n".join((_table(rows), _table(waits), _table(lags)))


def _middle(lags: Sequence[Lag]) -> Lag:
    return Lag(*(median(column) for column in zip(*lags, strict=True)))


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Columns under one another: words to the left, figures to the right."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    left = {index for index in range(len(rows[0])) if not any(row[index][:1].isdigit() for row in rows[1:])}
    return "\n".join(
        "  ".join(
            cell.ljust(width) if index in left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def header(facts: Mapping[str, str]) -> str:
    """What was measured on, one fact a line."""
    return "\n".join(f"{name:<12}{value}" for name, value in facts.items())
