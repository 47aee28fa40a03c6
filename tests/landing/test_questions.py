"""What an analyst's script says of a store is true, and the same from DuckDB and from pandas."""

from __future__ import annotations

import ast
import runpy
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from deployments.analysis import questions
from tasks.judging.uplift import uplift as product_uplift
from tasks.landing.outputs import RETRYABLE
from tasks.storing.filesystem import Store
from tasks.storing.parts import part_path, write_part
from tasks.storing.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from landing_rig import Rig

    from tests.conftest import Bucket

FILE = Path(questions.__file__)
NIGHT = date(2026, 1, 31)
TOPICS = {f"r{number}": f"topic {number}" for number in range(8)}
TWO_MODELS = """
providers:
  sim: {{api: openai, base_url: "{url}", concurrency: 50}}
models:
  one: {{provider: sim, id: one, price: {{input: 100, output: 200}}}}
  dear: {{provider: sim, id: dear, price: {{input: 1000, output: 3000}}}}
"""
TITLES = [each.title for each in questions.QUESTIONS]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = tmp_path / "store"
    made.mkdir()
    return Store.open(str(made))


def answers(url: str, **given: Any) -> list[list[dict[str, Any]]]:
    """The rows of every answer, on which both engines agree."""
    read = questions.Store(url, **given)
    found = []
    for each in questions.QUESTIONS:
        one, other = (each.answer(read, engine).replace({np.nan: None}) for engine in ("duckdb", "pandas"))
        pd.testing.assert_frame_equal(one, other, check_dtype=False, rtol=1e-6, atol=1e-9, obj=each.title)
        found.append(one.to_dict("records"))
    return found


def lands(store: Store, table: str, rows: Iterable[dict[str, Any]], *, on: date = NIGHT, name: str = "n-0", without: tuple[str, ...] = ()) -> None:  # fmt: skip
    schema = pa.schema([column for column in TABLES[table] if column.name not in without])
    known = [{key: value for key, value in row.items() if key not in without} for row in rows]
    write_part(store, part_path(table, on, name), schema, known)


def output(request_id: str, arm: str = "made", **more: Any) -> dict[str, Any]:
    usual = {"run": "n", "recipe": "short", "request_id": request_id, "arm": arm, "status": "made", "usd": 0.02, "seconds": 3.0, "simulated": False}  # fmt: skip
    return {**usual, **more}


def test_a_night_is_told_as_its_manifest_has_it(rig: Callable[..., Rig]):
    from tasks.calling.catalog import load_catalog

    night = rig(faults=[{"kind": "refusal", "prompt": "topic 3"}])
    models = load_catalog(TWO_MODELS.format(url=night.url))
    night.recipe = night.recipe.replace(
        "name: draft\n      ask: {model: one", "name: draft\n      ask: {model: dear"
    )
    night.night(night.table({"r1": "topic 1"}), run="before", run_date=date(2026, 1, 30), catalog=models)
    manifest = night.night(night.table(TOPICS, '{"request_id": "bad", "topic": null}'), catalog=models)
    told = answers(night.store.url)
    (row,) = told[0]
    rows, usd, calls = manifest["rows"], manifest["usd"], manifest["calls"]
    assert [row[name] for name in ("made", "failed", "deferred", "rejected")] == [7, 1, 0, 1]
    assert [rows[name] for name in ("made", "failed", "deferred", "rejected")] == [7, 1, 0, 1]
    assert (row["usd"], row["usd_per_made"]) == (pytest.approx(usd["spent"]), pytest.approx(usd["spent"] / 7))
    assert row["ledger"] == pytest.approx(calls["cached"] / (calls["sent"] + calls["cached"]))
    assert [(each["what"], each["reason"], each["rows"], each["which"]) for each in told[1]] == [
        ("failed", "refusal", 1, "r3"), ("rejected", "missing value in column 'topic'", 1, "bad"),
    ]  # fmt: skip
    (accepted,) = told[4]
    assert (accepted["rows"], accepted["made"], accepted["judged"]) == (9, 8, 0)
    assert sum(each["share"] for each in told[5]) == pytest.approx(1)
    assert {each["step"]: each["calls"] for each in told[5]} == {"outline": 7, "draft": 7}
    (saved,) = (each for each in told[10] if each["model"] == "dear")
    assert (saved["sent"], saved["hits"]) == (7, 1)
    assert sum(each["usd_saved"] for each in told[10]) == pytest.approx(usd["saved"])


