"""The dashboard and its alarms ask for metrics that there are, by labels that these have, and leave none out."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lrs.metrics.catalogue import METRICS, PROCESS, Metric

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "grafana"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
RULES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"][0]["rules"]
ASKED = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
WATCHED = [rule["data"][0]["model"]["expr"] for rule in RULES]

NAME = re.compile(r"lrs_[a-z_]+")
SELECTOR = re.compile(r"(lrs_[a-z_]+)\{([^}]*)\}")
GROUPED = re.compile(r"by \(([^)]*)\)")
PARTS = ("_bucket", "_sum", "_count")
SCRAPED = {"instance", "job"}
"""Labels that Prometheus adds."""


def metric_of(name: str) -> Metric | None:
    """The metric that a series belongs to; the parts of a histogram have names of their own."""
    if name in METRICS:
        return METRICS[name] if METRICS[name].kind != "histogram" else None
    for part in PARTS:
        found = METRICS.get(name.removesuffix(part))
        if name.endswith(part) and found is not None and found.kind == "histogram":
            return found
    return None


def wrong_in(expression: str) -> Iterator[str]:
    """Names and labels that there are not, and counters that are not asked for their rate."""
    of = [metric_of(name) for name in NAME.findall(expression)]
    if not of or None in of:
        yield expression
    labels = {label for metric in of if metric for label in (*metric.labels, *(() if metric.of_store else (PROCESS,)))}
    named = {label.strip() for group in GROUPED.findall(expression) for label in group.split(",")}
    named |= {label for _, inner in SELECTOR.findall(expression) for label in re.findall(r"(\w+)=", inner)}
    yield from named - labels - SCRAPED - {"le"}
    for name in NAME.findall(expression):
        metric = metric_of(name)
        if metric is not None and metric.kind != "gauge" and not re.search(rf"rate\({name}[{{\[]", expression):
            yield name


@pytest.mark.parametrize("expression", [*ASKED, *WATCHED])
def test_what_is_asked_for_is_there(expression: str) -> None:
    assert list(wrong_in(expression)) == []


@pytest.mark.parametrize(
    "expression",
    [
        "max(lrs_nothing)",
        "sum(rate(lrs_commit_seconds[5m]))",
        "sum by (course) (lrs_live_clients)",
        'max(lrs_dead_letters{status="parked"})',
        "sum(lrs_statements_total)",
        "1",
    ],
)
def test_what_is_not_would_be_found(expression: str) -> None:
    assert list(wrong_in(expression))


def test_every_metric_is_shown() -> None:
    shown = {metric.name for expression in ASKED for name in NAME.findall(expression) if (metric := metric_of(name))}
    assert shown == METRICS.keys()


def test_every_panel_has_a_place_of_its_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
    assert all(panel["datasource"]["uid"] == "${source}" for panel in panels)


def test_every_alarm_says_what_to_do() -> None:
    assert len({rule["uid"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["annotations"]["summary"]
        assert rule["condition"] == rule["data"][1]["refId"]
        assert rule["data"][1]["model"]["expression"] == rule["data"][0]["refId"]
