"""docker-compose.yml says what the code can do: real commands, real settings, the right order, and no secret."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import jsonschema_rs
import pytest
import yaml

from lrs.cli import main
from lrs.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()

SECRET_NAME = re.compile("PASSWORD|SECRET|CREDENTIAL|TOKEN", re.IGNORECASE)
ASKED_FOR = re.compile(r"\$\{\w+:\?[^}]+\}")
PASSWORD_IN_URL = re.compile(r"://[^/@\s]*:[^/@\s]+@")


SPECIFICATION = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
"""The schema of the Compose specification, as that package has it."""


def literal_secrets(services: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The settings that hold a secret themselves instead of asking for it, as service.NAME."""
    for service, said in services.items():
        for name, value in said.get("environment", {}).items():
            secret = SECRET_NAME.search(name) and not ASKED_FOR.fullmatch(str(value))
            if secret or PASSWORD_IN_URL.search(str(value)):
                yield f"{service}.{name}"


def parsed(command: list[str]) -> click.Context:
    """The command line as `lrs` understands it; raises click.UsageError where it does not."""
    with click.Context(main, info_name="lrs") as context:
        name, subcommand, rest = main.resolve_command(context, list(command))
        assert subcommand is not None
        return subcommand.make_context(name, rest, parent=context)


def against_the_specification(compose: dict[str, Any]) -> list[str]:
    """Every place where a file is none of the Compose specification."""
    schema = json.loads(SPECIFICATION.read_text())
    found = jsonschema_rs.validator_for(schema).iter_errors(compose)
    return ["/".join(map(str, error.instance_path)) for error in found]


def test_it_is_one_of_the_compose_specification() -> None:
    assert against_the_specification(COMPOSE) == []


@pytest.mark.parametrize(
    "wrong", [{"healthcheck": {"retires": 3}}, {"ports": 8080}, {"depends_on": {"api": {"condition": "healthy"}}}]
)
def test_what_is_none_would_be_found(wrong: dict[str, Any]) -> None:
    assert against_the_specification({"services": {"api": {"image": "live-lrs", **wrong}}})


@pytest.mark.parametrize("profile", ["", "cluster"])
def test_the_client_itself_understands_it(profile: str) -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("there is no docker compose here")
    command = [docker, "compose", "--profile", profile, "config", "--quiet"]
    asked = dict.fromkeys(("LRS_DATABASE_PASSWORD", "LRS_BOOTSTRAP_CREDENTIAL"), "key:secret")
    told = subprocess.run(command, cwd=REPOSITORY, env={**os.environ, **asked}, capture_output=True, check=False)
    assert told.returncode == 0, told.stderr


def test_the_example_names_what_is_asked_for_and_fills_nothing_in() -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", (REPOSITORY / "docker-compose.yml").read_text()))
    lines = (REPOSITORY / "deploy" / "compose.env.example").read_text().splitlines()
    assert {line for line in lines if line and not line.startswith("#")} == {f"{name}=" for name in asked}


def test_no_secret_is_written_down() -> None:
    assert list(literal_secrets(SERVICES)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTGRES_PASSWORD", "hunter2"),
        ("POSTGRES_PASSWORD", "${PASSWORD:-hunter2}"),
        ("LRS_BOOTSTRAP_CREDENTIAL", "key:secret"),
        ("LRS_DATABASE_URL", "postgresql://lrs:hunter2@database/lrs"),
    ],
)
def test_a_written_secret_would_be_found(name: str, value: str) -> None:
    assert list(literal_secrets({"api": {"environment": {name: value}}})) == [f"api.{name}"]


def test_the_schema_is_there_before_anything_serves() -> None:
    assert SERVICES["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert OURS["migrate"]["command"] == ["migrate"]
    for name in OURS.keys() - {"migrate"}:
        assert OURS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_whatever_stays_up_can_say_that_it_is_well() -> None:
    """A worker that cannot go on ends."""
    assert {name for name, said in SERVICES.items() if "healthcheck" not in said} == {"migrate", "worker"}
    assert all(said.get("restart") == "unless-stopped" for name, said in SERVICES.items() if name != "migrate")


def test_two_api_processes_and_two_workers() -> None:
    assert parsed(OURS["api"]["command"]).params["workers"] == 2
    assert OURS["worker"]["deploy"]["replicas"] == 2
    everything = {"database", "redis", "migrate", "api"}
    assert {name for name, said in SERVICES.items() if "profiles" not in said} == everything


def test_kafka_is_named_to_the_server_only_where_there_is_one() -> None:
    """Where it is named, the server leaves the read models to the workers."""
    assert OURS["api"]["environment"]["LRS_KAFKA_URL"] == "${LRS_KAFKA_URL-}"
    assert Settings(kafka_url="").kafka_url is None
    assert "# LRS_KAFKA_URL=kafka://kafka:9092" in (REPOSITORY / "deploy" / "compose.env.example").read_text()


def test_statements_outlive_the_container() -> None:
    mounted = {name: [mount.split(":")[0] for mount in said.get("volumes", ())] for name, said in SERVICES.items()}
    assert mounted["database"] == ["statements"]
    assert [volume for each in mounted.values() for volume in each] == list(COMPOSE["volumes"])


def test_what_reads_or_writes_kafka_waits_for_it() -> None:
    for name, said in OURS.items():
        if "kafka://" in said["environment"].get("LRS_KAFKA_URL", ""):
            assert said["depends_on"]["kafka"] == {"condition": "service_healthy"}, name


def test_a_check_that_lrs_makes_is_one_of_its_commands() -> None:
    checks = [said["healthcheck"]["test"] for said in OURS.values() if "healthcheck" in said]
    ours = [test[2:] for test in checks if test[1] == "lrs"]
    assert ours
    for command in ours:
        parsed(command)


@pytest.mark.parametrize("service", OURS)
def test_every_command_is_one_of_lrs(service: str) -> None:
    parsed(OURS[service]["command"])


def test_a_command_that_lrs_lacks_would_be_found() -> None:
    with pytest.raises(click.UsageError):
        parsed(["migrate-everything"])
    with pytest.raises(click.UsageError):
        parsed(["migrate", "--no-such-option"])


@pytest.mark.parametrize("service", OURS)
def test_every_setting_is_one_that_is_read(service: str) -> None:
    names = [name for name in OURS[service]["environment"] if name.startswith("LRS_")]
    assert names
    assert {name.removeprefix("LRS_").lower() for name in names} <= Settings.model_fields.keys()


def test_the_image_runs_lrs_and_not_as_root() -> None:
    last_stage = DOCKERFILE.rpartition("\nFROM ")[2]
    assert 'ENTRYPOINT ["lrs"]' in last_stage
    assert "\nUSER lrs\n" in last_stage
    default = re.search(r"^CMD (\[.*\])$", last_stage, re.MULTILINE)
    assert default is not None
    parsed(json.loads(default[1]))


def test_the_image_has_every_package_and_only_locked_dependencies() -> None:
    assert "--require-hashes" in DOCKERFILE
    for package in ("schemas", "projections", "streams", "migrations", "lrs"):
        assert f"\nCOPY {package} {package}\n" in DOCKERFILE
