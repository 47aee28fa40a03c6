"""Which module does what each command says; imported when it is asked for, since Prefect takes seconds."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

MODULES = {
    "demo": "deployments.cli.demo:demo",
    "run": "deployments.cli.running:run",
    "compare": "deployments.cli.running:compare",
    "check": "deployments.cli.checking:check",
    "recipes": "deployments.cli.listing:recipes",
    "models": "deployments.cli.listing:models",
    "fit": "deployments.cli.fitting:fit_cascade",
    "report": "deployments.cli.reporting:report",
    "rate": "deployments.cli.rating:rate",
    "cache": "deployments.cli.caching:cache",
    "spend": "deployments.cli.spending:spend",
    "up": "deployments.cli.up:up",
    "replay": "deployments.cli.replaying:replay",
    "simulate": "deployments.cli.simulating:simulate",
}


def run_command(given: argparse.Namespace) -> int:
    """Do what was asked; returns the exit code."""
    module, _, name = MODULES[given.command].partition(":")
    code: int = getattr(import_module(module), name)(given)
    return code
