"""One flow at a time works a run on one machine; between machines the shard records keep order."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasks.calling.journal import journal_folder
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def run_lock(store_url: str, run: str) -> Iterator[None]:
    """Hold the run for as long as the block lasts; the lock goes with the process.

    Raises:
        UserError: another process of this machine holds it.
    """
    folder = journal_folder(store_url, run)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(file, 20, 0).decode() or "another process"
            raise UserError(
                f"run {run!r} is being worked by process {owner} already", where="--run",
                hint="wait for it, or give another --run",
            ) from None  # fmt: skip
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(file)
