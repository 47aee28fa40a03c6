"""The journal: what a run has sent, finished and decided, on local disk before anything else knows of it.

One append-only file of JSON lines per process and run. A line reaches the operating system before the next step
is taken, so a killed process loses nothing; `sync` makes it safe from a power cut as well. The file is locked
while its process lives, so that the next one can tell a dead one's journal from a live one's.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Literal

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["start", "call", "decision"]
SUFFIX = ".jsonl"
LONGEST_RECOVERY_SECONDS = 60.0


def journal_folder(store_url: str, run: str) -> Path:
    """Where this machine journals `run`: below NIGHTPRESS_STATE, else XDG_STATE_HOME, else ~/.local/state."""
    state = os.environ.get("NIGHTPRESS_STATE")
    if not state:
        home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        state = str(Path(home) / "nightpress")
    return Path(state) / "journal" / hashlib.sha256(store_url.encode()).hexdigest()[:12] / run


class Journal:
    """One process's journal of one run."""

    def __init__(self, folder: Path, worker: str) -> None:
        """Begin an empty journal.

        Raises:
            FileExistsError: there is one of that worker.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = folder / f"{worker}{SUFFIX}"
        unlocked = folder / f"{worker}.new"
        self._file = os.open(unlocked, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.link(unlocked, self.path)  # under its name it is never without its lock
        except OSError:
            os.close(self._file)
            raise
        finally:
            unlocked.unlink(missing_ok=True)
        self.size_bytes = 0

    def append(self, kind: Kind, value: dict[str, Any]) -> int:
        """Write one line; returns its offset in bytes, for `read`.

        Raises:
            OSError: the disk is full; nothing of the line stays.
        """
        line = orjson.dumps([kind, value]) + b"\n"
        offset = self.size_bytes
        view = memoryview(line)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            os.ftruncate(self._file, offset)
            raise
        self.size_bytes += len(line)
        return offset

    def read(self, offset: int) -> dict[str, Any]:
        """The value of the line at `offset`."""
        size, data = 16384, b""
        while not data.endswith(b"\n"):
            data = os.pread(self._file, size, offset)
            end = data.find(b"\n")
            if end >= 0:
                data = data[: end + 1]
            size *= 4
        value: dict[str, Any] = orjson.loads(data)[1]
        return value

    def lines(self, start: int, end: int) -> Iterator[tuple[int, Kind, dict[str, Any]]]:
        """The lines between two offsets: (offset, kind, value), in order."""
        return _lines(self.path, start, end)

    def sync(self) -> None:
        """Wait until the disk has it."""
        os.fsync(self._file)

    def close(self, *, remove: bool = False) -> None:
        """Let go of the lock; `remove` when the store holds everything."""
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._file)


class DeadJournal:
    """A journal whose process is gone, held so that no second process recovers it too."""

    def __init__(self, path: Path, file: int) -> None:
        self.path = path
        self._file = file

    def lines(self) -> Iterator[tuple[int, Kind, dict[str, Any]]]:
        """Every whole line: (offset, kind, value); what a kill or a power cut tore is left out."""
        return _lines(self.path, 0, self.path.stat().st_size)

    def remove(self) -> None:
        """Forget it: the store holds everything."""
        self.path.unlink(missing_ok=True)
        self.let_go()

    def let_go(self) -> None:
        """Leave it for another try."""
        os.close(self._file)


def dead_journals(folder: Path) -> Iterator[DeadJournal]:
    """The journals below `folder` that no living process holds, each locked for the caller."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            file = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        if os.fstat(file).st_nlink == 0:  # another process has just recovered it
            os.close(file)
            continue
        yield DeadJournal(path, file)


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold the folder against others that recover in it; one that takes too long is waited for no more."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    until = monotonic() + LONGEST_RECOVERY_SECONDS
    try:
        while monotonic() < until:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                sleep(0.02)
            else:
                break
        yield
    finally:
        os.close(held)


def _lines(path: Path, start: int, end: int) -> Iterator[tuple[int, Kind, dict[str, Any]]]:
    with path.open("rb") as file:
        file.seek(start)
        offset = start
        while offset < end:
            line = file.readline()
            if not line.endswith(b"\n"):
                return
            with suppress(orjson.JSONDecodeError):
                kind, value = orjson.loads(line)
                yield offset, kind, value
            offset += len(line)
