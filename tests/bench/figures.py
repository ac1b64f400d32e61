"""What was measured: series of figures, one a round, and medians over rounds, each ratio taken within its round."""

from collections import defaultdict
from collections.abc import Sequence
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

    def __contains__(self, series: str) -> bool:
        return series in self._series

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


def _middle(lags: Sequence[Lag]) -> Lag:
    return Lag(*(median(column) for column in zip(*lags, strict=True)))
