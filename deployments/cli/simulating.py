"""`nightpress simulate`: the simulated provider in the foreground, composing answers or replaying recorded ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from deployments.recordings.replaying import open_replay
from deployments.simulator.config import SimulatorConfig, load_config
from deployments.simulator.running import run_forever
from tasks.landing.wording import times
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    import argparse

    from deployments.simulator.replayed import Replay


def simulate(given: argparse.Namespace) -> int:
    """Serve until told to stop.

    Raises:
        UserError: the config is wrong, the port is taken, or what is to be replayed holds no recorded calls.
    """
    try:
        config = load_config(given.config) if given.config else SimulatorConfig()
    except (OSError, ValueError) as error:
        raise UserError(str(error), where=given.config) from error
    if given.seed is not None:
        config = config.model_copy(update={"seed": given.seed})
    replay = _replay(given)
    try:
        run_forever(config, given.host, given.port, _say, replay)
    except OSError as error:
        raise UserError(
            f"cannot listen on {given.host}:{given.port}: {error.strerror}", where="--port"
        ) from error
    return 0


def _replay(given: argparse.Namespace) -> Replay | None:
    if not given.replay:
        for option in ("columns", "speed"):
            if getattr(given, option) is not None:
                raise UserError("there is nothing to replay", where=f"--{option}", hint="give --replay FILE")
        return None
    replay = open_replay(given.replay, given.columns or "", given.speed)
    recordings = replay.recordings
    left_out = f", {times(recordings.left_out, 'row')} left out" if recordings.left_out else ""
    _console().print(
        f"replays {times(recordings.answers, 'answer')} of {times(len(recordings.models), 'model')} to "
        f"{times(recordings.prompts, 'prompt')}{left_out}: {', '.join(recordings.models)}",
        markup=False,
    )
    return replay


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


def _say(address: str) -> None:
    console = _console()
    console.print(f"simulated models at {address}")
    console.print(f"  openai     base_url: {address}/v1")
    console.print(f"  anthropic  base_url: {address}")
    console.print(f"  gemini     base_url: {address}/v1beta")
    console.print("Ctrl-C stops it")
