"""`python -m deployments.production.healthy URL`: exits 0 if it answers 200, else 1. The image has no curl."""

from __future__ import annotations

import sys
from urllib.error import URLError
from urllib.request import urlopen

WAIT_SECONDS = 4.0


def main() -> int:
    """Ask the address given once."""
    try:
        with urlopen(sys.argv[1], timeout=WAIT_SECONDS) as answer:  # noqa: S310 - an address of our own containers
            return 0 if answer.status == 200 else 1
    except (URLError, OSError) as error:
        print(f"{sys.argv[1]}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
