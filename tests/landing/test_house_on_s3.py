"""A house kept in a bucket: the same promises, and uploads that nobody ended go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from house_rig import check_manifests, forget_journals, sorted_rows, table, tidied
from landing_rig import Rig

from tasks.calling.engine import Engine
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Bucket

    from deployments.simulator.running import RunningSimulator


@pytest.fixture
def night(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    s3_bucket: Bucket,
    simulate: Callable[..., RunningSimulator],
) -> Rig:
    monkeypatch.setenv("NIGHTPRESS_STATE", str(tmp_path / "state"))
    s3_bucket.set_environment(monkeypatch)
    made = Rig(Store.open(s3_bucket.url), simulate().openai_url, tmp_path)
    for number in range(3):
        made.night(table(made, number), run=f"pipeline-{number}")
    forget_journals(made)
    return made


def test_joined_blanked_and_made_anew_in_a_bucket(night: Rig, s3_bucket: Bucket) -> None:
    before = sorted_rows(night.store)
    tidied(night.store)
    assert sorted_rows(night.store) == before
    check_manifests(night.store)
    outputs = pd.read_parquet(f"{s3_bucket.url}/outputs", storage_options=s3_bucket.storage_options)
    assert sorted(outputs["run"]) == ["pipeline-0", "pipeline-1", "pipeline-2"]
    Engine.current()._past.pop(night.store.url)
    assert night.night(table(night, 1), run="tomorrow")["calls"]["cached"] == 2
    night.night(table(night, 1), run="pipeline-1", replace=True)
    check_manifests(night.store)
    assert sorted(row["run"] for row in night.rows("outputs")) == [*sorted(outputs["run"]), "tomorrow"]
    tidied(night.store, keep_prompts_days=5)
    assert not any(row["prompt"] for row in night.rows("calls"))
    check_manifests(night.store)


def test_uploads_that_nobody_ended_go(night: Rig, s3_bucket: Bucket) -> None:
    client, name = s3_bucket.client, s3_bucket.name
    client.create_multipart_upload(Bucket=name, Key="base/outputs/half.parquet")
    client.create_multipart_upload(Bucket=name, Key="somebody/elses")
    long_ago = datetime(2009, 1, 1, tzinfo=UTC)  # moto says of every upload that it was begun in 2010
    assert night.store.unfinished(long_ago) == []
    tidied(night.store, dry_run=True)
    assert len(client.list_multipart_uploads(Bucket=name)["Uploads"]) == 2
    tidied(night.store)
    left = client.list_multipart_uploads(Bucket=name).get("Uploads", [])
    assert [each["Key"] for each in left] == ["somebody/elses"]
