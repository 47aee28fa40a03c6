"""The index of past calls: everything that went in is found, latest first, however it went in."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.calling.key_index import MOST_SEGMENTS, KeyIndex, Segment, key_prefixes


def key_of(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def segment(entries: list[tuple[int, int]]) -> Segment:
    """From (number of the key, part); later parts finished later."""
    parts = np.array([part for _, part in entries], dtype=np.int32)
    prefixes = key_prefixes(b"".join(key_of(number) for number, _ in entries))
    return Segment(prefixes, parts, parts * 2, parts.astype(np.int64) * 1000)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.lists(st.integers(0, 40), max_size=12), max_size=4), max_size=25))
def test_every_place_is_found_latest_first_however_batches_were_added(added: list[list[list[int]]]) -> None:
    index = KeyIndex()
    expected: dict[int, list[int]] = {}
    part = 0
    for batches in added:
        segments = []
        for numbers in batches:
            entries = [(number, part := part + 1) for number in numbers]
            segments.append(segment(entries))
            for number, its_part in entries:
                expected.setdefault(number, []).append(its_part)
        index.add(segments)
    assert len(index) == sum(map(len, expected.values()))
    assert len(index._segments) <= MOST_SEGMENTS
    for number in range(41):
        places = index.places(key_of(number))
        assert [place.part for place in places] == sorted(expected.get(number, []), reverse=True)
        assert all(place.row_group == 2 * place.part for place in places)


def test_keys_with_equal_first_bytes_are_both_offered() -> None:
    """The whole key is compared when the row is read."""
    one, other = b"same 8 b" + b"1" * 24, b"same 8 b" + b"2" * 24
    index = KeyIndex()
    zeros = np.zeros(2, dtype=np.int32)
    finished = np.array([1, 2], dtype=np.int64)
    index.add([Segment(key_prefixes(one + other), np.array([7, 8], dtype=np.int32), zeros, finished)])
    assert [place.part for place in index.places(one)] == [8, 7]
    assert index.places(b"other 8b" + b"1" * 24) == []
