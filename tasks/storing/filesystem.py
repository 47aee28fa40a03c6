"""The store: one folder tree of whole files, on a disk or in a bucket, behind a few verbs.

Every write is all or nothing: a reader sees the old file or the new one, never half of one, and a killed
writer leaves nothing that a reader of tables or `list` would see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from tasks.storing.errors import UserError
from tasks.storing.local_files import LocalFiles
from tasks.storing.s3_files import S3Files

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from pydantic import SecretStr

    from tasks.storing.file_stat import FileStat, Unfinished

KINDS = "a plain path, file:///path or s3://bucket/prefix"


class Files(Protocol):
    """What a kind of storage must do; paths arrive checked. See `Store` for the promises."""

    def read(self, path: str) -> bytes: ...
    def write(self, path: str, data: bytes) -> None: ...
    def write_new(self, path: str, data: bytes) -> bool: ...
    def exists(self, path: str) -> bool: ...
    def list(self, folder: str) -> list[str]: ...
    def delete(self, paths: Iterable[str]) -> None: ...
    def open_read(self, path: str) -> BinaryIO: ...
    def open_write(self, path: str) -> AbstractContextManager[BinaryIO]: ...
    def stat(self, path: str) -> FileStat: ...
    def unfinished(self, before: datetime) -> Sequence[Unfinished]: ...
    def discard(self, unfinished: Iterable[Unfinished]) -> None: ...


@dataclass(frozen=True, slots=True)
class Store:
    """Files by relative POSIX path. Threads may share one; it is not for pickling: send the URL.

    A path that is absolute, holds a backslash, a NUL or an empty segment, or has a segment that begins with
    a dot (`..`, and hidden names, which are kept for files being written) is a ValueError.

    Attributes:
        url: absolute, without a trailing slash; pandas reads `url + "/outputs"`.
    """

    url: str
    files: Files = field(repr=False, compare=False)

    @classmethod
    def open(
        cls, url: str, *, endpoint: str | None = None, key: str | None = None, secret: SecretStr | None = None
    ) -> Store:
        """Resolve the URL, and ask a bucket once whether it answers; nothing is created.

        Args:
            url: a plain path (relative ones are resolved here, once), `file:///path` or `s3://bucket/prefix`.
            endpoint: address of an S3 server that is not AWS; AWS_ENDPOINT_URL otherwise.
            key: S3 access key; the usual AWS variables and files otherwise.
            secret: belongs to `key`.

        Raises:
            UserError: another kind of URL, a file in the folder's place, a folder that is closed to us, no
                such bucket, keys that are refused, or a server that cannot be reached.
        """
        scheme = _scheme(url)
        if scheme == "s3":
            bucket, _, prefix = url.partition("://")[2].strip("/").partition("/")
            if not bucket or "://" not in url:
                raise UserError("the store's URL names no bucket", where=url, hint="write s3://bucket/prefix")
            if prefix:
                _checked_in_url(prefix, url)
            normal = f"s3://{bucket}/{prefix}".rstrip("/")
            return cls(normal, S3Files.connect(bucket, prefix, endpoint=endpoint, key=key, secret=secret))
        folder = _folder(url, scheme)
        return cls(folder.as_uri() if scheme else str(folder), LocalFiles.below(folder))

    def read(self, path: str) -> bytes:
        """The whole file; FileNotFoundError if there is none."""
        return self.files.read(_checked(path))

    def write(self, path: str, data: bytes) -> None:
        """Create or replace, atomically; durable on return."""
        self.files.write(_checked(path), data)

    def write_new(self, path: str, data: bytes) -> bool:
        """True if this call created the file; False, changing nothing, if it was there. One winner of many."""
        return self.files.write_new(_checked(path), data)

    def exists(self, path: str) -> bool:
        """Whether there is a file; a folder is none."""
        return self.files.exists(_checked(path))

    def list(self, folder: str = "") -> list[str]:
        """Every file below the folder, at any depth, sorted, relative to the store; [] for no such folder."""
        return self.files.list(_checked(folder) if folder else "")

    def delete(self, paths: Iterable[str]) -> None:
        """Remove the files; those already gone are fine."""
        self.files.delete([_checked(path) for path in paths])

    def open_read(self, path: str) -> BinaryIO:
        """A seekable reader of one version of the file, as `pyarrow.parquet.ParquetFile` takes it."""
        return self.files.open_read(_checked(path))

    def open_write(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A writer whose file appears whole when the block ends, and not at all if it raises.

        Do not close it inside the block.
        """
        return self.files.open_write(_checked(path))

    def stat(self, path: str) -> FileStat:
        """The file's size, and when it was last written by the storage's own clock; FileNotFoundError if there is none."""
        return self.files.stat(_checked(path))

    def unfinished(self, before: datetime) -> Sequence[Unfinished]:
        """What killed writers left: files begun before that moment that nobody has finished. They take room, unseen."""
        return self.files.unfinished(before)

    def discard(self, unfinished: Iterable[Unfinished]) -> None:
        """Remove those; a writer that was alive after all fails."""
        self.files.discard(unfinished)


def _scheme(url: str) -> str:
    """`s3`, `file`, or '' for a plain path; UserError for anything else that looks like a URL."""
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):/", url)
    scheme = match[1].lower() if match else ""
    if not url.strip() or scheme not in {"", "file", "s3"}:
        raise UserError("this is not a place a store can be", where=url or "--store", hint=f"give {KINDS}")
    return scheme


def _folder(url: str, scheme: str) -> Path:
    if not scheme:
        return Path(url).expanduser().resolve()
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"} or parts.query or parts.fragment:
        raise UserError("a file URL is file:// and an absolute path", where=url, hint="write file:///path")
    return Path(unquote(parts.path)).resolve()


def _checked(path: str) -> str:
    segments = path.split("/")
    if "\\" in path or "\0" in path or any(not each or each.startswith(".") for each in segments):
        raise ValueError(f"not the path of a file in a store: {path!r}")
    return path


def _checked_in_url(prefix: str, url: str) -> None:
    try:
        _checked(prefix)
    except ValueError as error:
        raise UserError(
            "the prefix has an empty or hidden segment", where=url, hint="write s3://bucket/a/b"
        ) from error
