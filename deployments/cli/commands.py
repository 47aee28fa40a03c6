"""What each command does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from deployments.cli.checking import check
from deployments.cli.demo import demo
from deployments.cli.listing import models, recipes
from deployments.cli.running import run_night
from deployments.cli.simulating import simulate

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def _demo(given: argparse.Namespace) -> int:
    return demo(given.store or os.environ.get("NIGHTPRESS_STORE") or "./nightpress-store", given.limit)


def _run(given: argparse.Namespace) -> int:
    names = (
        "requests", "recipe", "store", "models", "run", "run_date", "budget", "only", "limit", "concurrency", "dry_run",
        "fresh", "replace",
    )  # fmt: skip
    return run_night({name: getattr(given, name) for name in names})


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "demo": _demo,
    "run": _run,
    "check": check,
    "recipes": recipes,
    "models": models,
    "simulate": simulate,
}
