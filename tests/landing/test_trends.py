"""A night against the last nights of its recipe: what is held against what, what is flagged, what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.landing.made_with import changed_since
from tasks.landing.night_figures import FIGURES, Night, night_of
from tasks.landing.night_report import read_report
from tasks.landing.past_nights import MOST_NIGHTS
from tasks.landing.report_contents import headline, sheets
from tasks.landing.report_html import report_html
from tasks.landing.report_markdown import report_markdown
from tasks.landing.run_paths import manifest_path
from tasks.landing.trend_sheets import SHOWN, drift_words, nights_sheet, said, trend_sheet
from tasks.landing.trends import Trend, trend_of, trend_over
from tasks.patterns.recipe import load_recipe
from tasks.storing.filesystem import Store
from tasks.storing.parts import part_path, write_part
from tasks.storing.records import read_json, write_json
from tasks.storing.schemas import METRICS
from tests.trend_rig import FIRST, ONE, land, left, metrics_row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from landing_rig import Rig

    from tests.conftest import Bucket


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def noisy(generator: np.random.Generator, **more: Any) -> dict[str, Any]:
    """A night's row of `metrics`, strayed as nights do."""
    cost, seconds = (float(np.exp(0.08 * generator.standard_normal())) for _ in range(2))
    usual = {
        "quality_mean": 0.8 + 0.01 * generator.standard_normal(), "usd": 9.9 * cost, "seconds_p50": 4 * seconds,
        "failed": int(generator.binomial(100, 0.01)), "cache_hits": int(generator.binomial(200, 0.1)),
    }  # fmt: skip
    return metrics_row("", **{**usual, **more})


def nights(store: Store, days: int, *, seed: int = 1, **last: Any) -> dict[str, Any]:
    """So many nights before one more with figures of its own; its manifest."""
    generator = np.random.default_rng(seed)
    for day in range(days):
        land(store, day, noisy(generator))
    return land(store, days, noisy(generator, **last))


def trend(store: Store, manifest: dict[str, Any]) -> Trend:
    found = trend_of(store, manifest)
    assert found is not None
    return found


def flagged(store: Store, manifest: dict[str, Any]) -> set[str]:
    return {flag.figure.name for flag in trend(store, manifest).flags}


def test_a_first_night_and_a_single_request_have_no_trend(store: Store) -> None:
    assert trend_of(store, land(store, 0)) is None
    assert trend_of(store, land(store, 1, metrics_row("", rows=1, failed=0), run="pipeline-1")) is None


@pytest.mark.parametrize(
    ("changed", "name", "worse"),
    [
        ({"quality_mean": 0.7}, "quality_mean", True),
        ({"usd": 15.0}, "usd_per_made", True),
        ({"usd": 6.0}, "usd_per_made", False),
        ({"seconds_p50": 7.0}, "seconds_p50", True),
        ({"failed": 20}, "error_rate", True),
        ({"cache_hits": 150}, "hit_rate", False),
    ],
)
def test_what_really_changed_is_flagged_and_nothing_else(
    store: Store, changed: dict[str, Any], name: str, worse: bool
) -> None:
    found = trend(store, nights(store, 20, **{"failed": 1, "usd": 9.9, "seconds_p50": 4.0, **changed})).flags
    names = {flag.figure.name for flag in found}
    assert names - {"usd_per_made"} == {name} - {"usd_per_made"}, "20 failed rows make the others dearer"
    assert {flag.is_worse for flag in found if flag.figure.name == name} == {worse}


def test_failed_calls_and_the_uplift_are_read_from_the_manifest(store: Store) -> None:
    uplift = {"mean": 0.1, "low": 0.08, "high": 0.12}
    for day in range(10):
        land(store, day, uplift=uplift)
    last = land(
        store, 10, calls={"sent": 200, "failed": 40}, uplift={"mean": 0.01, "low": -0.01, "high": 0.03}
    )
    assert flagged(store, last) == {"call_error_rate", "uplift"}
    drawn = trend(store, last).drawn()
    assert (drawn[-1].uplift, drawn[-1].uplift_low, drawn[0].uplift_high) == (0.01, -0.01, 0.12)
    assert (drawn[-1].flagged, drawn[0].flagged) == ({"uplift"}, set())


