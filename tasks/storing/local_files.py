"""A store's files on a disk: written in a hidden folder of the store, synced, then put in their place at once."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from tasks.storing.errors import UserError
from tasks.storing.file_stat import FileStat, Unfinished

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Not beside the target: Polars fails on a folder of Parquet that holds a file of any other kind, hidden or not.
UNFINISHED = ".unfinished"
NOT_A_FILE = (IsADirectoryError, NotADirectoryError)


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """Implements `tasks.storing.filesystem.Files` below one absolute folder, made by the first write."""

    folder: Path

    @classmethod
    def below(cls, folder: Path) -> LocalFiles:
        """Refuse a folder that is a file, or that we may not look into; absent is fine."""
        files = cls(folder)
        with files._explaining():
            if folder.exists() and not folder.is_dir():
                raise UserError("the store is a file", where=str(folder), hint="give a folder's path")
            for parent in folder.parents:
                if parent.exists() and not parent.is_dir():
                    raise UserError(f"{parent} is a file, not a folder", where=str(folder))
        return files

    def read(self, path: str) -> bytes:
        with self.open_read(path) as file:
            return file.read()

    def write(self, path: str, data: bytes) -> None:
        with self.open_write(path) as file:
            file.write(data)

    def write_new(self, path: str, data: bytes) -> bool:
        target = self._at(path)
        with self._unfinished(target) as file, self._explaining():
            file.write(data)
            _sync(file)
            try:
                os.link(file.name, target)
            except FileExistsError:
                return False
            _sync_folder(target.parent)
        return True

    def exists(self, path: str) -> bool:
        with self._explaining():
            return self._at(path).is_file()

    def list(self, folder: str) -> list[str]:
        found: list[str] = []
        with self._explaining():
            for place, folders, names in os.walk(self._at(folder), onerror=_unless_absent):
                folders[:] = [name for name in folders if not name.startswith(".")]
                below = Path(place).relative_to(self.folder)
                found.extend((below / name).as_posix() for name in names if not name.startswith("."))
        return sorted(found)

    def delete(self, paths: Iterable[str]) -> None:
        for path in paths:
            with self._explaining(), suppress(FileNotFoundError, *NOT_A_FILE):
                self._at(path).unlink()

    def open_read(self, path: str) -> BinaryIO:
        with self._explaining():
            try:
                return self._at(path).open("rb")
            except NOT_A_FILE as error:
                raise FileNotFoundError(path) from error

    @contextmanager
    def open_write(self, path: str) -> Iterator[BinaryIO]:
        target = self._at(path)
        with self._unfinished(target) as file:
            yield file
            with self._explaining():
                _sync(file)
                Path(file.name).replace(target)
                _sync_folder(target.parent)

    def stat(self, path: str) -> FileStat:
        with self._explaining():
            try:
                found = self._at(path).stat()
            except NotADirectoryError as error:
                raise FileNotFoundError(path) from error
        if S_ISDIR(found.st_mode):
            raise FileNotFoundError(path)
        return FileStat(found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def unfinished(self, before: datetime) -> Sequence[Unfinished]:
        found = []
        with self._explaining(), suppress(FileNotFoundError):
            for file in sorted((self.folder / UNFINISHED).iterdir()):
                with suppress(FileNotFoundError):
                    if file.stat().st_mtime < before.timestamp():
                        found.append(Unfinished(file.name))
        return found

    def discard(self, unfinished: Iterable[Unfinished]) -> None:
        with self._explaining():
            for each in unfinished:
                (self.folder / UNFINISHED / each.path).unlink(missing_ok=True)

    @contextmanager
    def _unfinished(self, target: Path) -> Iterator[BinaryIO]:
        """A new file on the target's disk, in a folder that no reader looks into; gone when the block ends."""
        temporary = self.folder / UNFINISHED / uuid4().hex
        with self._explaining():
            temporary.parent.mkdir(parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            file = temporary.open("xb")
        try:
            with file:
                yield file
        finally:
            temporary.unlink(missing_ok=True)

    def _at(self, path: str) -> Path:
        return self.folder / path

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except PermissionError as error:
            raise UserError(
                f"may not use {error.filename or 'the folder'}: {error.strerror}",
                where=str(self.folder),
                hint="give this user read and write access, or choose another store",
            ) from error


def _unless_absent(error: OSError) -> None:
    """A folder that cannot be read must not look empty, as `os.walk` would have it."""
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise error


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a name in the folder survive a power cut, as fsync of the file alone does not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
