"""`python3 -m deployments.production.env_file FILE`: makes the file, from the example with new secrets.

It is for its owner alone (mode 0600), and one that is there is never replaced: its key opens the blocks that Prefect has
stored. Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import sys
from pathlib import Path

EXAMPLE = Path(__file__).with_name(".env.example")
SECRET_BYTES = 24
FERNET_BYTES = 32
PLACE = re.compile(r"<generate( fernet)?>")


def filled(example: str) -> str:
    """The example, ready to use; no two secrets are the same."""
    return PLACE.sub(lambda place: _fernet() if place[1] else secrets.token_urlsafe(SECRET_BYTES), example)


def _fernet() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(FERNET_BYTES)).decode()


def main(arguments: list[str]) -> int:
    """Make the file that is the one argument; 0 made, 1 not made, 2 wrong use."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        return _refused(
            "which file? python3 -m deployments.production.env_file deployments/production/.env", 2
        )
    path = arguments[0]
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _refused(f"{path} is there already and stays as it is; move it away to make another", 1)
    except OSError as error:
        return _refused(f"{path} cannot be made: {error.strerror}", 1)
    with os.fdopen(made, "w", encoding="utf-8") as file:
        file.write(filled(EXAMPLE.read_text(encoding="utf-8")))
    return 0


def _refused(why: str, code: int) -> int:
    print(why, file=sys.stderr)
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
