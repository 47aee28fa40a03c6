"""The spend view adds up to the table `calls`; what is not known stays unknown, what is simulated stays apart."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pytest
from house_rig import house, singles
from landing_rig import MODELS

from tasks.calling.catalog import load_catalog
from tasks.calling.prices import Price
from tasks.landing.plan import read_manifest
from tasks.landing.run_paths import manifest_path
from tasks.landing.spend_history import RunSpend, spend_history
from tasks.landing.spend_sums import COLUMNS, SpendSums, spent_by
from tasks.landing.spend_view import NOT_KNOWN, spend_sheets
from tasks.storing.records import write_json
from tasks.storing.schemas import CALLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

TOPICS = {f"r{number}": f"topic {number}" for number in range(4)}
FIGURES = [
    "sent",
    "hits",
    "failed",
    "tokens_in",
    "tokens_out",
    "tokens_cached",
    "usd",
    "usd_failed",
    "saved_ledger",
]


def by_run(night: Rig, **view: Any) -> dict[str, list[float]]:
    return {
        each.run: [sum(getattr(spent, name) for _, spent in each.spent) for name in FIGURES]
        for each in spend_history(night.store, **view)
    }


def in_pandas(night: Rig) -> dict[str, list[float]]:
    calls = pd.DataFrame(night.rows("calls"))
    found = {}
    for run, mine in calls.groupby("run"):
        sent, hits = mine[~mine["cached"]], mine[mine["cached"]]
        sums = [
            sent[name].sum() for name in ("tokens_in", "tokens_out", "tokens_cached", "usd", "usd_failed")
        ]
        failed = (sent["status"] != "ok").sum()
        found[str(run)] = [len(sent), len(hits), failed, *sums, hits["usd_saved"].sum()]
    return found


def cells(history: list[RunSpend], by: Any) -> dict[str, dict[str, str]]:
    (sheet,) = spend_sheets(history, by)
    return {row[0]: dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows}


def three_nights(rig: Callable[..., Rig]) -> Rig:
    night = rig(faults=[{"kind": "server_error", "prompt": "Outline topic 3"}])
    requests = night.table(TOPICS)
    night.night(requests)
    night.night(requests, run="second", run_date=date(2026, 2, 1))
    night.night(night.table({"z": "tides"}), run="third", run_date=date(2026, 2, 2))
    return night


def test_the_sums_are_those_of_the_calls(rig: Callable[..., Rig]):
    night = three_nights(rig)
    assert by_run(night) == {run: pytest.approx(sums) for run, sums in in_pandas(night).items()}


def test_a_run_whose_manifest_does_not_tell_is_read_from_its_calls(rig: Callable[..., Rig]):
    night = three_nights(rig)
    told = by_run(night)
    for run in told:
        manifest = read_manifest(night.store, run)
        assert manifest is not None
        assert manifest.pop("spend")
        write_json(night.store, manifest_path(run), manifest)
    assert by_run(night) == {run: pytest.approx(sums) for run, sums in told.items()}


def test_housekeeping_changes_no_sum_and_nights_are_found_in_joined_parts(rig: Callable[..., Rig]):
    night = rig()
    singles(night, 4)
    before = by_run(night)
    house(night.store).tidy()
    assert by_run(night) == before
    assert by_run(night, since=date(2026, 1, 31), until=date(2026, 1, 31)) == before
    house(night.store, keep_calls_days=1).tidy()
    assert night.store.list("calls") == []
    assert by_run(night) == before


def test_only_the_nights_in_view_are_read(rig: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch):
    night = three_nights(rig)
    read: list[str] = []
    monkeypatch.setattr(
        "tasks.landing.spend_history.read_manifest",
        lambda store, run: read.append(run) or read_manifest(store, run),
    )
    assert list(by_run(night, since=date(2026, 2, 1))) == ["second", "third"]
    assert sorted(read) == ["second", "third"]
    assert list(by_run(night, until=date(2026, 1, 31))) == ["night"]
    assert by_run(night, recipe="another") == {}


def test_a_hit_shows_what_it_saved(rig: Callable[..., Rig]):
    night = rig()
    requests = night.table(TOPICS)
    night.night(requests)
    night.night(requests, run="second", run_date=date(2026, 2, 1))
    paid = sum(row["usd"] for row in night.rows("calls"))
    shown = cells(spend_history(night.store), "night")
    assert shown["2026-02-01"]["saved: ledger"] == f"${paid:.4f}" == shown["2026-01-31"]["USD"]
    assert (shown["2026-02-01"]["calls"], shown["2026-02-01"]["ledger"], shown["2026-02-01"]["USD"]) == (
        "0",
        "8",
        "$0.00",
    )


def test_failed_calls_of_a_simulator_are_no_real_ones(rig: Callable[..., Rig]):
    (sheet,) = spend_sheets(spend_history(three_nights(rig).store), "model")
    assert sheet.title.startswith("Simulated")


def test_an_unknown_price_is_not_known_and_never_nothing(rig: Callable[..., Rig]):
    night = rig()
    unpriced = load_catalog(MODELS.format(url=night.url).replace(", price: {input: 100, output: 200}", ""))
    night.night(night.table(TOPICS), catalog=unpriced)
    night.night(night.table({"z": "tides"}), run="priced", run_date=date(2026, 2, 1))
    shown = cells(spend_history(night.store), "night")
    assert shown["2026-01-31"]["USD"] == NOT_KNOWN
    assert shown["all"]["USD"] == f"{shown['2026-02-01']['USD']} + {NOT_KNOWN}"


def calls_table(*rows: dict[str, Any]) -> pa.Table:
    usual = {
        "arm": "made", "provider": "p", "lane": "online", "simulated": False, "status": "ok", "cached": False,
        "tokens_in": 1000, "tokens_out": 100, "tokens_cached": 0, "usd_failed": 0.0,
    }  # fmt: skip
    schema = pa.schema([CALLS.field(name) for name in COLUMNS])
    return pa.Table.from_pylist([{**usual, **row} for row in rows], schema=schema)


def test_what_provider_caches_and_the_batch_lane_save_is_priced():
    sums = SpendSums()
    sums.add(
        calls_table(
            {"model": "a", "tokens_cached": 800, "usd": 0.001},
            {"model": "a", "lane": "batch", "tokens_cached": 0, "usd": 0.0011},
            {"model": "nobody-knows", "tokens_cached": 10, "usd": None},
            {"model": "a", "arm": "baseline", "usd": 0.5},
        )
    )
    price = Price(input=2, output=8, cached=0.5, batch_discount=0.5)
    history = [RunSpend("r", date(2026, 1, 1), "x", spent_by(sums.rows({"a": price})))]
    saved = {
        (who.arm, who.lane, who.model): (spent.saved_cache, spent.saved_batch)
        for who, spent in history[0].spent
    }
    assert saved["made", "online", "a"] == (pytest.approx(800 * 1.5e-6), 0.0)
    assert saved["made", "batch", "a"] == (0.0, pytest.approx(0.0011))
    assert saved["made", "online", "nobody-knows"] == (None, 0.0)
    shown = cells(history, "model")
    assert list(shown) == ["a (baseline)", "a", "nobody-knows", "all"]
    assert shown["a"]["saved: batch"] == "$0.0011"
    assert shown["all"]["saved: cache"] == NOT_KNOWN


def test_real_and_simulated_calls_are_never_summed():
    sums = SpendSums()
    sums.add(
        calls_table(
            {"model": "a", "usd": 1.0}, {"model": "b", "provider": "sim", "simulated": True, "usd": 5.0}
        )
    )
    history = [RunSpend("r", date(2026, 1, 1), "x", spent_by(sums.rows({})))]
    real, simulated = spend_sheets(history, "night")
    assert (real.rows[-1][7], simulated.rows[-1][7]) == ("$1.00", "$5.00")