@pytest.mark.parametrize(("days", "most"), [(8, 0.05), (30, 0.025)])
@pytest.mark.parametrize(("judged", "pairs"), [(30, 10), (5, 3)], ids=["as ever", "few judged tonight"])
def test_ordinary_nights_are_seldom_flagged_over_all_figures(
    days: int, most: float, judged: int, pairs: int
) -> None:
    """The share of 300 seeded recipes' nights on which any of the 7 figures is flagged, of 100 rows of which 30 are judged;
    measured of 1,000: 3.3% and 1.2%; with few judged tonight 3.0% and 1.5%.
    """
    generator = np.random.default_rng(5)

    def night(day: int, judged: int, pairs: int) -> Night:
        quality = 0.8 + 0.15 * generator.standard_normal() / judged**0.5
        manifest, rows = left(day, noisy(generator, quality_mean=quality, quality_n=judged))
        gain = {"mean": 0.05 + 0.2 * generator.standard_normal() / pairs**0.5, "n": pairs}
        return night_of({**manifest, "uplift": gain}, rows)

    told = [
        trend_over([*(night(day, 30, 10) for day in range(days)), night(days, judged, pairs)])
        for _ in range(300)
    ]
    assert sum(bool(each.flags) for each in told) / len(told) <= most


def test_a_figure_strays_by_what_it_is_of_not_by_the_rows_of_the_night(store: Store) -> None:
    for day in range(10):
        wiggle = 0.01 * (-1) ** day
        row = metrics_row("", rows=10, failed=0, quality_mean=0.8 + wiggle, quality_n=400, calls=4000)
        land(store, day, {**row, "cache_hits": 2000 + 10 * day}, uplift={"mean": 0.1 + wiggle, "n": 400})
    row = metrics_row(
        "", rows=1000, failed=0, usd=1000.0, quality_mean=0.7, quality_n=5, calls=4000, cache_hits=1500
    )
    last = land(store, 10, row, uplift={"mean": 0.0, "n": 5})
    assert flagged(store, last) == {"hit_rate"}, (
        "1,500 of 4,000 calls are few, and 5 judged rows tell nothing"
    )


def test_the_usual_range_ends_where_the_figure_does(store: Store) -> None:
    for day in range(8):
        land(store, day, metrics_row("", cache_hits=200 - 100 * (day % 2), quality_mean=0.99))
    shown = {row[0]: row[4] for row in trend_sheet(trend(store, land(store, 8))).rows}
    assert (shown["from the ledger"], shown["quality"]) == ("0% to 100%", "0.96 to 1.00")


def test_it_says_for_how_many_nights(store: Store) -> None:
    nights(store, 20)
    for day in (21, 22):
        last = land(store, day, metrics_row("", quality_mean=0.7))
    (flag,) = trend(store, last).flags
    assert flag.in_a_row == 2
    assert said(flag).startswith(
        "quality 0.70, was 0.80: worse than the median of 22 nights; 2 nights in a row"
    )


def test_a_creep_is_flagged_though_every_night_looks_like_the_one_before(store: Store) -> None:
    for day in range(31):
        wiggle = 0.02 * (-1) ** day
        last = land(store, day, metrics_row("", quality_mean=0.85 + wiggle - 0.002 * day))
    (flag,) = trend(store, last).flags
    assert (flag.figure.name, flag.drift.kind, flag.is_worse) == ("quality_mean", "creep", True)
    assert "little by little over 31 nights" in said(flag)