def test_what_a_cheaper_model_would_have_cost_is_what_its_price_says(rig: Callable[..., Rig]):
    from tasks.calling.catalog import load_catalog

    night = rig()
    models = load_catalog(TWO_MODELS.format(url=night.url))
    night.recipe = night.recipe.replace(
        "name: draft\n      ask: {model: one", "name: draft\n      ask: {model: dear"
    )
    topics = {f"r{number}": "tides and " * number + "winds" for number in range(8)}
    night.night(night.table(topics), catalog=models)
    calls = [row for row in night.rows("calls") if row["model"] == "dear"]
    (row,) = answers(night.store.url)[6]
    assert (row["model"], row["instead"], row["calls"]) == ("dear", "one", 8)
    assert row["usd"] == pytest.approx(
        sum(1000 * c["tokens_in"] + 3000 * c["tokens_out"] for c in calls) / 1e6
    )
    assert row["usd_instead"] == pytest.approx(
        sum(100 * c["tokens_in"] + 200 * c["tokens_out"] for c in calls) / 1e6
    )


def test_the_uplift_is_that_of_the_pairs_with_the_products_interval(store: Store):
    generator = np.random.default_rng(1)
    for pairs in (2, 3, 4, 5, 8, 200):
        gains = generator.normal(0.1, 0.05, pairs)
        rows = [output(f"r{n}", quality=0.6 + gain, usd=0.05, seconds=9.0) for n, gain in enumerate(gains)]
        rows += [output(f"r{n}", "baseline", quality=0.6, usd=0.01, seconds=2.0) for n in range(pairs)]
        lands(store, "outputs", rows)
        (row,) = answers(store.url)[2]
        ours = product_uplift(gains)
        assert ours is not None
        assert (row["pairs"], row["uplift"]) == (pairs, pytest.approx(gains.mean()))
        assert (row["low"], row["high"]) == (
            pytest.approx(ours.low, abs=2e-4),
            pytest.approx(ours.high, abs=2e-4),
        )
    assert (row["usd_more"], row["seconds_more"]) == (pytest.approx(0.04), pytest.approx(7))
    assert row["usd_per_uplift"] == pytest.approx(0.04 / gains.mean())


def test_a_price_of_a_gain_that_is_not_shown_is_not_told(store: Store):
    rows = [output(f"r{n}", quality=0.6 + (0.3 if n % 2 else -0.2), usd=0.05) for n in range(10)]
    lands(store, "outputs", [*rows, *(output(f"r{n}", "baseline", quality=0.6, usd=0.01) for n in range(10))])
    (row,) = answers(store.url)[2]
    assert row["low"] < 0 < row["uplift"]
    assert row["usd_per_uplift"] is None


def test_a_request_counts_once_and_each_baseline_for_itself(store: Store):
    for day, model in ((1, "weak"), (2, "weak"), (3, "strong")):
        known = {"run": f"n{day}"}
        pairs = [output(f"r{n}", quality=0.5 + 0.1 * day, **known) for n in range(6)]
        pairs += [output(f"r{n}", "baseline", quality=0.4, **known) for n in range(6)]
        call = {"arm": "baseline", "step": "@baseline", "model": model, "status": "ok", "usd": 0.02, **known}
        lands(store, "outputs", pairs, on=date(2026, 1, day), name=f"n{day}-0")
        lands(
            store,
            "calls",
            [{**call, "request_id": f"r{n}"} for n in range(6)],
            on=date(2026, 1, day),
            name=f"n{day}-0",
        )
    told = {row["baseline"]: (row["pairs"], row["uplift"]) for row in answers(store.url)[2]}
    assert told == {"strong": (6, pytest.approx(0.4)), "weak": (6, pytest.approx(0.25))}


