"""All that was counted and found, as Prometheus reads it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from lrs.metrics.catalogue import METRICS, PROCESS, Metric
from lrs.metrics.meter import Sample, Snapshot, Spread, Value

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


def exposed(snapshots: Iterable[Snapshot], of_store: Iterable[Value]) -> bytes:
    """What each process has counted, and what holds for the whole store."""
    samples: defaultdict[str, list[tuple[tuple[str, ...], Sample]]] = defaultdict(list)
    for snapshot in snapshots:
        for sample in snapshot.samples:
            samples[sample.name].append(((*sample.labels, snapshot.process), sample))
    for value in of_store:
        samples[value.name].append((value.labels, value))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Found(samples))
    return generate_latest(registry)


class _Found(Collector):
    def __init__(self, samples: dict[str, list[tuple[tuple[str, ...], Sample]]]) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Family]:
        for name, found in self._samples.items():
            yield _family(METRICS[name], found)


def _family(metric: Metric, found: list[tuple[tuple[str, ...], Sample]]) -> Family:
    labels = metric.labels if metric.of_store else (*metric.labels, PROCESS)
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.name, metric.says, labels=labels)
        for values, sample in found:
            assert isinstance(sample, Spread)
            bounds = (*map(str, sample.bounds), "+Inf")
            buckets = list(zip(bounds, map(float, accumulate(sample.counts)), strict=True))
            histogram.add_metric(values, buckets, sample.total)
        return histogram
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.says, labels=labels)
    for values, sample in found:
        assert isinstance(sample, Value)
        family.add_metric(values, sample.value)
    return family
