"""`nightpress demo`: bundled recipes and tables, simulated models, a private Prefect, Parquet in a local folder."""

from __future__ import annotations

import os
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from rich.console import Console

from deployments.cli.running import run_nights
from deployments.simulator.config import load_config
from deployments.simulator.running import RunningSimulator

if TYPE_CHECKING:
    import argparse

PORT = 8790
FOLDER = Path(str(files("deployments"))) / "demo"
NIGHTS = {
    "technical-blog": "requests.csv",
    "product-copy": "product-copy.csv",
    "intelligent-routing": "intelligent-routing.csv",
    "fact-check": "fact-check.csv",
    "support-reply": "support-reply.csv",
    "code-system": "code-system.csv",
    "autonomous-team": "autonomous-team.csv",
}
BASELINES = {"technical-blog": "gpt-4:0.3"}


def demo(given: argparse.Namespace) -> int:
    """Run the demo night; returns the exit code."""
    store = given.store or os.environ.get("NIGHTPRESS_STORE") or "./nightpress-store"
    console = Console(highlight=False)
    with ExitStack() as stack:
        if not _simulates(PORT):
            try:
                stack.enter_context(RunningSimulator(load_config(FOLDER / "simulator.yaml"), port=PORT))
            except OSError:
                console.print(
                    f"port {PORT} is taken by another program; end it, or it will be asked for answers"
                )
                return 2
        console.print(f"{len(NIGHTS)} recipes, one pattern each, worked by simulated models")
        code = run_nights(
            [
                {
                    "requests": str(FOLDER / table),
                    "recipe": recipe,
                    "store": store,
                    "models": str(FOLDER / "models.yaml"),
                    "limit": given.limit,
                    "baseline": BASELINES.get(recipe),
                }
                for recipe, table in NIGHTS.items()
            ]
        )
    if code == 0:
        console.print(
            f"\nread it:  python -c \"import pandas as pd; print(pd.read_parquet('{store}/outputs'))\"",
            soft_wrap=True,
        )
    return code


def _simulates(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
            return bool(answer.headers.get("x-nightpress-simulated") == "1")
    except (URLError, OSError):
        return False