def test_kinds_of_request_are_put_together_by_their_rows(store: Store) -> None:
    two = (
        metrics_row("", request_type="a", rows=30, failed=0, usd=3.0, quality_mean=0.9, seconds_p50=2.0),
        metrics_row("", request_type="b", rows=10, failed=2, usd=1.0, quality_mean=0.5, seconds_p50=9.0),
        metrics_row(
            "", request_type="b", arm="baseline", rows=40, usd=99.0, quality_mean=0.1, seconds_p50=99.0
        ),
    )
    land(store, 0)
    figures = trend(store, land(store, 1, *two)).tonight.figures
    assert figures["quality_mean"] == pytest.approx((30 * 0.9 + 8 * 0.5) / 38)
    assert figures["usd_per_made"] == pytest.approx(4 / 38)
    assert (figures["error_rate"], figures["seconds_p50"], figures["hit_rate"]) == (2 / 40, 2.0, 40 / 400)


def test_parts_of_older_and_of_later_versions_are_read(store: Store) -> None:
    old = pa.schema(
        [column for column in METRICS if column.name in {"run", "recipe", "arm", "rows", "failed"}]
    )
    land(store, 0, {name: metrics_row("")[name] for name in old.names}, schema=old)
    later = METRICS.append(pa.field("unheard", pa.list_(pa.int8())))
    rows = (
        metrics_row("", request_type="a", quality_mean=0.9, quality_n=30),
        metrics_row("", request_type="b", quality_mean=0.5, quality_n=10),
    )
    found = trend(store, land(store, 1, *rows, schema=later)).nights
    assert set(found[0].figures) == {"error_rate", "call_error_rate"}
    assert found[1].figures["quality_mean"] == pytest.approx(0.8)


def test_no_report_fails_for_an_odd_part(store: Store) -> None:
    land(store, 0)
    store.write(part_path("metrics", FIRST, "short-broken-0"), b"not Parquet")
    store.write("metrics/readme.txt", b"of somebody else")
    odd = pa.schema([(name, pa.list_(pa.string())) for name in ("run", "recipe", "arm", "rows", "failed")])
    write_part(store, part_path("metrics", FIRST, "short-odd-0"), odd, [{"run": ["x"]}])
    unnamed = part_path("metrics", FIRST, "short-unnamed-0")
    write_part(store, unnamed, METRICS, [metrics_row("of-no-manifest")])
    assert [night.run for night in trend(store, land(store, 1)).nights] == [
        "short-2026-01-01",
        "short-2026-01-02",
    ]


def test_only_former_nights_of_the_same_recipe_and_kind_count(store: Store) -> None:
    land(store, 0)
    land(store, 1, metrics_row("", simulated=True), run="simulated", simulated=True)
    land(store, 2, metrics_row("", recipe="shorter"), run="shorter-2026-01-03", recipe="shorter")
    land(store, 3, metrics_row("", rows=4), run="small")
    land(store, 3, run="pipeline-0d8e5a5e-6a5c-4f5e-9d3b-0123456789ab")
    land(store, 3, run="short-sample-2026-01-04-abcdef")
    land(store, 4, run="called-otherwise")
    tonight = land(store, 5)
    land(store, 5, run="of-the-same-date", first_start="2026-01-06T01:00:00+00:00")
    land(store, 6)
    assert [night.run for night in trend(store, tonight).nights] == [
        "short-2026-01-01", "called-otherwise", "short-2026-01-06",
    ]  # fmt: skip


def test_a_later_report_says_the_same(store: Store) -> None:
    tonight = nights(store, 12, quality_mean=0.7)
    before = trend(store, tonight)
    land(store, 13)
    land(
        store,
        5,
        metrics_row("", quality_mean=0.1, rows=900),
        run="short-backfilled",
        first_start="2026-03-01T00:00:00+00:00",
    )
    assert trend(store, tonight) == before
    again = read_json(store, manifest_path("short-2026-01-03"))
    write_json(
        store,
        manifest_path("short-2026-01-03"),
        {**(again or {}), "committed_at": "2026-03-01T00:00:00+00:00"},
    )
    assert trend_sheet(trend(store, tonight)) == trend_sheet(before)


def test_of_several_runs_on_a_date_the_largest_is_the_night(store: Store) -> None:
    land(store, 0)
    land(store, 0, metrics_row("", rows=300), run="short-large")
    assert [night.rows for night in trend(store, land(store, 1)).nights] == [300, 100]


