"""A store on a disk that dies at a chosen change: everything before it is done, it and all after it is not."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from tasks.storing.file_stat import FileStat, Unfinished
    from tasks.storing.filesystem import Files


class Died(Exception):
    """The store is gone."""


@dataclass
class FailingFiles:
    """The files of a real store; the change after the first `changes` raises Died."""

    real: Files
    changes: int

    def _change(self) -> None:
        self.changes -= 1
        if self.changes < 0:
            raise Died

    def read(self, path: str) -> bytes:
        return self.real.read(path)

    def write(self, path: str, data: bytes) -> None:
        self._change()
        self.real.write(path, data)

    def write_new(self, path: str, data: bytes) -> bool:
        self._change()
        return self.real.write_new(path, data)

    def exists(self, path: str) -> bool:
        return self.real.exists(path)

    def list(self, folder: str) -> list[str]:
        return self.real.list(folder)

    def delete(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._change()
            self.real.delete([path])

    def open_read(self, path: str) -> BinaryIO:
        return self.real.open_read(path)

    def stat(self, path: str) -> FileStat:
        return self.real.stat(path)

    def unfinished(self, before: datetime) -> Sequence[Unfinished]:
        return self.real.unfinished(before)

    def discard(self, unfinished: Iterable[Unfinished]) -> None:
        for each in unfinished:
            self._change()
            self.real.discard([each])

    @contextmanager
    def open_write(self, path: str) -> Iterator[BinaryIO]:
        with self.real.open_write(path) as file:
            yield file
            self._change()


def failing(store: Store, changes: int) -> Store:
    """The same store, dying after so many changes."""
    return Store(store.url, FailingFiles(store.files, changes))
