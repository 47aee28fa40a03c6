"""`python -m deployments.simulator`: prints its address on one line and serves until it is told to stop."""

from __future__ import annotations

import argparse
import sys

from deployments.simulator.config import SimulatorConfig, load_config
from deployments.simulator.running import run_forever


def main() -> int:
    """0 after a clean stop, 2 on wrong use (no such file, a wrong config, a port in use)."""
    parser = argparse.ArgumentParser(prog="python -m deployments.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8777, help="0 takes a free one")
    parser.add_argument("--config", metavar="FILE", help="YAML; see deployments/simulator/config.py")
    parser.add_argument("--seed", type=int, help="replaces the config's")
    given = parser.parse_args()
    try:
        config = load_config(given.config) if given.config else SimulatorConfig()
        if given.seed is not None:
            config = config.model_copy(update={"seed": given.seed})
        run_forever(config, given.host, given.port, _say)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _say(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
