"""Key files joined and pruned: no key that is wanted is lost, whoever reads and whenever it is killed."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.calling.key_files import JOINED_KEYS, KEYS, KEYS_FOLDER, key_groups, key_rows
from tasks.calling.key_joining import Wanted, count_keys, join_keys
from tasks.calling.past_calls import PastCalls
from tasks.storing.filesystem import Store
from tasks.storing.parts import write_batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NOW = datetime(2026, 3, 1, tzinfo=UTC)
EVER = Wanted(NOW - timedelta(days=30), None, lambda _: False)


@dataclass(frozen=True)
class Finished:
    """A finished call: its name, the run that made it, its row group, how old it is."""

    name: str
    run: str
    row_group: int = 0
    days: float = 1.0

    @property
    def key(self) -> bytes:
        return hashlib.sha256(self.name.encode()).digest()

    @property
    def part(self) -> str:
        return f"calls/run_date=2026-01-01/{self.run}-g1-0.parquet"


def keys_of(calls: Iterable[Finished]) -> list[pa.Table]:
    def one(call: Finished) -> pa.Table:
        row = {
            "key": call.key.hex(), "call_id": call.name, "run": call.run, "status": "ok", "error_kind": None,
            "cached": False, "finished_at": NOW - timedelta(days=call.days),
        }  # fmt: skip
        types = {"error_kind": pa.string(), "finished_at": KEYS.field("finished_at").type}
        table = pa.table({name: pa.array([value], types.get(name)) for name, value in row.items()})
        return key_rows(table, call.part, call.row_group)

    return [one(call) for call in calls]


def put(store: Store, name: str, calls: list[Finished], *, parts: bool = True) -> None:
    """A key file as a commit writes it (of one run) or housekeeping (of several); the parts are there."""
    runs = {call.run for call in calls}
    path = f"{KEYS_FOLDER}/{name}.parquet"
    if len(runs) == 1:
        tables = [table.select(KEYS.names) for table in keys_of(calls)]
        labels = {"run": calls[0].run, "part": calls[0].part}
        write_batches(store, path, KEYS, key_groups(tables), metadata=labels)
    else:
        write_batches(store, path, JOINED_KEYS, key_groups(keys_of(calls)))
    for call in calls if parts else []:
        store.write(call.part, b"a part")


def known(store: Store, calls: Iterable[Finished]) -> set[tuple[str, str, str, int]]:
    """What an index loaded now says of these calls: name, part, run, row group."""
    past = PastCalls(store)
    past.refresh()
    return {
        (call.name, past.parts[place.part].path, past.parts[place.part].run, place.row_group)
        for call in calls
        for place in past.places(call.key)
    }


def said(calls: Iterable[Finished]) -> set[tuple[str, str, str, int]]:
    return {(call.name, call.part, call.run, call.row_group) for call in calls}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def test_small_files_become_one_and_every_key_leads_where_it_led(store: Store) -> None:
    calls = [Finished(f"c{n}", f"run-{n % 7}", row_group=n % 3) for n in range(40)]
    for run in range(7):
        put(store, f"run-{run}-g1", [call for call in calls if call.run == f"run-{run}"])
    told = join_keys(store, EVER)
    assert len(store.list(KEYS_FOLDER)) == 1
    assert known(store, calls) == said(calls)
    assert (told.files_before, told.files_after, told.keys_before, told.keys_after) == (7, 1, 40, 40)
    before = store.list()
    join_keys(store, EVER)
    assert store.list() == before, "one file is not written anew"


def test_old_keys_go_unless_their_run_may_go_on_and_empty_files_with_them(store: Store) -> None:
    young, old, open_ = Finished("y", "a"), Finished("o", "a", days=31), Finished("q", "open", days=300)
    put(store, "a-g1", [young, old])
    put(store, "b-g1", [Finished("b", "b", days=40)])
    put(store, "open-g1", [open_])
    told = join_keys(store, replace(EVER, may_go_on=lambda run: run == "open"))
    assert known(store, [young, old, open_]) == said([young, open_])
    assert told.keys_after == 2
    join_keys(store, EVER)
    assert known(store, [young, old, open_]) == said([young])


@pytest.mark.parametrize("text_days", [None, 50])
def test_without_an_age_no_key_is_too_old_but_by_its_text(store: Store, text_days: int | None) -> None:
    calls = [Finished("young", "a"), Finished("old", "b", days=40), Finished("ancient", "c", days=4000)]
    for call in calls:
        put(store, f"{call.run}-g1", [call])
    text_since = None if text_days is None else NOW - timedelta(days=text_days)
    join_keys(store, Wanted(None, text_since, lambda _: False))
    assert known(store, calls) == said(calls if text_days is None else calls[:2])
    assert len(store.list(KEYS_FOLDER)) == 1


def test_keys_whose_texts_go_go_whatever_their_run(store: Store) -> None:
    call = Finished("c", "open", days=10)
    put(store, "open-g1", [call])
    join_keys(store, Wanted(EVER.since, NOW - timedelta(days=9), lambda _: True))
    assert store.list(KEYS_FOLDER) == []


def test_keys_that_lead_to_a_part_that_is_gone_go(store: Store) -> None:
    gone, there = Finished("c", "gone"), Finished("d", "there")
    put(store, "x", [gone, there])
    store.delete([gone.part])
    join_keys(store, EVER)
    assert known(store, [gone, there]) == said([there])


def test_large_files_are_left_as_they_are(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.calling.key_joining.SMALL_KEYS", 3)
    calls = [Finished(f"c{n}", f"run-{n // 4}") for n in range(12)]
    for run in range(3):
        put(store, f"run-{run}-g1", calls[4 * run : 4 * run + 4])
    before = store.list(KEYS_FOLDER)
    join_keys(store, EVER)
    assert store.list(KEYS_FOLDER) == before


def test_a_key_that_stands_in_two_files_is_kept_once(store: Store) -> None:
    calls = [Finished("c", "a"), Finished("d", "b")]
    put(store, "a-g1", calls[:1])
    put(store, "joined-killed", calls)
    told = join_keys(store, EVER)
    assert (told.keys_before, told.keys_after) == (3, 2)
    assert known(store, calls) == said(calls)


def test_counting_says_what_joining_does_and_changes_nothing(store: Store) -> None:
    put(store, "a-g1", [Finished("y", "a"), Finished("o", "a", days=31)])
    put(store, "b-g1", [Finished("b", "b")])
    before = store.list()
    told = count_keys(store, EVER)
    assert store.list() == before
    done = join_keys(store, EVER)
    assert (told.files_after, told.keys_after) == (done.files_after, done.keys_after) == (1, 2)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(
        st.lists(
            st.builds(
                Finished,
                st.sampled_from("abcdefgh"),
                st.sampled_from(["r1", "r2", "r3"]),
                st.integers(0, 2),
                st.sampled_from([1.0, 29.0, 31.0, 400.0]),
            ),
            min_size=1,
            max_size=6,
        ),
        max_size=6,
    ),
    at_once=st.integers(1, 8),
    small=st.integers(0, 8),
)
def test_exactly_the_wanted_keys_stay_however_they_were_spread(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[Finished]], at_once: int, small: int
) -> None:
    store = Store.open(str(tmp_path_factory.mktemp("keys")))
    every = [call for calls in files for call in calls]
    for number, calls in enumerate(files):
        put(store, f"f{number}", calls)
    wanted = replace(EVER, may_go_on=lambda run: run == "r3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.calling.key_joining.KEYS_AT_ONCE", at_once)
        patch.setattr("tasks.calling.key_joining.SMALL_KEYS", small)
        counted = count_keys(store, wanted)
        told = join_keys(store, wanted)
    assert known(store, every) == said(call for call in every if call.days <= 30 or call.run == "r3")
    assert (counted.files_after, counted.keys_after) == (told.files_after, told.keys_after)
    assert told.files_after == len(store.list(KEYS_FOLDER))


class Overtaken:
    """The files of a store in which something happens right after a folder was listed for the first time."""

    def __init__(self, store: Store, happens: Callable[[], object], folder: str = KEYS_FOLDER) -> None:
        self.real = store.files
        self.happens = happens
        self.folder = folder
        self.listed = False

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def list(self, folder: str) -> list[str]:
        found = self.real.list(folder)
        if folder == self.folder and not self.listed:
            self.listed = True
            self.happens()
        return found


def test_an_index_that_is_loaded_while_files_are_joined_misses_no_key(store: Store) -> None:
    calls = [Finished(f"c{n}", f"run-{n}") for n in range(10)]
    for call in calls:
        put(store, f"{call.run}-g1", [call])
    overtaken = Store(store.url, Overtaken(store, lambda: join_keys(store, EVER)))  # type: ignore[arg-type]
    assert known(overtaken, calls) == said(calls)
    assert len(store.list(KEYS_FOLDER)) == 1


@pytest.mark.parametrize("folder", [KEYS_FOLDER, "calls"])
def test_a_key_that_is_committed_while_files_are_joined_is_not_lost(store: Store, folder: str) -> None:
    late = Finished("late", "late")
    put(store, "a-g1", [Finished("c", "a")])
    put(store, "b-g1", [Finished("d", "b")])
    overtaken = Store(store.url, Overtaken(store, lambda: put(store, "late-g1", [late]), folder))  # type: ignore[arg-type]
    join_keys(overtaken, EVER)
    assert known(store, [late]) == said([late])


def test_indexes_loaded_again_and_again_while_files_are_joined_find_every_key(store: Store) -> None:
    calls = [Finished(f"c{n}", f"run-{n}") for n in range(30)]
    missing: list[set[tuple[str, str, str, int]]] = []
    stop = threading.Event()
    for call in calls:
        put(store, f"{call.run}-g1", [call])

    def load() -> None:
        while not stop.is_set():
            missing.append(said(calls) - known(store, calls))

    reader = threading.Thread(target=load)
    reader.start()
    for turn in range(15):
        join_keys(store, EVER)
        put(store, f"more-{turn}-g1", [Finished(f"more-{turn}", f"more-{turn}")])
    stop.set()
    reader.join()
    assert len(missing) > 2
    assert set().union(*missing) == set()
