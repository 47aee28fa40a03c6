"""The store's contract on a real S3 server (`deployments/radosgw.sh up` starts one)."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from pydantic import SecretStr
from store_contract import BucketContract, KillContract, StoreContract

from tasks.storing.errors import UserError
from tasks.storing.filesystem import Store
from tasks.storing.parts import part_path, write_part
from tasks.storing.schemas import SCORES

pytestmark = pytest.mark.radosgw


def open_bucket(bucket, **changes):
    given = {"endpoint": bucket.endpoint, "key": bucket.key, "secret": SecretStr(bucket.secret)}
    return Store.open(bucket.url, **given | changes)


class TestRadosgw(StoreContract, BucketContract, KillContract):
    @pytest.fixture
    def bucket(self, radosgw_bucket):
        return radosgw_bucket

    @pytest.fixture
    def child_environment(self, radosgw_bucket):
        return radosgw_bucket.environment

    @pytest.fixture
    def store(self, radosgw_bucket):
        return open_bucket(radosgw_bucket)


@pytest.mark.parametrize("changes", [{"key": "nobody"}, {"secret": SecretStr("wrong")}])
def test_refused_keys_say_what_to_check(radosgw_bucket, changes):
    with pytest.raises(UserError, match="AWS_SECRET_ACCESS_KEY"):
        open_bucket(radosgw_bucket, **changes)


def test_pandas_reads_two_dates(radosgw_bucket):
    store = open_bucket(radosgw_bucket)
    for day in (1, 2):
        write_part(store, part_path("scores", date(2026, 1, day), "n"), SCORES, [{"run": "n", "score": 0.5}])
    table = pd.read_parquet(f"{store.url}/scores", storage_options=radosgw_bucket.storage_options)
    assert sorted(table["run_date"].astype(str)) == ["2026-01-01", "2026-01-02"]