def test_rows_of_a_joined_part_belong_to_their_runs(store: Store) -> None:
    for day in (0, 0):
        manifests = [land(store, day), land(store, day, run="short-b")]
    joined = part_path("metrics", FIRST, "joined-0123456789ab-0")
    rows = [metrics_row("short-2026-01-01", rows=70), metrics_row("short-b", rows=30)]
    part = write_part(store, joined, METRICS, rows)
    for each in manifests:  # the parts from before are there yet, as in the middle of a join
        parts = {"metrics": [{"path": part.path, "joined": "0123456789ab"}]}
        write_json(store, manifest_path(each["run"]), {**each, "parts": parts})
    assert [night.rows for night in trend(store, land(store, 1)).nights] == [70, 100]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"recipe_version": 2}, "recipe version 1 → 2"),
        ({"made_with": {"recipe": "xyz", "models": {"one": ONE}}}, "recipe edited"),
        ({"made_with": {"recipe": "abc", "models": {"one": {**ONE, "id": "one-2"}}}}, "one is one-2, was one-1"),
        ({"made_with": {"recipe": "abc", "models": {"one": {**ONE, "host": "x.org"}}}}, "one is asked at x.org, was models.example.com"),
        ({"made_with": {"recipe": "abc", "models": {"one": {**ONE, "price": {"input": 2, "output": 4}}}}}, "one costs 2/4 USD per million tokens in/out, was 1/2"),
        ({"made_with": {"recipe": "abc", "models": {"two": {**ONE, "id": "never-asked"}}}}, ""),
        ({"versions": {"nightpress": "0.2.0"}}, "nightpress 0.1.0 → 0.2.0"),
        ({"made_with": None}, ""),
    ],
    ids=["version", "edited", "model", "address", "price", "model that was not asked", "release", "older manifest"],
)  # fmt: skip
def test_what_was_another_from_a_night_on_is_said_and_compared_all_the_same(
    store: Store, changed: dict[str, Any], words: str
) -> None:
    for day in range(10):
        land(store, day)
    found = trend(store, land(store, 10, metrics_row("", quality_mean=0.6), **changed))
    assert ["; ".join(mark.changes) for mark in found.marks] == ([words] if words else [])
    assert nights_sheet(found).rows[0][:2] == ("2026-01-11", words)
    assert {flag.figure.name for flag in found.flags} == {"quality_mean"}


def proof(baseline: str, **more: Any) -> dict[str, Any]:
    return {
        "recipe": f"abc {baseline}",
        "work": "abc",
        "models": {"one": ONE},
        "proof": {"baseline": baseline, **more},
    }


def test_an_uplift_over_another_baseline_is_another_figure(store: Store) -> None:
    for day in range(10):
        land(store, day, uplift={"mean": 0.1, "low": 0.05, "high": 0.15, "n": 40}, made_with=proof("strong"))
    weak = {"mean": 0.4, "low": 0.35, "high": 0.45, "n": 40}
    found = trend(store, land(store, 10, uplift=weak, made_with=proof("weak")))
    assert found.flags == (), "the recipe is no better than it was"
    assert [each.uplift for each in found.drawn()] == [None] * 10 + [0.4]
    assert [each.uplift_low for each in found.drawn()] == [None] * 10 + [0.35]
    assert nights_sheet(found).rows[0][1] == "baseline weak, was strong"
    again = trend(store, land(store, 11, uplift=weak, made_with=proof("strong")))
    assert {flag.figure.name for flag in again.flags} == {"uplift"}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"made_with": proof("strong", prompt="b")}, "the baseline's prompt edited"),
        ({"made_with": {**proof("strong", prompt="a"), "work": "edited"}}, "recipe edited"),
        ({"judges": {"names": ["ada"]}}, "judges ada, was ada, bob"),
        ({"judges": None}, ""),
    ],
)
def test_what_only_proves_is_said_by_its_name(store: Store, now: dict[str, Any], words: str) -> None:
    usual = {"made_with": proof("strong", prompt="a"), "judges": {"names": ["ada", "bob"]}}
    land(store, 0, **usual)
    found = trend(store, land(store, 1, **{**usual, **now}))
    assert ["; ".join(mark.changes) for mark in found.marks] == ([words] if words else [])


