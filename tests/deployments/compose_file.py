"""`compose.yaml` as Docker Compose reads it: variables filled in, names without a value passed on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from deployments.production.env_file import EXAMPLE, filled

if TYPE_CHECKING:
    from collections.abc import Mapping

PRODUCTION = Path(__file__).parents[2] / "deployments" / "production"
COMPOSE = PRODUCTION / "compose.yaml"
DOCKERFILE = PRODUCTION / "Dockerfile"
VARIABLE = re.compile(r"\$\{(\w+)(?:(:?[-?])([^}]*))?\}")


def example_variables() -> dict[str, str]:
    """What a fresh `.env` sets."""
    lines = filled(EXAMPLE.read_text()).splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def read_compose(variables: Mapping[str, str]) -> dict[str, Any]:
    """The services by name; raises KeyError for a variable that has to be there."""
    services: dict[str, Any] = YAML(typ="safe").load(COMPOSE)["services"]
    for service in services.values():
        environment = service.setdefault("environment", {})
        for name in [name for name, value in environment.items() if value is None]:
            if name in variables:
                environment[name] = variables[name]
            else:
                del environment[name]
    found: dict[str, Any] = _filled_in(services, variables)
    return found


def _filled_in(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled_in(each, variables) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled_in(each, variables) for each in value]
    return VARIABLE.sub(lambda match: fill(match, variables), value) if isinstance(value, str) else value


def fill(match: re.Match[str], variables: Mapping[str, str]) -> str:
    """What one `${NAME}`, `${NAME:-otherwise}` or `${NAME:?message}` stands for."""
    name, how, otherwise = match.groups()
    given = variables.get(name)
    if given or (given is not None and how in {"-", "?"}):
        return given
    if how in {"-", ":-"}:
        return str(otherwise)
    raise KeyError(name)


def image_environment() -> dict[str, str]:
    """What the final stage of the Dockerfile sets."""
    final = DOCKERFILE.read_text().replace("\\\n", " ").split("\nFROM ")[-1]
    return dict(pair.split("=", 1) for pair in re.search(r"^ENV (.*)$", final, re.MULTILINE)[1].split())
