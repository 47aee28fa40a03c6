from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_rows import sample_row

from tasks.storing.errors import NightpressError
from tasks.storing.filesystem import Store
from tasks.storing.parts import Part, merge_parts, part_path, read_rows, write_batches, write_part
from tasks.storing.schemas import OUTPUTS, SCORES, TABLES

PATH = "scores/run_date=2026-01-31/n-0.parquet"


@pytest.fixture
def store(tmp_path):
    return Store.open(str(tmp_path))


def rows_of(store, path=PATH):
    return [row for batch in read_rows(store, path) for row in batch.to_pylist()]


def scores(*numbers):
    return [{"run": "n", "request_id": f"r{number}", "score": number / 100} for number in numbers]


def ids(store, path=PATH):
    return [row["request_id"] for row in rows_of(store, path)]


def test_a_part_lies_in_its_dates_folder():
    assert part_path("outputs", date(2026, 1, 31), "n-0") == "outputs/run_date=2026-01-31/n-0.parquet"
    assert part_path("ratings", date(2026, 1, 1), "x") == "ratings/rated_date=2026-01-01/x.parquet"


@pytest.mark.parametrize("table", TABLES)
def test_every_table_comes_back_as_written(store, table):
    rows = [sample_row(TABLES[table], number) for number in range(7)]
    part = write_part(store, PATH, TABLES[table], rows, row_group_rows=3)
    assert rows_of(store) == rows
    assert part.rows == 7


def test_the_part_describes_the_file(store):
    part = write_part(store, PATH, SCORES, scores(1, 2))
    data = store.read(PATH)
    assert part == Part(PATH, 2, len(data), hashlib.sha256(data).hexdigest())


def test_the_same_rows_make_the_same_bytes(store):
    one = write_part(store, PATH, SCORES, scores(*range(500)))
    other = write_part(store, "again.parquet", SCORES, iter(scores(*range(500))))
    assert one.sha256 == other.sha256


def test_a_missing_key_is_null(store):
    write_part(store, PATH, SCORES, [{"run": "n"}, {}])
    first, second = rows_of(store)
    assert first == dict.fromkeys(SCORES.names) | {"run": "n"}
    assert second == dict.fromkeys(SCORES.names)


def test_times_of_other_zones_become_utc(store):
    berlin = datetime(2026, 1, 31, 1, 0, tzinfo=timezone(timedelta(hours=1)))
    write_part(store, PATH, OUTPUTS, [{"started_at": berlin}])
    assert rows_of(store)[0]["started_at"] == datetime(2026, 1, 31, 0, 0, tzinfo=UTC)


def test_an_unknown_key_is_an_error_and_no_file(store):
    with pytest.raises(ValueError, match="not columns of the table: scor"):
        write_part(store, PATH, SCORES, [*scores(*range(300)), {"scor": 1.0}])
    assert store.list() == []


def test_a_value_that_does_not_fit_names_its_column(store):
    for value in ("high", [1], {"a": 1}):
        with pytest.raises(ValueError, match=r"column 'score' \(double\)"):
            write_part(store, PATH, SCORES, [{"score": value}])
    with pytest.raises(ValueError, match="column 'round'"):
        write_part(store, PATH, SCORES, [{"round": 1 << 70}])
    assert store.list() == []


def test_a_lone_surrogate_does_not_lose_the_row(store):
    bad = "a\ud800b"
    row = {"content": bad, "warnings": [bad], "steps": [{"path": bad}], "quality_by": {bad: 0.5}}
    write_part(store, PATH, OUTPUTS, [row, {"content": "é"}])
    first, second = rows_of(store)
    assert (first["content"], first["warnings"], first["steps"][0]["path"]) == ("a?b", ["a?b"], "a?b")
    assert first["quality_by"] == [("a?b", 0.5)]
    assert second["content"] == "é"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "reason": st.none() | st.text(),
                "round": st.integers(-(1 << 31), (1 << 31) - 1),
                "score": st.none() | st.floats(allow_nan=False),
            },
        )
    ),
    group=st.integers(1, 5),
)
def test_any_rows_come_back(store, rows, group):
    write_part(store, PATH, SCORES, rows, row_group_rows=group)
    assert rows_of(store) == [dict.fromkeys(SCORES.names) | row for row in rows]


def test_no_rows_make_an_empty_part_with_its_schema(store):
    part = write_part(store, PATH, OUTPUTS, [])
    assert part.rows == 0
    with store.open_read(PATH) as file:
        assert pq.read_schema(file).equals(OUTPUTS)
    assert rows_of(store) == []


