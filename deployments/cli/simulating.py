"""`nightpress simulate`: the simulated provider in the foreground."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from deployments.simulator.config import SimulatorConfig, load_config
from deployments.simulator.running import run_forever
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    import argparse


def simulate(given: argparse.Namespace) -> int:
    """Serve until told to stop.

    Raises:
        UserError: the config is wrong, or the port is taken.
    """
    try:
        config = load_config(given.config) if given.config else SimulatorConfig()
    except (OSError, ValueError) as error:
        raise UserError(str(error), where=given.config) from error
    if given.seed is not None:
        config = config.model_copy(update={"seed": given.seed})
    try:
        run_forever(config, given.host, given.port, _say)
    except OSError as error:
        raise UserError(
            f"cannot listen on {given.host}:{given.port}: {error.strerror}", where="--port"
        ) from error
    return 0


def _say(address: str) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"simulated models at {address}")
    console.print(f"  openai     base_url: {address}/v1")
    console.print(f"  anthropic  base_url: {address}")
    console.print(f"  gemini     base_url: {address}/v1beta")
    console.print("Ctrl-C stops it")
