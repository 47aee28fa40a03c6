"""The house stays in order: who may import whom, and what files may be called. Read from the source with ast."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("flows", "tasks", "blocks", "deployments")
# Lower layers first: a layer imports itself and what is below it.
LAYERS = (
    "tasks.storing", "tasks.calling", "tasks.judging", "tasks.choosing", "tasks.patterns", "tasks.landing", "blocks",
    "tasks", "flows",
)  # fmt: skip
PURE = LAYERS[:6]
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
OPTIONAL_EXTRAS = {"prefect_dask", "prefect_ray", "dask", "distributed", "ray"}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def layer_of(module: str) -> str | None:
    """`tasks.calling` for what is in it, `tasks` for a module of Prefect tasks, None for what is not a layer."""
    package, _, rest = module.partition(".")
    below = f"{package}.{rest.partition('.')[0]}"
    return below if below in LAYERS else package if package in LAYERS else None


def imported(tree: ast.AST) -> list[tuple[str, int]]:
    """Every module that a source names in an import, wherever it stands, with the line."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found += [(f"{module}.{alias.name}", node.lineno) for alias in node.names]
    return found


def upward(module: str, source: str) -> list[str]:
    """The imports of a layer's module that its layer may not have."""
    mine = layer_of(module)
    height = LAYERS.index(mine) if mine else None
    wrong = []
    for name, line in imported(ast.parse(source)):
        theirs = layer_of(name)
        above = theirs is not None and height is not None and LAYERS.index(theirs) > height
        if above or name.partition(".")[0] in {"deployments", "tests"} or name.startswith("."):
            wrong.append(f"{module}:{line} imports {name}")
    return wrong


@pytest.mark.parametrize(
    ("module", "source", "wrong"),
    [
        ("tasks.calling.call", "from tasks.patterns.draft import Draft", 1),
        ("tasks.calling.call", "def f():\n    import tasks.landing.plan", 1),
        ("tasks.storing.parts", "from tasks import produce_shard", 1),
        ("tasks.landing.plan", "from blocks.places import x", 1),
        ("tasks.landing.plan", "from deployments.simulator.running import x", 1),
        ("tasks.landing.plan", "from . import shards", 1),
        ("blocks.places", "from tasks.produce_shard import x", 1),
        ("tasks.produce_shard", "from flows.nightly import nightly", 1),
        ("tasks.produce_shard", "from blocks.places import a\nfrom tasks.landing.plan import b", 0),
        ("flows.nightly", "from tasks.produce_shard import a\nfrom tasks.calling.call import b", 0),
        ("tasks.patterns.ask", "from tasks.calling.call import a\nimport asyncio", 0),
    ],
)
def test_the_guard_sees_a_wrong_import(module, source, wrong):
    assert len(upward(module, source)) == wrong


def test_imports_go_downwards():
    layered = [path for path in SOURCES if layer_of(name_of(path))]
    assert len(layered) > 50
    assert [each for path in layered for each in upward(name_of(path), path.read_text())] == []


def of_packages(owners: tuple[str, ...], forbidden: set[str]) -> list[str]:
    return [
        f"{name_of(path)}:{line} imports {name}"
        for path in SOURCES
        if name_of(path).startswith(owners)
        for name, line in imported(ast.parse(path.read_text()))
        if name.partition(".")[0] in forbidden
    ]


def test_nothing_below_the_tasks_imports_prefect():
    assert of_packages(tuple(f"{layer}." for layer in PURE), {"prefect"}) == []
    assert of_packages(("tasks.",), {"prefect"}), "the tasks themselves do, or this guard is blind"


def test_the_simulator_knows_nothing_of_the_house():
    assert of_packages(("deployments.simulator",), {"tasks", "blocks", "flows", "prefect"}) == []


def test_no_file_or_folder_is_called_like_a_module_of_the_standard_library():
    names = {part for path in SOURCES for part in name_of(path).split(".")} - {"__main__"}
    assert names & sys.stdlib_module_names == set()


def test_no_file_is_called_after_nothing_in_particular():
    vague = {
        "utils",
        "util",
        "helpers",
        "helper",
        "common",
        "misc",
        "manager",
        "managers",
        "handler",
        "handlers",
    }
    assert [name_of(path) for path in SOURCES if path.stem in vague] == []


def test_imports_stand_at_the_top():
    wrong = []
    for path in SOURCES:
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                wrong += [
                    f"{name_of(path)}:{line} imports {name}"
                    for name, line in imported(function)
                    if name.partition(".")[0] not in OPTIONAL_EXTRAS
                ]
    assert wrong == []


def test_every_module_says_what_it_is_for():
    assert [name_of(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_annotations_are_read_at_run_time_where_prefect_reads_them():
    """Prefect fails on string annotations of flows and tasks; everything else has them."""
    by_prefect = [path for path in SOURCES if layer_of(name_of(path)) in {"flows", "tasks", "blocks"}]
    assert by_prefect
    for path in by_prefect:
        assert "from __future__ import annotations" not in path.read_text(), name_of(path)


def test_every_folder_with_sources_is_a_package():
    assert {path.parent for path in SOURCES if not (path.parent / "__init__.py").exists()} == set()
