"""The request table of a run, sorted into shards: one row group per shard, so that a shard reads only its own.

Rows pass through a local file, so memory holds a batch and the shard numbers, not the table.
"""

from __future__ import annotations

import tempfile
from array import array
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.storing.parts import write_batches, write_part
from tasks.storing.requests import Reject, Request, canonical
from tasks.storing.schemas import REJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tasks.storing.filesystem import Store

ROWS_PER_SHARD = 400
BATCH_ROWS = 1000
REQUESTS = pa.schema([("request_id", pa.string()), ("row", pa.int64()), ("request", pa.string())])


@dataclass(frozen=True, slots=True)
class Sorted:
    """A table on local disk, read once, with what it came to.

    Attributes:
        fingerprint: sha256 over every request and every reject, in order.
        shard_rows: number of rows of each shard.
        unchanged: rows that `--only` left out.
        numbers: of its rows' ids, in order; with their count they say which shard is whose.
        adopted: rows of earlier runs, which come first in their shards; neither in the fingerprint nor in `rows`.
    """

    spool: Path
    rejects: list[dict[str, Any]]
    fingerprint: str
    rows: int
    unchanged: int
    shards: np.ndarray[Any, np.dtype[np.int32]]
    shard_rows: list[int]
    numbers: np.ndarray[Any, np.dtype[np.uint64]]
    adopted: tuple[Request, ...] = ()

    def adopting(self, left: Iterable[Request | Reject], run: str) -> Sorted:
        """The same with rows that earlier runs left; one that this table has itself is its own."""
        own = set(self.numbers.tolist())
        rejected = {each["request_id"] for each in self.rejects}
        ours = [
            each
            for each in left
            if _number(each.request_id or "") not in own and each.request_id not in rejected
        ]
        adopted = tuple(each for each in ours if isinstance(each, Request))
        rejects = [*self.rejects, *(_reject_row(each, run) for each in ours if isinstance(each, Reject))]
        more = np.array([_number(each.request_id) for each in adopted], dtype=np.uint64)
        count = _count(self.rows + len(adopted))
        shards = _shards_of(self.numbers, count)
        shard_rows = np.bincount(np.concatenate([shards, _shards_of(more, count)]), minlength=count).tolist()
        return replace(self, rejects=rejects, shards=shards, shard_rows=shard_rows, adopted=adopted)


def sort_requests(
    read: Iterable[Request | Reject], *, wanted: Callable[[Request], bool], limit: int | None, run: str
) -> Sorted:
    """Read a request table to its end.

    Args:
        wanted: whether a request is to be made tonight.
        limit: stop after this many wanted requests.
    """
    with tempfile.NamedTemporaryFile(prefix="nightpress-requests-", delete=False) as file:
        spool = Path(file.name)
        try:
            with pa.ipc.new_file(file, REQUESTS) as writer:
                spooled = _Spooled(writer)
                for each in read:
                    spooled.take(each, wanted, run)
                    if len(spooled.ids) == limit:
                        break
                spooled.flush()
        except BaseException:
            spool.unlink()
            raise
    numbers = np.array(spooled.ids, dtype=np.uint64)
    count = _count(len(numbers))
    shards = _shards_of(numbers, count)
    shard_rows = np.bincount(shards, minlength=count).tolist()
    return Sorted(
        spool, spooled.rejects, spooled.digest.hexdigest(), len(numbers), spooled.unchanged, shards, shard_rows,
        numbers,
    )  # fmt: skip


