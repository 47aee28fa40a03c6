"""A store's files in a bucket of any S3 server, through s3fs; every listing is fresh."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import urlsplit
from uuid import uuid4

import s3fs
from botocore.exceptions import BotoCoreError

from tasks.storing.errors import UserError
from tasks.storing.file_stat import FileStat, Unfinished
from tasks.storing.s3_errors import explaining, refused, server_code
from tasks.storing.schemas import OWN_FOLDERS, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from pydantic import SecretStr

READ_AHEAD_BYTES = 1 << 20
UPLOAD_PART_BYTES = 16 << 20
KEYS_PER_CALL = 1000
CLIENT = {"connect_timeout": 10, "read_timeout": 30, "max_pool_connections": 32}
# Each of these is a full set of botocore's own tries: s3fs's 5 would hang for 12 minutes on a silent server.
TRIES = 2
CONFLICT_TRIES = 5
WRITER = "nightpress-writer"


@dataclass(frozen=True, slots=True)
class S3Files:
    """Implements `tasks.storing.filesystem.Files` below `bucket/prefix`."""

    bucket: str
    prefix: str
    endpoint: str
    remote: Any = field(repr=False)

    @classmethod
    def connect(
        cls, bucket: str, prefix: str, *, endpoint: str | None, key: str | None, secret: SecretStr | None
    ) -> S3Files:
        """Open a client of its own and list one key, so that a wrong address or key shows before a run starts."""
        if (key is None) != (secret is None):
            raise UserError(
                "an S3 key comes with its secret", where=f"s3://{bucket}", hint="give both or neither"
            )
        address = (
            endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        )
        remote = s3fs.S3FileSystem(
            key=key,
            secret=secret.get_secret_value() if secret else None,
            endpoint_url=address or None,
            config_kwargs=CLIENT | _checksums(address),
            use_listings_cache=False,
            skip_instance_cache=True,
            fixed_upload_size=True,
            # By its own comparison: s3fs fails with a TypeError on radosgw's answer to If-Match.
            local_expiry_check=True,
        )
        remote.retries = TRIES
        files = cls(bucket, prefix, address, remote)
        files._call("list_objects_v2", Prefix=files._key(""), MaxKeys=1)
        return files

    def read(self, path: str) -> bytes:
        with self._explaining():
            return cast("bytes", self.remote.cat_file(self._at(path)))

    def write(self, path: str, data: bytes) -> None:
        with self._explaining():
            self.remote.pipe_file(self._at(path), data)

    def write_new(self, path: str, data: bytes) -> bool:
        writer = uuid4().hex
        key = self._key(path)
        for _ in range(CONFLICT_TRIES):
            try:
                self._call("put_object", Key=key, Body=data, IfNoneMatch="*", Metadata={WRITER: writer})
                return True
            except OSError as error:
                if isinstance(error, FileExistsError) or server_code(error) in {"PreconditionFailed", "412"}:
                    return self._wrote(key, writer)
                if server_code(error) != "ConditionalRequestConflict":
                    raise
        raise OSError(f"{path}: other writers kept {CONFLICT_TRIES} tries from ending")

    def exists(self, path: str) -> bool:
        try:
            self._call("head_object", Key=self._key(path))
        except FileNotFoundError:
            return False
        return True

    def list(self, folder: str) -> list[str]:
        below = self._key(f"{folder}/" if folder else "")
        cut = len(self._key(""))
        found: list[str] = []
        more: dict[str, str] = {}
        while True:
            page = self._call("list_objects_v2", Prefix=below, MaxKeys=KEYS_PER_CALL, **more)
            found.extend(each["Key"][cut:] for each in page.get("Contents", []))
            if not page.get("IsTruncated"):
                return sorted(path for path in found if _is_shown(path))
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, paths: Iterable[str]) -> None:
        keys = [{"Key": self._key(path)} for path in paths]
        for start in range(0, len(keys), KEYS_PER_CALL):
            some = {"Objects": keys[start : start + KEYS_PER_CALL], "Quiet": True}
            failed = self._call("delete_objects", Delete=some).get("Errors", [])
            if failed:
                first = failed[0]
                why = f"{first.get('Code')} for {first.get('Key')} and {len(failed) - 1} more"
                raise refused(self.bucket, self.endpoint, why)

    def open_read(self, path: str) -> BinaryIO:
        with self._explaining():
            file = self.remote.open(self._at(path), "rb", block_size=READ_AHEAD_BYTES)
            if file.details["type"] != "file":
                raise FileNotFoundError(path)
        return cast("BinaryIO", file)

    @contextmanager
    def open_write(self, path: str) -> Iterator[BinaryIO]:
        file = self.remote.open(self._at(path), "wb", block_size=UPLOAD_PART_BYTES)
        with self._explaining():
            try:
                yield cast("BinaryIO", file)
                file.close()
            except BaseException:
                # Marked closed first: otherwise its __del__ would complete the upload.
                file.closed = True
                with suppress(OSError, BotoCoreError):
                    file.discard()
                raise

    def stat(self, path: str) -> FileStat:
        head = self._call("head_object", Key=self._key(path))
        return FileStat(head["ContentLength"], head["LastModified"])

    def unfinished(self, before: datetime) -> Sequence[Unfinished]:
        """Only what is ours: a bucket without a prefix may be other programs' too."""
        cut = len(self._key(""))
        found: list[Unfinished] = []
        more: dict[str, str] = {}
        while True:
            page = self._call("list_multipart_uploads", Prefix=self._key(""), **more)
            found += [
                Unfinished(each["Key"][cut:], each["UploadId"])
                for each in page.get("Uploads", [])
                if each["Initiated"] < before and _is_ours(each["Key"][cut:])
            ]
            if not page.get("IsTruncated"):
                return found
            more = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}

    def discard(self, unfinished: Iterable[Unfinished]) -> None:
        for each in unfinished:
            with suppress(FileNotFoundError):
                self._call("abort_multipart_upload", Key=self._key(each.path), UploadId=each.upload)

    def _key(self, path: str) -> str:
        if "?versionId=" in path:
            raise ValueError(f"s3fs would read this path as an older version: {path!r}")
        return f"{self.prefix}/{path}" if self.prefix else path

    def _at(self, path: str) -> str:
        return f"{self.bucket}/{self._key(path)}"

    def _call(self, verb: str, **arguments: Any) -> dict[str, Any]:
        with self._explaining():
            return cast("dict[str, Any]", self.remote.call_s3(verb, Bucket=self.bucket, **arguments))

    def _wrote(self, key: str, writer: str) -> bool:
        """Whether the object there is ours after all: the answer to a first try was lost, the second refused."""
        try:
            head = self._call("head_object", Key=key)
        except FileNotFoundError:
            return False
        return bool(head.get("Metadata", {}).get(WRITER) == writer)

    def _explaining(self) -> AbstractContextManager[None]:
        return explaining(self.bucket, self.endpoint)


def _checksums(address: str) -> dict[str, str]:
    """Servers that are not AWS answer 411 or 501 to the checksum trailers that botocore adds by default."""
    host = urlsplit(address).hostname or ""
    if not address or host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return {}
    return dict.fromkeys(("request_checksum_calculation", "response_checksum_validation"), "when_required")


def _is_ours(path: str) -> bool:
    folder, _, name = path.partition("/")
    return bool(name) and (folder in TABLES or folder in OWN_FOLDERS)


def _is_shown(path: str) -> bool:
    return all(segment and not segment.startswith(".") for segment in path.split("/"))
