"""Where each finished call of the past stands: key → part and row group, for millions of calls in little memory.

Sorted arrays of the key's first eight bytes, a few per process; the whole key is compared when the row is read.
No I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_SEGMENTS = 6


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call's row is: `part` numbers the ledger's list of parts."""

    part: int
    row_group: int
    finished_us: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Parallel arrays: uint64 prefix of the key, part, row group, finish in microseconds since 1970."""

    keys: npt.NDArray[np.uint64]
    parts: npt.NDArray[np.int32]
    row_groups: npt.NDArray[np.int32]
    finished: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.keys)


def key_prefixes(keys: bytes) -> npt.NDArray[np.uint64]:
    """First eight bytes of each 32-byte key in `keys`, one after the other, as numbers."""
    return np.frombuffer(keys, dtype=">u8").reshape(-1, 4)[:, 0].astype(np.uint64)


class KeyIndex:
    """Look up and add; nothing is ever taken out (a place that is gone is a miss when it is read).

    One thread may add while others look up.
    """

    def __init__(self) -> None:
        self._segments: list[Segment] = []

    def __len__(self) -> int:
        return sum(len(segment) for segment in self._segments)

    def add(self, batches: Sequence[Segment]) -> None:
        """Take in places in any order; sorts them once, however many batches there are."""
        batches = [batch for batch in batches if len(batch)]
        if not batches:
            return
        segments = [*self._segments, _sorted(batches)]
        while len(segments) > MOST_SEGMENTS:
            smaller, small, *rest = sorted(segments, key=len)
            segments = [_sorted([smaller, small]), *rest]
        self._segments = segments  # in one step: another thread may be looking up

    def places(self, key: bytes) -> list[Place]:
        """Every place that may hold `key`, latest first."""
        if not self._segments:
            return []
        wanted = np.uint64(int.from_bytes(key[:8], "big"))
        found: list[Place] = []
        for segment in self._segments:
            at = int(segment.keys.searchsorted(wanted))
            while at < len(segment.keys) and segment.keys[at] == wanted:
                place = Place(int(segment.parts[at]), int(segment.row_groups[at]), int(segment.finished[at]))
                found.append(place)
                at += 1
        if len(found) > 1:
            found.sort(key=lambda place: -place.finished_us)
        return found


def _sorted(batches: list[Segment]) -> Segment:
    keys = np.concatenate([batch.keys for batch in batches])
    order = np.argsort(keys, kind="stable")
    return Segment(
        keys[order],
        np.concatenate([batch.parts for batch in batches])[order],
        np.concatenate([batch.row_groups for batch in batches])[order],
        np.concatenate([batch.finished for batch in batches])[order],
    )