def _count(rows: int) -> int:
    return max(1, -(-rows // ROWS_PER_SHARD))


def _shards_of(
    numbers: np.ndarray[Any, np.dtype[np.uint64]], count: int
) -> np.ndarray[Any, np.dtype[np.int32]]:
    return (numbers % np.uint64(count)).astype(np.int32)


class _Spooled:
    """What has been read so far; requests leave memory in batches of BATCH_ROWS."""

    def __init__(self, writer: pa.ipc.RecordBatchFileWriter) -> None:
        self.ids = array("Q")
        self.rejects: list[dict[str, Any]] = []
        self.unchanged = 0
        self.digest = sha256()
        self._writer = writer
        self._batch: list[Request] = []

    def take(self, each: Request | Reject, wanted: Callable[[Request], bool], run: str) -> None:
        if isinstance(each, Reject):
            self.rejects.append(_reject_row(each, run))
            self.digest.update(orjson.dumps(["reject", each.row, each.reason, each.raw]))
        elif not wanted(each):
            self.unchanged += 1
        else:
            self.digest.update(each.request_id.encode() + b"\0" + canonical(each.values))
            self.ids.append(_number(each.request_id))
            self._batch.append(each)
            if len(self._batch) == BATCH_ROWS:
                self.flush()

    def flush(self) -> None:
        self._writer.write_batch(_batch(self._batch))
        self._batch = []


def store_requests(store: Store, table: Sorted, requests_path: str, rejects_path: str) -> None:
    """Put the sorted requests, and the rejects, into the store."""
    write_batches(store, requests_path, REQUESTS, _shards(table))
    write_part(store, rejects_path, REJECTS, table.rejects)


def spooled(table: Sorted) -> Iterator[dict[str, Any]]:
    """The values of each request, in the table's order, a batch in memory."""
    with pa.memory_map(str(table.spool)) as file, pa.ipc.open_file(file) as batches:
        for number in range(batches.num_record_batches):
            for text in batches.get_batch(number)["request"].to_pylist():
                yield orjson.loads(text)


def shard_of(request_id: str, shards: int) -> int:
    """The shard of a request: its hash modulo their number."""
    return _number(request_id) % shards


def _number(request_id: str) -> int:
    return int.from_bytes(sha256(request_id.encode()).digest()[:8], "big")


def read_shard(store: Store, path: str, shard: int, shard_rows: list[int]) -> list[Request]:
    """The requests of one shard, in the table's order."""
    if not shard_rows[shard]:
        return []
    group = sum(1 for rows in shard_rows[:shard] if rows)
    table = read_row_group(store, path, group)
    return [
        Request(each["request_id"], each["row"], orjson.loads(each["request"])) for each in table.to_pylist()
    ]


def read_row_group(store: Store, path: str, number: int) -> pa.Table:
    """One row group of a part."""
    with store.open_read(path) as file:
        return pq.ParquetFile(file).read_row_group(number)


def _shards(table: Sorted) -> Iterator[pa.Table]:
    with pa.memory_map(str(table.spool)) as file, pa.ipc.open_file(file) as spooled:
        batches = [spooled.get_batch(number) for number in range(spooled.num_record_batches)]
        order = np.argsort(table.shards, kind="stable")
        count = len(table.shard_rows)
        adopted: dict[int, list[Request]] = {}
        for each in table.adopted:
            adopted.setdefault(shard_of(each.request_id, count), []).append(each)
        start = 0
        for shard, own in enumerate(np.bincount(table.shards, minlength=count).tolist()):
            pieces = [pa.Table.from_batches([_batch(adopted[shard])])] if shard in adopted else []
            if own:
                pieces.append(_gathered(batches, order[start : start + own]))
            if pieces:
                yield pa.concat_tables(pieces).combine_chunks()
            start += own


def _gathered(batches: list[pa.RecordBatch], rows: np.ndarray[Any, Any]) -> pa.Table:
    """The given rows, in ascending order; one `take` over all batches would join them first, for every shard."""
    wanted, starts = np.unique(rows // BATCH_ROWS, return_index=True)
    pieces = np.split(rows % BATCH_ROWS, starts[1:])
    return pa.Table.from_batches(
        [batches[number].take(pa.array(piece)) for number, piece in zip(wanted, pieces, strict=True)]
    ).combine_chunks()


def _batch(requests: list[Request]) -> pa.RecordBatch:
    return pa.record_batch(
        [
            pa.array([each.request_id for each in requests], pa.string()),
            pa.array([each.row for each in requests], pa.int64()),
            pa.array([orjson.dumps(each.values).decode() for each in requests], pa.string()),
        ],
        schema=REQUESTS,
    )


def _reject_row(reject: Reject, run: str) -> dict[str, Any]:
    return {
        "run": run,
        "row": reject.row,
        "request_id": reject.request_id,
        "reason": reject.reason,
        "raw": reject.raw,
    }
