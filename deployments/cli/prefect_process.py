"""`python -m deployments.cli.prefect_process PORT`: a Prefect server that ends with whoever started it."""

from __future__ import annotations

import sys

import uvicorn

from deployments.cli.lifeline import wait_for_go


def main() -> None:
    """Serve on loopback until told to stop."""
    wait_for_go()
    uvicorn.run(
        "prefect.server.api.server:create_app",
        factory=True,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="error",
    )


if __name__ == "__main__":
    main()
