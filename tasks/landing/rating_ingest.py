"""Files of people's ratings taken into a store: read, checked against the texts there are, merged, remembered.

_ratings/taken/<fingerprint>.json       what became of a file: done, unless rows of it were rejected
_ratings/rejected/<fingerprint>.jsonl   the rows that could not be taken in: line, reason, raw
"""

from __future__ import annotations

import io
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from tasks.landing.committed import committed_runs, open_committed
from tasks.landing.rated_texts import is_of_text
from tasks.landing.rating_refresh import refresh_waiting, take_in
from tasks.landing.ratings import Merged
from tasks.landing.settling import settle_for
from tasks.landing.store_lock import store_lock
from tasks.storing.errors import UserError, near_miss
from tasks.storing.rating_files import Defaults, Rating, Refusal, read_ratings
from tasks.storing.records import read_json, write_json
from tasks.storing.request_files import FORMATS, format_of, opened, spoken, table_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tasks.landing.store_lock import Lease
    from tasks.storing.filesystem import Store
    from tasks.storing.rating_files import RatingsRead
    from tasks.storing.rating_values import Scale

INBOX: Final = "_inbox/ratings"
STORED: Final = "store:"
TAKEN: Final = "_ratings/taken"
REJECTED: Final = "_ratings/rejected"
COLUMNS: Final = ["request_id", "arm", "status", "finished_at"]
MOST_GUESSES: Final = 20  # a near miss among many ids takes its time
MOST_KNOWN: Final = 20_000


@dataclass(slots=True)
class Ingested:
    """What became of one file.

    Attributes:
        scale: of its bare numbers.
        rejected: in the order of the file.
        rejected_before: how many rows were, when the file was taken in last; None if it never was.
        unused: columns of which nothing was taken.
        runs: that have ratings in it.
        skipped: it was taken in before, whole, and was not read again.
    """

    file: str
    scale: Scale | None = None
    merged: Merged = field(default_factory=Merged)
    rejected: list[Refusal] = field(default_factory=list)
    rejected_before: int | None = None
    rejected_url: str = ""
    unused: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    skipped: bool = False

    @property
    def news(self) -> bool:
        """Whether rows are rejected of which nobody was told yet."""
        return bool(self.rejected) and self.rejected_before != len(self.rejected)


def files_of(store: Store, place: str) -> list[str]:
    """The files at a path, glob, folder or URL; with none given, those in the store's `_inbox/ratings`, as `store:…`.

    Raises:
        UserError: nothing there; an empty inbox is fine.
    """
    if place:
        return table_files(place, datetime.now(UTC).date())
    return [
        f"{STORED}{path}"
        for path in store.list(INBOX)
        if format_of(path) in FORMATS and not path.rpartition("/")[2].startswith("_")
    ]


def ingest(store: Store, path: str, given: Defaults, *, once: bool = False) -> Ingested:
    """Take one file in. The same file again changes nothing.

    Args:
        path: as `files_of` gives it.
        once: leave alone what has been taken in before.

    Raises:
        UserError: the file cannot be read, or its scale cannot be told; nothing of it is taken in.
        StoreBusy: others move rows of the store, for longer than one waits.
    """
    with _opened(store, path) as file:
        read = read_ratings(path, file, given)
    told = Ingested(spoken(path).removeprefix(STORED), read.scale, unused=read.unused)
    memory = f"{TAKEN}/{read.fingerprint}.json"
    former = read_json(store, memory)
    if former is not None:
        told.rejected_before = former["rejected"]
        if once and not former["rejected"]:
            told.skipped = True
            return told
    ratings = _again(store, read) if once and former is not None else read.ratings
    with store_lock(store) as lease:
        settle_for(store, lease, {each.run for each in ratings})
        refresh_waiting(store, lease)
        good, wrong = _checked(_Texts(store, lease), ratings)
        by_run: dict[str, list[Rating]] = defaultdict(list)
        for each in good:
            by_run[each.run].append(each)
        for run, of_run in sorted(by_run.items()):
            lease.keep()
            night = date.fromisoformat(open_committed(store, run).manifest["run_date"])
            told.merged.add(take_in(store, lease, run, night, [_row(each) for each in of_run]))
    told.runs = sorted(by_run)
    told.rejected = sorted([*read.refusals, *wrong], key=lambda each: each.line)
    told.rejected_url = _keep_rejected(store, read.fingerprint, told.rejected)
    write_json(
        store,
        memory,
        {
            "file": told.file, "taken_at": datetime.now(UTC), "ratings": len(good), "rejected": len(told.rejected),
            "runs": told.runs,
        },
    )  # fmt: skip
    return told


