"""`python3 -m deployments.production.env_file > .env`: the example with a new secret at each `<generate>`.

Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import base64
import re
import secrets
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


if __name__ == "__main__":
    print(filled(EXAMPLE.read_text()), end="")
