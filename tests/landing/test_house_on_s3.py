"""A house kept in a bucket: the same promises, and uploads that nobody ended go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from house_rig import check_manifests, forget_journals, house, sorted_rows, table, tidied
from landing_rig import Rig
from refusing_proxy import refusing

from flows.housekeeping_report import line, markdown
from tasks.calling.engine import Engine
from tasks.storing.filesystem import Store
from tasks.storing.schemas import OWN_FOLDERS, TABLES

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


def test_in_a_whole_bucket_only_uploads_to_our_own_folders_go(night: Rig, s3_bucket: Bucket) -> None:
    client, name = s3_bucket.client, s3_bucket.name
    theirs = ["backups/db.tar", "outputs", "outputs-of-others/a", "data/outputs/a"]
    for key in [*theirs, *(f"{folder}/half" for folder in (*TABLES, *OWN_FOLDERS))]:
        client.create_multipart_upload(Bucket=name, Key=key)
    told = tidied(Store.open(f"s3://{name}"))
    assert told["unfinished files"].before.files == len(TABLES) + len(OWN_FOLDERS)
    left = client.list_multipart_uploads(Bucket=name)["Uploads"]
    assert sorted(each["Key"] for each in left) == sorted(theirs)


def test_all_that_a_store_holds_is_in_our_own_folders(night: Rig) -> None:
    tidied(night.store)
    assert {path.split("/")[0] for path in night.store.list()} <= {*TABLES, *OWN_FOLDERS}


@pytest.mark.parametrize("refused", ["list", "abort"])
def test_uploads_that_may_not_be_listed_or_ended_are_a_line_in_the_report(
    night: Rig, s3_bucket: Bucket, refused: str
) -> None:
    client, name = s3_bucket.client, s3_bucket.name
    client.create_multipart_upload(Bucket=name, Key="base/outputs/half.parquet")
    with refusing(s3_bucket.endpoint, refused) as endpoint:
        kept = house(Store.open(s3_bucket.url, endpoint=endpoint))
        told = kept.tidy()
    assert len(night.store.list("outputs")) == 1, "all else is done"
    for said in (line(told, kept.upkeep), markdown(told, s3_bucket.url, kept.upkeep)):
        assert "unfinished files" in said
        assert "AccessDenied" in said
    assert "\n" not in line(told, kept.upkeep)
    assert "left behind removed" not in line(told, kept.upkeep)
    assert len(client.list_multipart_uploads(Bucket=name)["Uploads"]) == 1
