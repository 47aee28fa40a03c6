"""What the store knows of a run's shards: their records, the truth about what is finished."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from tasks.storing.records import read_json, write_json_new

if TYPE_CHECKING:
    from tasks.landing.run_paths import Workplace
    from tasks.storing.filesystem import Store

READ_AT_ONCE = 8


class ShardRecord(BaseModel):
    """That a shard is finished, and what it came to. Its existence is the fence: the first one written counts.

    Attributes:
        attempt: shards with retryable or deferred rows are worked again, as the next attempt.
        not_compared: why rows of other arms are not there → how many.
        retryable: failed rows that may go better another time.
        deferred_by: why rows were deferred → how many.
        begun: rows deferred for want of money that have paid for something.
        parts: table → path of the staged part.
        lessons: what its reviewers taught, as `lessons.taught` gives it.
        tokens_saved: step → tokens left out of its calls, estimated; rows that are worked again not included.
        usd: what this attempt spent, calls of the same run made earlier not included.
        usd_by_provider: the same, of the providers with a limit in the run.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shard: int
    attempt: int
    worker: str
    rows: int
    made: int
    failed: int
    deferred: int
    retryable: int
    deferred_by: dict[str, int]
    begun: int = 0
    not_compared: dict[str, int] = {}
    parts: dict[str, str]
    lessons: list[dict[str, Any]] = []
    tokens_saved: dict[str, int] = {}
    usd: float
    usd_by_provider: dict[str, float] = {}
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class KnownShard:
    """The latest attempt that has a record.

    Attributes:
        finished: the record, if its parts are there and none of its rows may go better.
    """

    attempt: int
    finished: ShardRecord | None


def known_shards(store: Store, place: Workplace) -> dict[int, KnownShard]:
    """Every shard that has a record, from one listing."""
    listed = set(store.list(place.folder))
    latest: dict[int, int] = {}
    for path in listed:
        if path.startswith(f"{place.shards_folder}/"):
            shard, attempt, _ = path.rsplit("/", 1)[1].split(".")
            latest[int(shard)] = max(int(attempt), latest.get(int(shard), 0))

    def known(each: tuple[int, int]) -> tuple[int, KnownShard]:
        shard, attempt = each
        record = read_record(store, place, shard, attempt)
        whole = record is not None and listed.issuperset(record.parts.values())
        finished = record is not None and whole and not record.retryable and not record.deferred
        return shard, KnownShard(attempt, record if finished else None)

    with ThreadPoolExecutor(READ_AT_ONCE) as pool:
        return dict(pool.map(known, latest.items()))


def read_record(store: Store, place: Workplace, shard: int, attempt: int) -> ShardRecord | None:
    """The record of one attempt at a shard, or None while there is none."""
    document = read_json(store, place.record_path(shard, attempt))
    return ShardRecord.model_validate(document) if document is not None else None


def write_record(store: Store, place: Workplace, record: ShardRecord) -> ShardRecord:
    """Finish the attempt; returns the record that counts: another worker's, if it was first."""
    path = place.record_path(record.shard, record.attempt)
    if write_json_new(store, path, record.model_dump(mode="json")):
        return record
    return read_record(store, place, record.shard, record.attempt) or record
