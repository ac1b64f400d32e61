"""deploy/kubernetes says what Kubernetes and the code can do: its schemas, real commands, settings, metrics."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from lrs.api.metrics import PROBES
from lrs.metrics.catalogue import METRICS
from lrs.settings import Settings
from tests.unit.test_compose import parsed

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"
VERSIONS = ("1.30", "1.33")
"""Of Kubernetes: the oldest that still has users, and a newer one."""
FILES = sorted(file for file in FOLDER.glob("*.yaml") if file.name != "kustomization.yaml")
OBJECTS: list[dict[str, Any]] = [one for file in FILES for one in yaml.safe_load_all(file.read_text())]
PODS = {
    one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in OBJECTS if "template" in one.get("spec", {})
}
CONTAINERS = {name: pod["containers"][0] for name, pod in PODS.items()}
SETTINGS: dict[str, str] = next(one["data"] for one in OBJECTS if one["kind"] == "ConfigMap")


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [one for one in OBJECTS if one["kind"] == kind]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("one", OBJECTS, ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_each_object_is_as_kubernetes_has_it(one: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(one, version, strict=True)


def test_what_kubernetes_has_not_would_be_found() -> None:
    (service,) = of_kind("Service")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**service, "spec": {"prots": []}}, VERSIONS[0], strict=True)


def test_everything_is_named_for_kustomize() -> None:
    named = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert sorted(named) == [file.name for file in FILES]


def test_kustomize_puts_them_together() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("there is no kubectl here")
    told = subprocess.run([kubectl, "kustomize", str(FOLDER)], capture_output=True, text=True, check=True).stdout
    built = [one for one in yaml.safe_load_all(told) if one["kind"] != "Namespace"]
    assert len(built) == len(OBJECTS) - 1
    assert {one["metadata"]["namespace"] for one in built} == {"lrs"}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_command_is_one_of_lrs(name: str) -> None:
    parsed(CONTAINERS[name]["args"])


def test_every_setting_is_one_that_is_read_and_none_is_a_secret() -> None:
    assert {name.removeprefix("LRS_").lower() for name in SETTINGS} <= Settings.model_fields.keys()
    Settings.model_validate({name.removeprefix("LRS_").lower(): value for name, value in SETTINGS.items()})
    assert not of_kind("Secret")
    assert not re.search(r"://[^/@\s]*:[^/@\s]+@", "".join(file.read_text() for file in FILES))


def test_the_probes_are_there() -> None:
    api = CONTAINERS["lrs-api"]
    ports = {port["name"] for port in api["ports"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert api[probe]["httpGet"]["path"] in PROBES
        assert api[probe]["httpGet"]["port"] in ports
    assert api["livenessProbe"]["httpGet"]["path"] == "/health/live"  # who waits for the database is not started again
    parsed(CONTAINERS["lrs-relay"]["readinessProbe"]["exec"]["command"][1:])


def test_what_is_scraped_is_where_it_is_said_to_be() -> None:
    (api,) = [one for one in of_kind("Deployment") if one["metadata"]["name"] == "lrs-api"]
    port = api["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"]
    assert port == SETTINGS["LRS_METRICS_PORT"]
    assert int(port) in {one["containerPort"] for one in CONTAINERS["lrs-api"]["ports"]}
    (service,) = of_kind("Service")
    assert [one["targetPort"] for one in service["spec"]["ports"]] == ["http"]  # nobody outside reads what is measured


def test_whatever_is_scaled_or_kept_is_there() -> None:
    deployments = {one["metadata"]["name"]: one["spec"] for one in of_kind("Deployment")}
    scaled = {one["spec"]["scaleTargetRef"]["name"]: one["spec"] for one in of_kind("HorizontalPodAutoscaler")}
    kept = {tuple(one["spec"]["selector"]["matchLabels"].items()) for one in of_kind("PodDisruptionBudget")}
    assert scaled.keys() <= deployments.keys()
    for name, spec in deployments.items():
        labels = spec["selector"]["matchLabels"].items()
        assert labels <= spec["template"]["metadata"]["labels"].items()
        assert tuple(labels) in kept
        assert ("replicas" in spec) is (name not in scaled)  # else every apply would undo what the autoscaler did
    for spec in scaled.values():
        for metric in spec["metrics"]:
            if metric["type"] == "External":
                assert METRICS[metric["external"]["metric"]["name"]].of_store


@pytest.mark.parametrize("name", PODS)
def test_nothing_runs_as_root_or_writes_into_the_image(name: str) -> None:
    assert PODS[name]["securityContext"]["runAsNonRoot"]
    own = CONTAINERS[name]["securityContext"]
    assert own["readOnlyRootFilesystem"]
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert "memory" in CONTAINERS[name]["resources"]["limits"]