def test_what_came_from_the_ledger_is_worth_what_it_cost_and_took_no_time(store: Store):
    lands(store, "outputs", [
        output("a", quality=0.9, usd=0.0, seconds=0.1, cached_calls=2), output("a", "baseline", quality=0.5, usd=0.01),
        output("b", quality=0.9, usd=0.05, seconds=9.0), output("b", "baseline", quality=0.5, usd=0.01, seconds=2.0),
    ])  # fmt: skip
    hit = {
        "run": "n",
        "request_id": "a",
        "arm": "made",
        "model": "m",
        "usd": 0.0,
        "usd_saved": 0.025,
        "cached": True,
    }
    lands(store, "calls", [hit, hit])
    (row,) = answers(store.url)[2]
    assert (row["usd_more"], row["seconds_more"]) == (pytest.approx(0.04), pytest.approx(7))


def test_a_row_that_failed_for_good_is_worth_nothing_and_one_that_may_go_better_is_no_pair(store: Store):
    lost = {"status": "failed", "error_kind": "checks_failed", "quality": None}
    passing = {"status": "failed", "error_kind": "timeout", "quality": None}
    rows = [output("a", quality=0.9), output("b", **lost), output("c", **passing), output("d", quality=None)]
    rows += [output(each, "baseline", quality=0.5) for each in "abcd"]
    lands(store, "outputs", rows)
    (row,) = answers(store.url)[2]
    assert (row["pairs"], row["made"], row["single"]) == (2, 0.45, 0.5)
    assert row["usd_per_uplift"] is None, "it bought nothing"


def test_accepted_is_what_the_recipe_calls_so_of_what_was_judged(store: Store):
    night = {"run": "n", "recipe": "short", "arm": "made", "rows": 50, "failed": 10, "usd": 4.0}
    some = {**night, "request_type": "a", "quality_n": 10, "quality_mean": 0.8, "accepted": 5}
    none = {**night, "request_type": "b", "quality_n": 0, "quality_mean": None, "accepted": None}
    lands(store, "metrics", [some, none])
    (row,) = answers(store.url)[4]
    assert (row["rows"], row["made"], row["judged"], row["accepted"]) == (100, 80, 10, 5)
    assert (row["usd_per_made"], row["usd_per_accepted"]) == (pytest.approx(0.1), pytest.approx(0.2))
    assert row["quality_per_usd"] == pytest.approx(8)
    lands(store, "metrics", [none])
    assert answers(store.url)[4][0]["usd_per_accepted"] is None, (
        "nobody judged, so nothing is known to be accepted"
    )


def test_the_script_knows_which_failures_pass():
    quoted = FILE.read_text()
    assert [
        kind for kind in sorted(RETRYABLE) if quoted.count(f"'{kind}'") != 1 or quoted.count(f'"{kind}"') != 1
    ] == []


def test_the_best_model_of_a_kind_of_request_is_by_all_its_scores(store: Store):
    one = {"run": "n", "role": "writer", "simulated": False, "errors": 1, "calls": 10, "usd": 1.0}
    rows = [
        {**one, "model": "a", "request_type": "law", "quality_mean": 0.9, "quality_n": 30},
        {**one, "model": "a", "request_type": "law", "role": "editor", "quality_mean": 0.5, "quality_n": 10},
        {**one, "model": "b", "request_type": "law", "quality_mean": 0.85, "quality_n": 1},
        {**one, "model": "a", "quality_mean": 0.1, "quality_n": 4},
        {**one, "model": "judge", "role": "judge", "quality_n": 0},
        {**one, "model": "a", "request_type": "law", "after": "b", "quality_mean": 0.0, "quality_n": 99, "calls": None},
    ]  # fmt: skip
    lands(store, "model_metrics", rows)
    told = [
        (each["request_type"], each["place"], each["model"], each["quality"])
        for each in answers(store.url)[3]
    ]
    assert told == [("any", 1, "a", 0.1), ("law", 1, "b", 0.85), ("law", 2, "a", pytest.approx(0.8))]
    assert answers(store.url)[3][2]["usd_per_call"] == pytest.approx(0.1)


