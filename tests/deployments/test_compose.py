"""`compose.yaml` as written: names that exist, nothing published to the world, no secret in it, order that ends well."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from compose_file import (
    COMPOSE,
    EXAMPLE,
    PRODUCTION,
    VARIABLE,
    example_variables,
    fill,
    image_environment,
    read_compose,
)
from cryptography.fernet import Fernet
from cyclopts import CycloptsError
from known_settings import known_names
from native_compose import TOOLS
from prefect.cli._app import _app
from prefect.settings.models.server.services import ServerServicesDBVacuumSettings

from deployments.cli.prefect_server import LEAN, QUIET

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = example_variables()
SERVICES = read_compose(VARIABLES)
OURS = sorted(name for name, each in SERVICES.items() if str(each["image"]).startswith("nightpress:"))
THEIRS = sorted(set(SERVICES) - set(OURS))


def names_with(prefix: str, environment: dict[str, Any]) -> set[str]:
    return {name for name in environment if name.startswith(prefix)}


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_prefect_exists(name: str):
    used = names_with("PREFECT_", {**SERVICES[name]["environment"], **image_environment()})
    assert len(used) > 5
    assert used - known_names() == set()


def test_a_setting_that_does_not_exist_is_seen():
    assert "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCHSIZE" not in known_names()
    assert "PREFECT_INTEGRATIONS_KUBERNETES_OBSERVER_NAMESPACES" in known_names()


def test_the_image_is_quiet_and_lean():
    environment = image_environment()
    quiet = {name: value for name, value in QUIET.items() if "LOGGING" not in name}
    assert environment.items() >= {**LEAN, **quiet}.items()


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name: str):
    program, *rest = SERVICES[name]["command"]
    if program == "python":
        assert rest[0] == "-m"
        assert find_spec(rest[1]), rest[1]
    else:
        assert program == "prefect"
        assert callable(_app.parse_args(rest, exit_on_error=False, print_error=False)[0])


@pytest.mark.parametrize("wrong", [["server", "start", "--wokers", "2"], ["worker", "strat"]])
def test_a_command_that_does_not_exist_is_seen(wrong: list[str]):
    with pytest.raises(CycloptsError):
        _app.parse_args(wrong, exit_on_error=False, print_error=False)


def test_only_loopback_is_published_and_only_two_services():
    ports = {name: each["ports"] for name, each in SERVICES.items() if "ports" in each}
    assert set(ports) == {"server", "s3"}
    assert all(port.startswith("127.0.0.1:") for each in ports.values() for port in each)


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_do_little(name: str):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    writable = " ".join(map(str, [*service["tmpfs"], *service.get("volumes", [])]))
    assert "/tmp" in writable
    assert ":/var/lib/nightpress" in writable or "/var/lib/nightpress:" in writable


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_checked_or_ends_by_itself(name: str):
    service = SERVICES[name]
    if name in {"bucket", "database", "register"}:
        assert service["restart"] == "no"
        waiting = [
            each["depends_on"][name] for each in SERVICES.values() if name in each.get("depends_on", {})
        ]
        assert {each["condition"] for each in waiting} == {"service_completed_successfully"}
    else:
        assert service["restart"] == "unless-stopped"
        assert name == "services" or service["healthcheck"]["test"]


@pytest.mark.parametrize("name", THEIRS)
def test_images_of_others_are_pinned_and_their_data_is_kept(name: str):
    assert re.search(r":\d[\w.-]*$", SERVICES[name]["image"])
    volumes = {volume.split(":")[0] for volume in SERVICES[name]["volumes"]}
    assert volumes <= {"postgres", "redis", "s3"}


def test_no_secret_stands_in_a_file():
    text = COMPOSE.read_text()
    for name, value in VARIABLES.items():
        if len(value) > 20:
            assert value not in text
            assert f"${{{name}" in text
    assert example_variables() != VARIABLES, "every stack has its own"
    placed = [
        line
        for line in EXAMPLE.read_text().splitlines()
        if re.match(r"\w*(PASSWORD|AUTH|KEY|SECRET)\w*=", line)
    ]
    assert len(placed) >= 5
    assert [
        line for line in placed if "<generate" not in line and not line.startswith("AWS_ACCESS_KEY_ID")
    ] == []


def test_each_secret_is_asked_for():
    for missing in (
        "POSTGRES_PASSWORD",
        "REDIS_PASSWORD",
        "PREFECT_AUTH",
        "PREFECT_ENCRYPTION_KEY",
        "AWS_SECRET_ACCESS_KEY",
    ):
        with pytest.raises(KeyError, match=missing):
            read_compose({name: value for name, value in VARIABLES.items() if name != missing})


def test_every_variable_is_in_the_example():
    known = set(re.findall(r"^(?:# )?(\w+)=", EXAMPLE.read_text(), re.MULTILINE))
    used = {match[1] for match in VARIABLE.finditer(COMPOSE.read_text())}
    assert used - known == set()
    keys = set(re.findall(r"api_key: {env: (\w+)}", (PRODUCTION.parent / "models.yaml").read_text()))
    assert known - used - {"COMPOSE_PROFILES"} == keys
    assert keys <= set(re.findall(r"^  (\w+):$", COMPOSE.read_text(), re.MULTILINE))


def test_the_generated_secrets_are_of_the_right_form():
    Fernet(VARIABLES["PREFECT_ENCRYPTION_KEY"])
    assert re.fullmatch(r"[\w-]{32}", VARIABLES["REDIS_PASSWORD"])
    assert re.fullmatch(r"admin:[\w-]{32}", VARIABLES["PREFECT_AUTH"])


def make_env_file(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(PRODUCTION / "env_file.py"), *map(str, arguments)]
    return subprocess.run(
        ["sh", "-c", 'umask 000 && exec "$@"', "sh", *command], capture_output=True, text=True
    )


def test_the_env_file_needs_nothing_installed_and_is_its_owners_alone(tmp_path: Path):
    file = tmp_path / ".env"
    assert make_env_file(file).returncode == 0
    made = file.read_text()
    assert "<generate" not in made
    assert set(example_variables()) == {
        line.split("=")[0] for line in made.splitlines() if re.match(r"\w+=", line)
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_env_file_that_is_there_keeps_its_secrets(tmp_path: Path):
    file = tmp_path / ".env"
    make_env_file(file)
    before = file.read_text()
    again = make_env_file(file)
    assert (again.returncode, again.stdout, len(again.stderr.splitlines())) == (1, "", 1)
    assert f"{file} is there already" in again.stderr
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("place", "code", "said"), [("none/.env", 1, "No such file or directory"), (None, 2, "which file?")]
)
def test_an_env_file_that_cannot_be_made_is_one_line(tmp_path: Path, place: str | None, code: int, said: str):
    refused = make_env_file(*([tmp_path / place] if place else []))
    assert (refused.returncode, len(refused.stderr.splitlines())) == (code, 1)
    assert said in refused.stderr


def test_aws_s3_needs_only_variables():
    variables = {**VARIABLES, "AWS_ENDPOINT_URL": "", "NIGHTPRESS_STORE": "s3://elsewhere/content"}
    environment = read_compose(variables)["worker"]["environment"]
    assert (environment["AWS_ENDPOINT_URL"], environment["NIGHTPRESS_STORE"]) == (
        "",
        "s3://elsewhere/content",
    )
    assert SERVICES["s3"]["profiles"] == SERVICES["bucket"]["profiles"] == [VARIABLES["COMPOSE_PROFILES"]]


def test_keys_of_providers_reach_the_worker_and_not_the_server():
    services = read_compose({**VARIABLES, "OPENAI_API_KEY": "given"})
    assert services["worker"]["environment"]["OPENAI_API_KEY"] == "given"
    assert "ANTHROPIC_API_KEY" not in services["worker"]["environment"]
    assert "OPENAI_API_KEY" not in services["server"]["environment"]
    assert names_with("POSTGRES", services["worker"]["environment"]) == set()
    assert names_with("PREFECT_SERVER_DATABASE", services["worker"]["environment"]) == set()


def test_the_retention_is_what_prefect_understands():
    environment = SERVICES["services"]["environment"]
    kinds = environment["PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED"]
    assert ServerServicesDBVacuumSettings(enabled=kinds).enabled_vacuum_types >= {"events", "flow_runs"}


@pytest.mark.services
@pytest.mark.skipif(not (TOOLS / "python").exists(), reason="deployments/services.sh install brings it")
def test_the_compose_specification_accepts_it():
    text = VARIABLE.sub(lambda match: fill(match, VARIABLES), COMPOSE.read_text())
    program = (
        "import sys, compose_spec\n"
        "made = compose_spec.PyOptions(apply_merge=True).from_yaml(sys.stdin.read())\n"
        "made.validate()\n"
        "made.to_spec()\n"
        "print(*sorted(made.service_names()))"
    )
    done = subprocess.run([str(TOOLS / "python"), "-c", program], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == sorted(SERVICES)