def test_the_file_carries_version_and_metadata_and_zstd(store):
    write_part(store, PATH, SCORES, scores(1), metadata={"run": "nightly-1"})
    with store.open_read(PATH) as file:
        part = pq.ParquetFile(file)
        assert part.schema_arrow.metadata == {b"schema_version": b"1", b"run": b"nightly-1"}
        assert part.metadata.row_group(0).column(0).compression == "ZSTD"


def test_each_batch_is_a_row_group(store):
    batches = [pa.Table.from_pylist(scores(*range(n)), SCORES) for n in (3, 0, 2)]
    part = write_batches(store, PATH, SCORES, [batches[0], batches[1], batches[2].to_batches()[0]])
    assert part.rows == 5
    with store.open_read(PATH) as file:
        metadata = pq.ParquetFile(file).metadata
        assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [3, 2]


def test_batches_are_put_into_the_schemas_order_and_types(store):
    batch = pa.table({"score": pa.array([1, 2], pa.int32()), "run": ["a", "b"]})
    write_batches(store, PATH, SCORES, [batch])
    assert [(row["run"], row["score"], row["arm"]) for row in rows_of(store)] == [
        ("a", 1.0, None),
        ("b", 2.0, None),
    ]
    with pytest.raises(ValueError, match="strange"):
        write_batches(store, PATH, SCORES, [pa.table({"strange": [1]})])


def test_a_source_that_fails_midway_leaves_the_old_part(store):
    write_part(store, PATH, SCORES, scores(1))

    def failing():
        yield from scores(*range(2, 900))
        raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        write_part(store, PATH, SCORES, failing())
    assert ids(store) == ["r1"]
    assert store.list() == [PATH]


def test_writing_holds_a_few_batches_only(store):
    size = 4 << 20
    before = pa.total_allocated_bytes()
    held = []

    def batches():
        for _ in range(20):
            held.append(pa.total_allocated_bytes() - before)
            yield pa.table({"reason": pa.array(["x" * size])})

    write_batches(store, PATH, SCORES, batches())
    assert max(held) < 6 * size


def test_merging_keeps_every_row_in_order(store):
    sources = [f"staged/{number}.parquet" for number in range(4)]
    for number, source in enumerate(sources):
        write_part(
            store, source, SCORES, scores(*range(number * 700, number * 700 + 700)), row_group_rows=100
        )
    write_part(store, "staged/none.parquet", SCORES, [])
    part = merge_parts(store, PATH, SCORES, [*sources, "staged/none.parquet"], metadata={"run": "n"})
    assert ids(store) == [f"r{number}" for number in range(2800)]
    assert part.rows == 2800
    assert part.sha256 == hashlib.sha256(store.read(PATH)).hexdigest()
    with store.open_read(PATH) as file:
        metadata = pq.ParquetFile(file).metadata
        assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [1000, 1000, 800]


def test_large_row_groups_are_not_joined(store):
    write_part(store, "a.parquet", SCORES, [{"reason": "x" * (5 << 20)}] * 3, row_group_rows=1)
    merge_parts(store, PATH, SCORES, ["a.parquet"])
    with store.open_read(PATH) as file:
        assert pq.ParquetFile(file).metadata.num_row_groups == 3


def test_keep_decides_what_stays(store):
    write_part(store, PATH, SCORES, scores(*range(600)))
    part = merge_parts(
        store,
        PATH,
        SCORES,
        [PATH],
        keep=lambda table: table.filter(pc.equal(table["request_id"], "r7")),
    )
    assert part.rows == 1
    assert ids(store) == ["r7"]


def test_merging_nothing_makes_an_empty_part(store):
    assert merge_parts(store, PATH, SCORES, []).rows == 0
    assert rows_of(store) == []


def test_a_part_of_an_older_version_merges_with_nulls(store):
    older = pa.schema([field for field in SCORES if field.name != "judge_family"])
    write_part(store, "old.parquet", older, [{"run": "o"}])
    write_part(store, "new.parquet", SCORES, [{"run": "n", "judge_family": "f"}])
    merge_parts(store, PATH, SCORES, ["old.parquet", "new.parquet"])
    assert [(row["run"], row["judge_family"]) for row in rows_of(store)] == [("o", None), ("n", "f")]


def test_columns_can_be_chosen(store):
    write_part(store, PATH, SCORES, scores(1))
    (batch,) = read_rows(store, PATH, ["score"])
    assert batch.to_pylist() == [{"score": 0.01}]


def test_a_file_that_is_no_part_is_named(store):
    store.write(PATH, b"PAR1 but torn")
    with pytest.raises(NightpressError, match=re.escape(PATH)):
        list(read_rows(store, PATH))
    with pytest.raises(FileNotFoundError):
        list(read_rows(store, "none.parquet"))