def test_judges_are_compared_where_both_scored(store: Store):
    generator = np.random.default_rng(1)
    truth = generator.uniform(0.2, 0.8, 100)
    score = {"run": "n", "arm": "made", "step": "@final", "criterion": "tone"}
    rows = [{**score, "request_id": f"r{n}", "judge": "a", "score": each} for n, each in enumerate(truth)]
    rows += [
        {**score, "request_id": f"r{n}", "judge": "b", "score": each - 0.05} for n, each in enumerate(truth)
    ]
    rows += [{**score, "request_id": f"r{n}", "judge": "c", "score": 0.5} for n in range(3)]
    rows += [{**score, "request_id": "r0", "judge": "a", "criterion": "accuracy", "score": 0.0}]
    lands(store, "scores", rows)
    told = {(each["judge"], each["other"]): each for each in answers(store.url)[7]}
    assert {pair: each["both"] for pair, each in told.items()} == {
        ("a", "b"): 100,
        ("a", "c"): 3,
        ("b", "c"): 3,
    }
    assert told["a", "b"]["kinder"] == pytest.approx(0.05)
    assert (told["a", "b"]["near"], told["a", "b"]["correlation"]) == (1, pytest.approx(1))
    assert told["a", "c"]["correlation"] is None, "c always says the same"


def test_ratings_join_what_they_are_of(store: Store):
    lands(store, "outputs", [output(f"r{n}", quality=n / 10) for n in range(10)])
    rated = {"run": "n", "arm": "made", "source": "form"}
    rows = [
        {**rated, "request_id": f"r{n}", "rater": who, "rating": n / 10} for n in range(8) for who in "xy"
    ]
    lands(store, "ratings", [*rows, {**rated, "request_id": "gone", "rating": 0.0}], on=date(2026, 2, 7))
    (row,) = answers(store.url)[8]
    assert (row["ratings"], row["requests"], row["rating"], row["correlation"]) == (
        16, 8, pytest.approx(0.35), pytest.approx(1),
    )  # fmt: skip


def test_drift_is_the_last_night_against_those_before(store: Store):
    for day in range(1, 13):
        quality = 0.6 if day == 12 else 0.8 + 0.01 * (day % 3 - 1)
        row = {"run": f"n{day}", "recipe": "short", "arm": "made", "rows": 10, "failed": 1, "quality_mean": quality, "usd": 1.8, "calls": 20, "cache_hits": 5}  # fmt: skip
        other = {**row, "arm": "baseline", "quality_mean": 0.1}
        lands(store, "metrics", [row, other], on=date(2026, 1, day), name=f"n{day}-0")
    told = {each["figure"]: each for each in answers(store.url)[9]}
    assert told["quality"]["nights"] == 11
    assert told["quality"]["median_before"] == pytest.approx(0.8)
    assert (told["usd_per_made"]["last_night"], told["ledger"]["last_night"]) == (pytest.approx(0.2), 0.25)
    assert told["failed"]["sigmas"] is None
    assert told["quality"]["sigma"] == pytest.approx(1.4826 * 0.01)
    assert told["quality"]["sigmas"] == pytest.approx(-0.2 / 0.014826)


def test_an_empty_store_has_nothing_to_tell(store: Store):
    assert answers(store.url) == [[]] * len(questions.QUESTIONS)


@pytest.mark.parametrize("table", [*TABLES])
def test_tables_without_rows_and_without_what_later_versions_added_are_read(store: Store, table: str):
    lands(store, "outputs", [output("a")], without=("quality", "simulated"))
    keys = {"run", "request_id", "recipe", "arm", "model"}
    bare = tuple(name for name in TABLES[table].names if name not in keys)
    lands(store, table, [], without=bare if table != "outputs" else ("quality",), name="empty-0")
    lands(store, table, [{"run": "n"}], without=bare, name="bare-0", on=date(2026, 1, 30))
    assert answers(store.url)[0][0]["made"] == 1


def test_a_sum_of_which_a_part_is_unknown_is_unknown(store: Store):
    lands(store, "outputs", [output("a"), output("b", usd=None)])
    lands(
        store,
        "calls",
        [{"run": "n", "model": "m", "usd": usd, "cached": False, "status": "ok"} for usd in (1.0, None)],
    )
    lands(
        store,
        "metrics",
        [{"run": "n", "request_type": each, "usd": usd} for each, usd in (("a", 1.0), ("b", None))],
    )
    told = answers(store.url)
    assert (told[0][0]["usd"], told[4][0]["usd"], told[10][0]["usd"]) == (None, None, None)


