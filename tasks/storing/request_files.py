"""Where a request table is: one file, a glob, a folder or a URL, found and opened for reading."""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import fsspec
from botocore.exceptions import BotoCoreError, ClientError

from tasks.storing.errors import UserError, near_miss

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

FORMATS: Final = (".csv", ".jsonl", ".ndjson", ".parquet")
MAX_DOWNLOAD_BYTES: Final = 1 << 30

_CHUNK_BYTES: Final = 1 << 20
_WEB: Final = ("http", "https")
_SCHEMES: Final = ("", "file", "s3", *_WEB)
_UNREADABLE: Final = (
    OSError,
    BotoCoreError,
    ClientError,
    aiohttp.ClientError,
    asyncio.TimeoutError,
)


def table_files(source: str, run_date: date) -> list[str]:
    """The files of a request table, sorted by name; `{run_date}` becomes `YYYY-MM-DD`.

    A folder gives its files in a known format, not those of its subfolders; names that begin with
    `.` or `_` are passed over, in globs too.

    Raises:
        UserError: nothing there, an unknown scheme or format, or the place cannot be read.
    """
    place = source.replace("{run_date}", run_date.isoformat())
    try:
        scheme = _scheme(place)
        if scheme not in _SCHEMES:
            hint = "use a path, s3:// or https://"
            raise UserError(f"cannot read {scheme}:// addresses", where=spoken(place), hint=hint)
        if scheme in _WEB:
            return [_known_format(place)]
        with _readable(place):
            return _found(_file_system(place), place)
    except ValueError as error:
        raise UserError(f"not a usable address: {error}", where=place) from None


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """A seekable binary file; what comes over HTTP is first fetched whole, up to 1 GiB.

    Raises:
        UserError: missing, unreadable, or the download is too large; also while it is being read.
    """
    with _readable(path):
        if _scheme(path) in _WEB:
            with tempfile.TemporaryFile() as file:
                _download(path, cast("BinaryIO", file))
                yield cast("BinaryIO", file)
        else:
            # s3fs's own readline takes no size, which is what bounds a row.
            with io.BufferedReader(_file_system(path).open(path, "rb")) as file:
                yield file


def format_of(path: str) -> str:
    """The file's ending in lower case, without a URL's query."""
    name = urlsplit(path).path if _scheme(path) in _WEB else path
    return PurePosixPath(name).suffix.lower()


def spoken(path: str) -> str:
    """The address without what may be secret in it: a URL's user, password and query."""
    if _scheme(path) not in _WEB:
        return path
    parts = urlsplit(path)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@contextmanager
def _readable(path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        what = "nothing there, or no answer" if _scheme(path) in _WEB else "no such file"
        raise UserError(what, where=spoken(path)) from None
    except PermissionError as error:
        raise UserError(f"not allowed to read it ({error})", where=spoken(path)) from None
    except _UNREADABLE as error:
        reason = str(error).replace(path, spoken(path)) or type(error).__name__
        raise UserError(f"cannot be read: {reason}", where=spoken(path)) from None


def _scheme(path: str) -> str:
    head, separator, _ = path.partition("://")
    return head.lower() if separator else ""


def _file_system(path: str) -> Any:
    if _scheme(path) != "s3":
        return fsspec.filesystem("file")
    options: dict[str, Any] = {"use_listings_cache": False}
    if endpoint := os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"):
        options["endpoint_url"] = endpoint
        options["config_kwargs"] = {"response_checksum_validation": "when_required"}
    return fsspec.filesystem("s3", **options)


def _found(files: Any, place: str) -> list[str]:
    path = files._strip_protocol(place)  # noqa: SLF001
    if files.isfile(path):
        return [_known_format(place)]
    if files.isdir(path):
        beside = [entry["name"] for entry in files.ls(path, detail=True) if entry["type"] == "file"]
        return _usable(beside, place, "no request table in this folder")
    if any(character in path for character in "*?["):
        return _usable(files.glob(path), place, "no file matches")
    folder, _, name = path.rpartition("/")
    if not files.isdir(folder):
        raise UserError(f"no such folder: {folder}", where=place)
    siblings = [_name(each) for each in files.ls(folder, detail=False)]
    readable = [each for each in siblings if format_of(each) in FORMATS]
    raise UserError("no such file", where=place, hint=near_miss(name, sorted(readable)[:20]))


def _usable(paths: list[str], place: str, otherwise: str) -> list[str]:
    kept = [path for path in paths if format_of(path) in FORMATS and not _name(path).startswith((".", "_"))]
    if not kept:
        raise UserError(otherwise, where=place, hint=f"tables end in {', '.join(FORMATS)}")
    return sorted(f"s3://{path}" if _scheme(place) == "s3" else path for path in kept)


def _known_format(path: str) -> str:
    if format_of(path) not in FORMATS:
        raise UserError(
            "not a known kind of table", where=spoken(path), hint=f"tables end in {', '.join(FORMATS)}"
        )
    return path


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _download(url: str, file: BinaryIO) -> None:
    fetched = 0
    with fsspec.filesystem("http").open(url, "rb", block_size=0) as remote:
        while chunk := remote.read(_CHUNK_BYTES):
            fetched += len(chunk)
            if fetched > MAX_DOWNLOAD_BYTES:
                raise UserError(f"larger than {MAX_DOWNLOAD_BYTES >> 20} MiB", where=spoken(url))
            file.write(chunk)
    file.seek(0)