def test_another_baseline_is_no_other_recipe(rig: Callable[..., Rig]) -> None:
    night = rig()
    first, proven, edited = (
        night.night(
            night.table({"r": "one"}), run=f"n{number}", recipe=load_recipe(text).compared_with(words)
        )
        for number, (text, words) in enumerate(
            (
                (night.recipe, ""),
                (night.recipe.replace("make:", "quality: {judges: [one], pairs: false}\nmake:"), "one:0.0"),
                (night.recipe.replace("Write about", "Tell of"), ""),
            )
        )
    )
    works = [each["made_with"]["work"] for each in (first, proven, edited)]
    assert works[0] == works[1] != works[2]
    assert changed_since(first, proven) == ["baseline one, was none"]


def test_a_month_of_nights_is_a_listing_and_two_reads_a_night(
    store: Store,
) -> None:
    tonight = nights(store, 35)
    for day in range(5, 36):
        land(store, day, metrics_row("", recipe="other"), run=f"other-{day}", recipe="other")
    files = Counted(store.files)
    found = trend(replace(store, files=files), tonight)
    assert len(found.nights) == MOST_NIGHTS + 1
    assert files.listed == 1
    assert files.reads <= 2 * (MOST_NIGHTS + 1) + 2


def test_nights_under_other_names_are_found_among_those_of_other_recipes(store: Store) -> None:
    for day in range(9):
        land(store, day, run=f"mine-{day}")
        land(store, day, metrics_row("", recipe="other"), run=f"other-{day}", recipe="other")
    assert len(trend(store, land(store, 9, run="mine-9")).nights) == 10


def test_a_bucket_gives_the_same(store: Store, s3_bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    s3_bucket.set_environment(monkeypatch)
    bucket = Store.open(s3_bucket.url)
    here, there = (trend(each, nights(each, 12, quality_mean=0.7)) for each in (store, bucket))
    assert trend_sheet(here) == trend_sheet(there)
    assert {flag.figure.name for flag in there.flags} == {"quality_mean"}


def test_a_real_night_is_held_against_those_before_it_and_its_report_says_so(rig: Callable[..., Rig]) -> None:
    night = rig()
    topics = {f"r{number}": f"topic {number}" for number in range(5)}
    first = night.night(night.table(topics), run="short-1", run_date=date(2026, 1, 1))
    assert first["made_with"]["models"]["one"]["price"]["output"] == 200
    for day in range(2, 11):
        run = f"short-{day}"
        night.night(night.table(topics), run=run, run_date=date(2026, 1, day), fresh=day < 10)
    report = read_report(night.store, "short-10")
    assert report.trend is not None
    assert [each.run for each in report.trend.nights][-2:] == ["short-9", "short-10"]
    assert dict(headline(report))["drifted"] == f"{len(report.trend.flags)} figures"
    words = " ".join(drift_words(report.trend))
    assert "Drifted: USD per made row $0.00, was $0.02" in words
    assert "Drifted: from the ledger 100%, was 0%" in words
    assert f'<div class="drift"><p>{drift_words(report.trend)[0]}' in report_html(report)
    assert drift_words(report.trend)[0] in report_markdown(report)
    titles = [sheet.title for sheet in sheets(report)]
    assert {"Against the nights before", "The last nights"} <= set(titles)
    for text in (report_markdown(report), report_html(report)):
        assert "2 figures" in text
        assert "from the ledger 100%, was 0%: better than the median of 9 nights" in text
    assert "drifted" not in dict(headline(read_report(night.store, "short-5")))


def test_every_figure_can_be_said() -> None:
    assert {figure.name for figure in FIGURES} == set(SHOWN)


class Counted:
    """Files that count what is asked of them."""

    def __init__(self, files: Any) -> None:
        self.files = files
        self.reads = self.listed = 0

    def read(self, path: str) -> bytes:
        self.reads += 1
        return bytes(self.files.read(path))

    def list(self, folder: str) -> list[str]:
        self.listed += 1
        return list(self.files.list(folder))