def test_attempts_that_gave_no_answer_are_paid_too_and_hits_are_not(store: Store):
    lands(store, "outputs", [output("a")])
    sent = {"run": "n", "model": "m", "usd": 0.5, "usd_failed": 0.25, "cached": False, "status": "ok"}
    hit = {**sent, "usd": 0.0, "usd_failed": 0.0, "usd_saved": 0.75, "cached": True}
    lands(store, "calls", [{**sent, "tokens_in": 100, "tokens_cached": 40}, hit])
    told = answers(store.url)
    assert (told[0][0]["usd"], told[0][0]["ledger"]) == (0.75, 0.5)
    assert (told[10][0]["usd"], told[10][0]["saved"], told[10][0]["cached_in"]) == (0.75, 0.5, 0.4)


def test_simulated_and_real_nights_are_not_mixed(store: Store):
    for day, simulated in ((29, False), (30, True), (31, False)):
        run = f"n{day}"
        lands(
            store,
            "outputs",
            [output("a", run=run, simulated=simulated)],
            on=date(2026, 1, day),
            name=f"{run}-0",
        )
        row = {"run": run, "recipe": "short", "arm": "made", "rows": 1, "simulated": simulated}
        lands(store, "metrics", [row], on=date(2026, 1, day), name=f"{run}-0")
    assert answers(store.url)[4][0]["rows"] == 2
    assert answers(store.url, nights=2)[4][0]["rows"] == 1


def test_what_is_being_written_is_not_read(store: Store):
    lands(store, "outputs", [output("a")])
    half = Path(store.url) / "outputs" / "run_date=2026-01-31" / ".half.parquet"
    half.write_bytes(b"PAR1 torn")
    assert answers(store.url)[0][0]["made"] == 1


def test_a_bucket_tells_the_same(store: Store, s3_bucket: Bucket, monkeypatch: pytest.MonkeyPatch):
    s3_bucket.set_environment(monkeypatch)
    assert answers(s3_bucket.url) == answers(store.url) == [[]] * len(TITLES)
    for each in (store, Store.open(s3_bucket.url)):
        lands(each, "outputs", [output("a", quality=0.9), output("a", "baseline", quality=0.5)])
        lands(each, "outputs", [output("it's", run="o")], name="o'-0")
        lands(each, "deferred", [{"run": "n", "request_id": "d", "reason": "over by $0.20"}])
    assert answers(s3_bucket.url) == answers(store.url)
    assert answers(store.url)[1][0]["reason"] == "over by $N"


def test_it_needs_nothing_of_ours_and_prints_every_answer(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(FILE.read_text()))
        for name in ([each.name for each in node.names] if isinstance(node, ast.Import) else [node.module] if isinstance(node, ast.ImportFrom) else [])
    }  # fmt: skip
    assert imported - sys.stdlib_module_names == {"duckdb", "pandas", "pyarrow", "s3fs"}
    copied = shutil.copy(FILE, tmp_path / "mine.py")
    lands(store, "outputs", [output("a", quality=0.9), output("a", "baseline", quality=0.5)])
    done = subprocess.run([sys.executable, copied, store.url], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    questions.main([store.url, "--engine", "pandas"])
    said = capsys.readouterr().out
    assert done.stdout == said
    assert [title for number, title in enumerate(TITLES, 1) if f"\n{number}. {title}\n" not in said] == []
    assert said.count("nothing to tell of yet") == len(TITLES) - 2, "cost and outcome, uplift"
    questions.main([store.url, "--question", "10"])
    assert capsys.readouterr().out.startswith("\n10. What has drifted?\n")
    with pytest.raises(SystemExit, match="no-such: there is no such folder"):
        questions.main(["no-such"])


def test_cell_by_cell_every_cell_shows_its_answer(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    lands(store, "outputs", [output("a")])
    monkeypatch.setenv("NIGHTPRESS_STORE", store.url)
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    runpy.run_path(str(FILE), run_name="__main__")
    said = capsys.readouterr().out
    assert [said.count(f". {title}\n") for title in TITLES] == [1] * len(TITLES)
    assert FILE.read_text().count("\n# %% ") == len(TITLES) + 2
