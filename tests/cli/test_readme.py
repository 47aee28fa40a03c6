"""What README shows is true: its YAML loads, its commands parse, its make targets exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from deployments.cli.arguments import parser
from tasks.calling.catalog import load_catalog
from tasks.patterns.recipe import load_recipe
from tasks.storing.schemas import TABLES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    lines = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]
    return [line.split("#")[0].strip() for line in lines]


def test_the_recipe_in_readme_loads():
    recipes = [block for block in blocks("yaml") if "recipe:" in block]
    assert len(recipes) == 1
    assert load_recipe(recipes[0], name="README").make.kind == "pipeline"


def test_the_models_in_readme_load():
    catalogs = [block for block in blocks("yaml") if "providers:" in block]
    assert len(catalogs) == 1
    assert set(load_catalog(catalogs[0], name="README").models) == {"gpt-4", "small"}


@pytest.mark.parametrize("command", [line for line in commands() if line.startswith("nightpress ")])
def test_a_nightpress_command_in_readme_parses(command):
    assert parser().parse_args(shlex.split(command)[1:]).command


@pytest.mark.parametrize("command", [line for line in commands() if line.startswith("make ")])
def test_a_make_target_in_readme_exists(command):
    assert re.search(rf"^{command.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_table_is_explained():
    assert [name for name in TABLES if f"`{name}`" not in README] == []


def test_every_option_of_run_is_explained():
    run = parser()._subparsers._group_actions[0].choices["run"]
    options = [each.option_strings[0] for each in run._actions if each.option_strings and each.dest != "help"]
    assert [option for option in options if f"`{option}" not in README and f" {option}" not in README] == []
