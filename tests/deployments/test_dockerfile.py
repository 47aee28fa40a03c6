"""The Dockerfile as written: what it copies exists, what runs is pinned by hash, and the user is nobody."""

from __future__ import annotations

import re
import subprocess

import pytest
from compose_file import DOCKERFILE, PRODUCTION, image_environment
from native_compose import ROOT, TOOLS

TEXT = DOCKERFILE.read_text().replace("\\\n", " ")
_, BUILD, FINAL = TEXT.split("\nFROM ")
PIN = re.compile(r"^([a-z0-9][\w.-]*)==(\S+)(?: ; (\S.*?))? \\$", re.MULTILINE)


def pins(path: str) -> dict[tuple[str, str | None], str]:
    return {
        (name, marker or None): version for name, version, marker in PIN.findall((ROOT / path).read_text())
    }


def test_what_is_copied_is_there_and_reaches_the_builder():
    sources = [
        each for line in re.findall(r"^COPY (?!--from)(.*) \S+$", TEXT, re.MULTILINE) for each in line.split()
    ]
    assert len(sources) >= 7
    assert [each for each in sources if not (ROOT / each).exists()] == []
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {each for each in sources if each not in allowed} == set()


def test_secrets_and_history_stay_out_of_the_builder():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    assert not {".git", "nightpress-store", ".venv"} & {line.lstrip("!") for line in lines}
    assert "deployments/production/*" in lines, "with the .env there"


def test_the_image_has_the_versions_that_are_tested():
    here, image = pins("requirements.lock"), pins("deployments/production/requirements.lock")
    assert len(image) > 100
    assert image.items() <= here.items()
    names = {name for name, _ in image}
    assert {"prefect", "prefect-redis", "prefect-kubernetes", "asyncpg", "s3fs"} <= names
    assert not {"pytest", "moto", "mypy", "ruff", "polars", "duckdb"} & names


def test_every_package_is_checked_by_its_hash():
    assert "--require-hashes" in BUILD
    text = (PRODUCTION / "requirements.lock").read_text()
    assert text.count("--hash=sha256:") >= len(pins("deployments/production/requirements.lock"))


def test_what_runs_is_nobody_and_cannot_install():
    user = re.search(r"^USER (\d+):(\d+)$", FINAL, re.MULTILINE)
    assert user
    assert min(map(int, user.groups())) >= 10000
    assert FINAL.index("uninstall --yes setuptools wheel pip") < FINAL.index("USER")
    assert "pip uninstall --yes setuptools wheel pip" in BUILD
    assert not re.search(r"apt-get|curl|ADD ", TEXT)


def test_whatever_is_written_lies_below_one_folder():
    environment = image_environment()
    written = ("HOME", "NIGHTPRESS_STATE", "PREFECT_HOME", "PREFECT_SERVER_UI_STATIC_DIRECTORY")
    assert {"/".join(environment[name].split("/")[:4]) for name in written} == {"/var/lib/nightpress"}


def test_no_address_stands_in_it():
    assert [each for each in re.findall(r"https?://\S+", TEXT) if "127.0.0.1" not in each] == []


@pytest.mark.services
@pytest.mark.skipif(not (TOOLS / "hadolint").exists(), reason="deployments/services.sh install brings it")
def test_hadolint_has_nothing_to_say():
    done = subprocess.run([str(TOOLS / "hadolint"), str(DOCKERFILE)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
