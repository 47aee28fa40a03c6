"""Analysts read the tables with nothing of ours installed, over several dates, and see nothing but rows."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date

import duckdb
import pandas as pd
import polars as pl
import pytest
from pydantic import SecretStr
from sample_rows import sample_row

from tasks.storing.filesystem import Store
from tasks.storing.parts import part_path, write_part
from tasks.storing.records import write_json
from tasks.storing.schemas import TABLES

DATES = [date(2026, 1, 31), date(2026, 2, 1)]
ROWS = 3
KEYS = {"ratings": "rated_date"}


def fill(store):
    """Two dates of every table, differing in metadata, an empty part, and what is ours or a killed writer's."""
    for table, schema in TABLES.items():
        for day in DATES:
            rows = [sample_row(schema, number) for number in range(ROWS)]
            write_part(store, part_path(table, day, "n-0"), schema, rows, metadata={"run": f"n-{day}"})
        write_part(store, part_path(table, DATES[1], "none-0"), schema, [])
        write_part(store, f"_runs/n/staged/{table}-0.parquet", schema, [sample_row(schema, 9)])
    write_json(store, "_runs/n.json", {})
    store.write("_ledger/keys/2026.parquet", b"not for you")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A store in which every table has a part being written."""
    store = Store.open(str(tmp_path_factory.mktemp("store")))
    fill(store)
    with ExitStack() as writers:
        for table in TABLES:
            file = writers.enter_context(store.open_write(part_path(table, DATES[0], "half-0")))
            file.write(b"PAR1 torn")
            file.flush()
        yield store.url


def expected(table):
    return {day.isoformat(): ROWS for day in DATES}, {*TABLES[table].names, KEYS.get(table, "run_date")}


def counted(dates):
    dates = [str(each)[:10] for each in dates]
    return {each: dates.count(each) for each in dates}


@pytest.mark.parametrize("table", TABLES)
def test_pandas_reads_both_dates(base, table):
    frame = pd.read_parquet(base + f"/{table}")
    assert (counted(frame[KEYS.get(table, "run_date")]), set(frame.columns)) == expected(table)


@pytest.mark.parametrize("table", TABLES)
def test_polars_reads_both_dates(base, table):
    frame = pl.scan_parquet(base + f"/{table}", hive_partitioning=True).collect()
    assert (counted(frame[KEYS.get(table, "run_date")]), set(frame.columns)) == expected(table)


@pytest.mark.parametrize("table", TABLES)
def test_polars_reads_a_glob(base, table):
    frame = pl.scan_parquet(base + f"/{table}/**/*.parquet", hive_partitioning=True).collect()
    assert (counted(frame[KEYS.get(table, "run_date")]), set(frame.columns)) == expected(table)


@pytest.mark.parametrize("table", TABLES)
def test_duckdb_reads_both_dates(base, table):
    query = f"from read_parquet('{base}/{table}/**/*.parquet', hive_partitioning=true)"
    with duckdb.connect() as connection:
        relation = connection.sql(query)
        dates = [each for (each,) in relation.select(KEYS.get(table, "run_date")).fetchall()]
        assert (counted(dates), set(relation.columns)) == expected(table)


def test_values_are_the_ones_written(base):
    frame = pd.read_parquet(base + "/outputs").sort_values(["run_date", "request_id"]).reset_index(drop=True)
    row = sample_row(TABLES["outputs"], 2)
    read = frame.iloc[2]
    assert read["content"] == row["content"]
    assert dict(read["quality_by"]) == dict(row["quality_by"])
    assert read["steps"][0] == row["steps"][0]
    assert read["started_at"] == pd.Timestamp(row["started_at"])
    assert str(frame["started_at"].dt.tz) == "UTC"


@pytest.fixture(scope="module")
def filled_bucket(moto_bucket_of_module):
    bucket = moto_bucket_of_module
    fill(
        Store.open(bucket.url, endpoint=bucket.endpoint, key=bucket.key, secret=SecretStr(bucket.secret)),
    )
    return bucket


@pytest.mark.parametrize("table", TABLES)
def test_pandas_reads_both_dates_on_s3(filled_bucket, table):
    frame = pd.read_parquet(f"{filled_bucket.url}/{table}", storage_options=filled_bucket.storage_options)
    assert (counted(frame[KEYS.get(table, "run_date")]), set(frame.columns)) == expected(table)
