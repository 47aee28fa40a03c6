"""`nightpress rate`: what it says of a file, and what it ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from test_reporting import committed

from deployments.cli.main import main
from deployments.simulator.config import SimulatorConfig
from deployments.simulator.running import RunningSimulator
from tasks.storing.filesystem import Store
from tasks.storing.rating_values import HINT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Bucket


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NIGHTPRESS_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Store:
    """One committed run `night` with the text of request `a`."""
    made = Store.open(str(folder / "store"))
    with RunningSimulator(SimulatorConfig()) as simulator:
        committed(made, simulator, folder, "night")
    return made


def rate(folder: Path, text: str, *options: str, store: str = "store") -> int:
    (folder / "ratings.csv").write_text(text)
    return main(["rate", "ratings.csv", "--store", store, *options])


def test_a_good_file_is_taken_in_and_says_how_it_was_read(folder: Path, store: Store, capsys):
    assert rate(folder, "request_id,rater,rating\na,ann,5\na,bob,4\n", "--run", "night") == 0
    assert capsys.readouterr().out.splitlines() == [
        "ratings.csv: ratings: 2 new; read as stars (whole numbers from 1 to 5)",
        "night: satisfaction 0.88 (2 ratings)",
    ]
    assert rate(folder, "request_id,rater,rating\na,ann,5\na,bob,2\n", "--run", "night") == 0
    assert capsys.readouterr().out.splitlines() == [
        "ratings.csv: ratings: 1 changed, 1 known already; read as stars (whole numbers from 1 to 5)",
        "night: satisfaction 0.62 (2 ratings)",
    ]


def test_rejected_rows_are_told_with_their_line_and_the_exit_code_says_so(folder: Path, store: Store, capsys):
    text = "request_id,run,rating,coment\na,night,up,x\nb,night,up,x\na,nihgt,up,x\n"
    assert rate(folder, text) == 1
    out = capsys.readouterr().out.splitlines()
    (kept,) = store.list("_ratings/rejected")
    assert out == [
        "ratings.csv: ratings: 1 new; 2 rows rejected",
        "ratings.csv:3: request 'b' is not in run 'night'",
        "ratings.csv:4: there is no committed run 'nihgt'; did you mean 'night'?",
        f"rejected rows are kept in {store.url}/{kept}",
        "ratings.csv: not used: 'coment' (did you mean 'comment'?)",
        "night: satisfaction 1.00 (1 rating)",
    ]


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("request_id,rating\na,1\n", ["--run", "night"],
         f"ratings.csv:2: every number is 1, which is the best of thumbs and the worst of stars; {HINT}"),
        ("request_id,rating\na,up\n", [], "ratings.csv: no column 'run'; say whose texts were rated: --run NAME"),
        ("request_id,ratng,run\na,up,night\n", [],
         "ratings.csv: no column 'rating', 'thumbs', 'stars' or 'chosen'; did you mean 'rating'?"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_as_it_is_ends_with_2(
    folder: Path, store: Store, capsys, text: str, options: list[str], said: str
):
    assert rate(folder, text, *options) == 2
    assert capsys.readouterr().err == f"error: {said}\n"
    assert store.list("ratings") == []


def test_a_scale_that_is_told_is_taken(folder: Path, store: Store, capsys):
    assert rate(folder, "request_id,rating\na,1\n", "--run", "night", "--scale", "stars") == 0
    assert "satisfaction 0.00 (1 rating)" in capsys.readouterr().out


def test_of_several_files_a_wrong_one_stops_no_other(folder: Path, store: Store, capsys):
    (folder / "box").mkdir()
    (folder / "box" / "a.csv").write_text("request_id,rating\na,1\n")
    (folder / "box" / "b.jsonl").write_text('{"request_id": "a", "rating": true}\n')
    assert main(["rate", "box", "--run", "night", "--store", "store"]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("error: ")
    assert "b.jsonl: ratings: 1 new" in shown.out


def test_a_file_that_is_not_there_names_the_one_that_is(folder: Path, store: Store, capsys):
    (folder / "ratings.csv").write_text("")
    assert main(["rate", "rating.csv", "--run", "night", "--store", "store"]) == 2
    assert "rating.csv: no such file; did you mean 'ratings.csv'?" in capsys.readouterr().err


def test_the_report_shows_what_people_said(folder: Path, store: Store, capsys):
    rate(folder, "request_id,rater,rating,comment\na,ann,4/5,fine\na,bob,2/5,too | long\n", "--run", "night")
    capsys.readouterr()
    assert main(["report", "night", "--store", "store"]) == 0
    out = capsys.readouterr().out
    assert "  satisfaction       0.50 (2 ratings)\n" in out
    assert "too | long" in out
    page = store.read("_runs/night/report.html").decode()
    assert "Rated worst" in page
    assert "too | long" in page


def test_in_a_bucket_with_a_file_in_a_bucket(folder: Path, s3_bucket: Bucket, monkeypatch, capsys):
    s3_bucket.set_environment(monkeypatch)
    store = Store.open(s3_bucket.url)
    with RunningSimulator(SimulatorConfig()) as simulator:
        committed(store, simulator, folder, "night")
    store.write("_inbox/ratings/today.csv", b"request_id,rater,rating\na,ann,up\na,bob,down\n")
    for _ in range(2):
        path = f"{s3_bucket.url}/_inbox/ratings/*.csv"
        assert main(["rate", path, "--run", "night", "--store", s3_bucket.url]) == 0
    assert capsys.readouterr().out.endswith("night: satisfaction 0.50 (2 ratings)\n")
    found = pd.read_parquet(f"{s3_bucket.url}/ratings", storage_options=s3_bucket.storage_options)
    assert sorted(found["rater"]) == ["ann", "bob"]
    metrics = pd.read_parquet(f"{s3_bucket.url}/metrics", storage_options=s3_bucket.storage_options)
    assert list(metrics["satisfaction_n"]) == [2]
