"""`nightpress report`: figures in the terminal, the page in the store, the browser only where it is asked for."""

from __future__ import annotations

import webbrowser
from datetime import date
from pathlib import Path

import pytest

from deployments.cli.main import main
from deployments.simulator.config import SimulatorConfig
from deployments.simulator.running import RunningSimulator
from tasks.calling.catalog import load_catalog
from tasks.calling.engine import Engine
from tasks.calling.sending import Patience
from tasks.landing.allowances import ShardMoney
from tasks.landing.commit import Commit
from tasks.landing.run_state import run_state, state_key
from tasks.landing.shards import work_shard
from tasks.landing.starting import Wish, start
from tasks.patterns.recipe import load_recipe
from tasks.storing.filesystem import Store

RECIPE = '{recipe: notes, request: {topic: {type: str}}, make: {ask: {model: one, prompt: "On {{ request.topic }}"}}}'
MODELS = """
providers: {{sim: {{api: openai, base_url: "{url}"}}}}
models: {{one: {{provider: sim, id: one, price: {{input: 100, output: 200}}}}}}
"""


@pytest.fixture
def simulator():
    with RunningSimulator(SimulatorConfig()) as running:
        yield running


def committed(store: Store, simulator: RunningSimulator, folder: Path, run: str) -> None:
    """A committed run of one made and one rejected row."""
    table = folder / "requests.jsonl"
    table.write_text('{"request_id": "a", "topic": "tides"}\n{"request_id": "[b]", "topic": null}\n')
    catalog = load_catalog(MODELS.format(url=simulator.openai_url))
    begun = start(store, Wish(run, date(2026, 1, 31), str(table), load_recipe(RECIPE), catalog))
    engine = Engine.current()
    state = run_state(engine, store, begun.plan, concurrency=5, key_of=lambda _: None, patience=Patience())
    try:
        shards = [shard for shard, rows in enumerate(begun.plan.shard_rows) if rows]
        records = [engine.wait(work_shard(state, shard, 1, ShardMoney())) for shard in shards]
    finally:
        engine.wait(state.stop(journal_is_landed=False))
        engine.forget_run(state_key(store, begun.plan))
    Commit(store, begun.plan, records, None, 0.1).run()


class Browser(webbrowser.BaseBrowser):
    """A browser that keeps what it was asked to open."""

    def __init__(self):
        super().__init__("keeping")
        self.opened: list[str] = []

    def open(self, url, new=0, autoraise=True):
        self.opened.append(url)
        return True


@pytest.fixture
def opened():
    """What the browser of choice was asked to open."""
    browser = Browser()
    webbrowser.register("keeping", None, browser, preferred=True)
    return browser.opened


@pytest.fixture(autouse=True)
def _state(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTPRESS_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)


def test_a_run_is_shown_and_its_page_written(tmp_path, simulator, capsys, opened):
    store = Store.open(str(tmp_path / "store"))
    committed(store, simulator, tmp_path, "night")
    assert main(["report", "night", "--store", store.url]) == 0
    out = capsys.readouterr().out
    assert "\nnight  notes version 1, night of 2026-01-31, generation 1, healthy" in out
    assert "  made               1\n" in out
    assert "row 2, [b]  missing value in column 'topic'" in out
    page = tmp_path / "store" / "_runs" / "night" / "report.html"
    assert out.endswith(f"\n{page}\n")
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert opened == []


def test_without_a_name_it_is_the_last_run_and_open_opens_it(tmp_path, simulator, capsys, opened):
    store = Store.open(str(tmp_path / "a store"))
    for run in ("z", "a"):
        committed(store, simulator, tmp_path, run)
    assert main(["report", "--open", "--store", store.url]) == 0
    assert "\na  notes" in capsys.readouterr().out
    assert opened == [(tmp_path / "a store" / "_runs" / "a" / "report.html").as_uri()]


def test_of_a_bucket_a_copy_is_opened(tmp_path, simulator, s3_bucket, monkeypatch, capsys, opened):
    s3_bucket.set_environment(monkeypatch)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    store = Store.open(s3_bucket.url)
    committed(store, simulator, tmp_path, "night")
    assert main(["report", "night", "--open", "--store", s3_bucket.url]) == 0
    assert capsys.readouterr().out.endswith(f"\n{s3_bucket.url}/_runs/night/report.html\n")
    (url,) = opened
    assert Path(url.removeprefix("file://")).read_bytes() == store.read("_runs/night/report.html")


def test_a_run_that_is_not_there_is_wrong_use(tmp_path, simulator, capsys):
    store = Store.open(str(tmp_path / "store"))
    committed(store, simulator, tmp_path, "night")
    assert main(["report", "nihgt", "--store", store.url]) == 2
    said = capsys.readouterr().err
    assert said == f"error: {store.url}: there is no run 'nihgt'; did you mean 'night'?\n"


def test_a_page_that_cannot_be_written_costs_nothing_but_the_page(tmp_path, simulator, capsys):
    store = Store.open(str(tmp_path / "store"))
    committed(store, simulator, tmp_path, "night")
    (tmp_path / "store" / "_runs" / "night" / "report.html").mkdir()
    assert main(["report", "night", "--store", store.url]) == 1
    shown = capsys.readouterr()
    assert "  made               1\n" in shown.out
    assert shown.err.startswith("failed: the HTML report cannot be written: ")