def _again(store: Store, read: RatingsRead) -> list[Rating]:
    """Of a file that was taken in before, what was rejected then: newer files may have replaced the rest since."""
    try:
        lines = store.read(f"{REJECTED}/{read.fingerprint}.jsonl").splitlines()
    except FileNotFoundError:  # whoever took the rest in was killed before it could say so
        return read.ratings
    rejected = {orjson.loads(line)["line"] for line in lines}
    return [each for each in read.ratings if each.line in rejected]


@contextmanager
def _opened(store: Store, path: str) -> Iterator[BinaryIO]:
    if not path.startswith(STORED):
        with opened(path) as file:
            yield file
        return
    try:
        yield io.BytesIO(store.read(path.removeprefix(STORED)))
    except FileNotFoundError:
        raise UserError("has just gone", where=f"{store.url}/{path.removeprefix(STORED)}") from None


def _row(rating: Rating) -> dict[str, Any]:
    return {
        "run": rating.run, "request_id": rating.request_id, "arm": rating.arm, "source": rating.source,
        "rater": rating.rater, "rating": rating.rating, "comment": rating.comment, "rated_at": rating.rated_at,
    }  # fmt: skip


def _checked(texts: _Texts, ratings: list[Rating]) -> tuple[list[Rating], list[Refusal]]:
    """Those whose text there is, and the others; a row that is about two texts is taken whole or not at all."""
    good: list[Rating] = []
    wrong: dict[int, Refusal] = {}
    for each in ratings:
        why = texts.why_not(each)
        if why:
            wrong.setdefault(each.line, Refusal(each.line, each.request_id, why, each.raw))
        else:
            good.append(each)
    return [each for each in good if each.line not in wrong], list(wrong.values())


class _Texts:
    """The texts of the runs that are asked for, each run read once."""

    def __init__(self, store: Store, lease: Lease) -> None:
        self.store, self.lease = store, lease
        self.runs = frozenset(committed_runs(store))
        self._known: dict[str, dict[tuple[str, str], tuple[str, datetime | None]]] = {}
        self._ids: dict[str, frozenset[str]] = {}
        self._guesses = 0

    def why_not(self, rating: Rating) -> str:
        """Why there is no text that this can be a rating of; empty if there is one."""
        run, arm = rating.run, rating.arm
        if run not in self.runs:
            return f"there is no committed run {run!r}{self._guess(run, self.runs)}"
        texts = self._of(run)
        found = texts.get((rating.request_id, arm))
        if found is None:
            if (rating.request_id, "made") in texts:
                return f"request {rating.request_id!r} has no {arm} text in run {run!r}"
            if run not in self._ids:
                self._ids[run] = frozenset(request_id for request_id, _ in texts)
            ids = self._ids[run]
            return f"request {rating.request_id!r} is not in run {run!r}{self._guess(rating.request_id, ids)}"
        status, finished_at = found
        if status != "made":
            return f"request {rating.request_id!r} failed in run {run!r}: there is no text to rate"
        if not is_of_text(rating.rated_at, finished_at):
            return (
                f"rated before the text was made, on {finished_at:%Y-%m-%d %H:%M} UTC" if finished_at else ""
            )
        return ""

    def _of(self, run: str) -> Mapping[tuple[str, str], tuple[str, datetime | None]]:
        if run not in self._known:
            self.lease.keep()
            self._known[run] = {
                (row["request_id"], row["arm"]): (row["status"], row["finished_at"])
                for batch in open_committed(self.store, run).rows("outputs", COLUMNS)
                for row in batch.to_pylist()
            }
        return self._known[run]

    def _guess(self, name: str, known: frozenset[str]) -> str:
        self._guesses += 1
        if self._guesses > MOST_GUESSES or len(known) > MOST_KNOWN:
            return ""
        hint = near_miss(name, known)
        return f"; {hint}" if hint.startswith("did you mean") else ""


def _keep_rejected(store: Store, fingerprint: str, rejected: list[Refusal]) -> str:
    """Write the rejected rows, or take away those of an earlier time; where they lie."""
    path = f"{REJECTED}/{fingerprint}.jsonl"
    if not rejected:
        store.delete([path])
        return ""
    lines = (
        {"line": each.line, "request_id": each.request_id, "reason": each.reason, "raw": each.raw}
        for each in rejected
    )
    store.write(path, b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines))
    return f"{store.url}/{path}"
