"""Where this user's `nightpress up` keeps its state, and at which address it can be reached while it runs."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def home_of_up() -> Path:
    """The folder of its database, logs and address."""
    state = os.environ.get("NIGHTPRESS_STATE") or Path.home() / ".local/state/nightpress"
    home = Path(state) / "up"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home


@contextmanager
def remembered_address(url: str) -> Iterator[None]:
    """Keep the API's URL where other commands find it, for as long as the block lasts."""
    file = home_of_up() / "address"
    file.write_text(url)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def address_of_up() -> str | None:
    """The API's URL: PREFECT_API_URL, or that of an `up` that runs; None if there is neither."""
    file = home_of_up() / "address"
    return os.environ.get("PREFECT_API_URL") or (file.read_text() if file.exists() else None)
