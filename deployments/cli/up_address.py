"""The one `nightpress up` of a user: where it keeps its state, and what other commands have to know of it while it runs."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Running:
    """An `up` that runs.

    Attributes:
        url: of the API.
        variables: what it was told of the store and the models; without them its flows go by the blocks.
    """

    url: str
    variables: dict[str, str]


def home_of_up() -> Path:
    """The folder of its database, logs and address."""
    state = (
        os.environ.get("NIGHTPRESS_STATE")
        or Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "nightpress"
    )
    home = Path(state) / "up"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home


@contextmanager
def only_one() -> Iterator[bool]:
    """Whether this is the only `up` of this folder; it stays that for as long as the block lasts."""
    with (home_of_up() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def remembered(running: Running) -> Iterator[None]:
    """Let other commands know, for as long as the block lasts."""
    file = home_of_up() / "address"
    file.write_bytes(orjson.dumps(asdict(running)))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def running_up() -> Running | None:
    """The `up` that runs, if one does; one that was killed may still be remembered."""
    try:
        return Running(**orjson.loads((home_of_up() / "address").read_bytes()))
    except (FileNotFoundError, orjson.JSONDecodeError, TypeError):
        return None
