"""The report that a night publishes: its numbers are those of the tables, its artifacts are there, its file is kept."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from flow_rig import TOPICS
from test_recorded import ask, within

from deployments.simulator.config import Profile, SimulatedPrice
from flows.pipeline import pipeline
from flows.report import report as report_flow
from tasks.landing.night_report import read_report
from tasks.landing.report_contents import headline, sheets

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flow_rig import FlowRig
    from prefect.client.schemas.objects import State

    from tasks.landing.night_report import Report

DEPLOYMENTS = Path(__file__).parents[2] / "deployments"
RECIPES = {
    "technical-blog": "requests.csv",
    "fact-check": "fact-check.csv",
    "autonomous-team": "autonomous-team.csv",
}
LIMIT = 6
MODELS = """
providers:
  o: {{api: openai, base_url: "{url}", concurrency: 50}}
models:
  gpt-4: {{provider: o, id: gpt-4o, family: openai, price: {{input: 2.5, output: 10}}}}
  claude: {{provider: o, id: claude, family: anthropic, price: {{input: 3, output: 15}}}}
  mistral: {{provider: o, id: mistral, family: mistral, price: {{input: 0.1, output: 0.3}}}}
  gemini: {{provider: o, id: gemini, family: google, price: {{input: 0.3, output: 2.5}}}}
"""


def artifacts_of(prefect_api: str, flow_run: UUID | None, *wanted: str) -> dict[str, Any]:
    """The artifacts of a flow run by key, once the wanted ones are there."""

    def found() -> dict[str, Any]:
        mine = {"flow_runs": {"id": {"any_": [str(flow_run)]}}}
        return {each["key"]: each["data"] for each in ask(prefect_api, "artifacts/filter", **mine)}

    return within(20, found, lambda keys: set(wanted) <= set(keys))


def cells(report: Report, title: str) -> dict[tuple[str, ...], dict[str, str]]:
    """A sheet's figures by the texts before them."""
    sheet = next(each for each in sheets(report) if each.title == title)
    named = len(sheet.columns) - sheet.numbers
    return {row[:named]: dict(zip(sheet.columns[named:], row[named:], strict=True)) for row in sheet.rows}


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_numbers_are_those_of_the_tables(rig: Callable[..., FlowRig], recipe: str):
    talkative = Profile(price=SimulatedPrice(input=2, output=9), skill={"default": 0.7})
    night = rig(default=talkative, faults=[{"kind": "server_error", "share": 0.1}])
    (night.folder / "models.yaml").write_text(MODELS.format(url=night.simulator.openai_url))
    night.night(recipe=recipe, requests=str(DEPLOYMENTS / "demo" / RECIPES[recipe]), limit=LIMIT)
    outputs, calls, scores = night.read("outputs"), night.read("calls"), night.read("scores")
    report = read_report(night.store, "night")
    said = dict(headline(report))
    made = outputs[outputs["status"] == "made"]
    sent = calls[~calls["cached"]]
    spent = sent["usd"].sum() + sent["usd_failed"].sum()
    assert said["made"] == str(len(made))
    assert report.rows.made == len(made)
    assert said["spent"] == f"${spent:.4f}"
    assert said["USD per made row"] == f"${spent / len(made):.4f}"
    assert said["calls sent"] == str(len(sent))
    assert said["tokens in / out"] == f"{sent['tokens_in'].sum():,.0f} / {sent['tokens_out'].sum():,.0f}"
    p50, p95 = (np.percentile(made["seconds"], share) for share in (50, 95))
    assert said["seconds p50 / p95"] == f"{p50:.2f} / {p95:.2f}"
    the_spend_is_that_of_the_calls(report, calls)
    the_quality_is_that_of_the_judges(report, outputs, scores)
    dearest = outputs.sort_values("usd", ascending=False).head(5)
    assert [row["request_id"] for row in report.rows.dearest] == list(dearest["request_id"])


def the_spend_is_that_of_the_calls(report: Report, calls: pd.DataFrame) -> None:
    calls = calls.assign(step=calls["step"].replace("", "make"), role=calls["role"].fillna("–"))
    shown = cells(report, "Spend by step")
    assert len(shown) == len(calls.groupby(["step", "role", "model"]))
    for names, group in calls.groupby(["step", "role", "model"]):
        found, sent = shown[names], group[~group["cached"]]
        ok = sent[sent["status"] == "ok"]
        usd = sent["usd"].sum() + sent["usd_failed"].sum()
        assert int(found["calls"]) == len(sent)
        assert int(found["ledger"]) == int(group["cached"].sum())
        assert int(found["failed"]) == (sent["status"] != "ok").sum()
        assert int(found["tokens in"].replace(",", "")) == sent["tokens_in"].sum()
        assert int(found["tokens out"].replace(",", "")) == sent["tokens_out"].sum()
        assert float(found["USD"].strip("<$")) == pytest.approx(usd, abs=6e-5)
        assert float(found["mean s"]) == pytest.approx(ok["seconds"].mean(), abs=6e-3)
        assert float(found["p95 s"]) == pytest.approx(np.percentile(ok["seconds"], 95), abs=6e-3)


def the_quality_is_that_of_the_judges(report: Report, outputs: pd.DataFrame, scores: pd.DataFrame) -> None:
    judged = outputs.dropna(subset=["quality"])
    assert report.rows.quality.count == len(judged)
    if judged.empty:
        assert scores.empty
        assert dict(headline(report))["quality"] == "–"
        return
    assert report.rows.quality.mean == pytest.approx(judged["quality"].mean())
    worst = judged.sort_values("quality", kind="stable").head(5)
    assert [row["quality"] for row in report.rows.worst] == list(worst["quality"])
    delivered = pd.DataFrame([dict(each) for each in judged["quality_by"]])
    for (criterion,), shown in cells(report, "Judged by criterion").items():
        every = scores[scores["criterion"] == criterion]["score"]
        assert float(shown["mean"]) == pytest.approx(delivered[criterion].mean(), abs=6e-3)
        assert float(shown["lowest"]) == pytest.approx(delivered[criterion].min(), abs=6e-3)
        assert int(shown["n"]) == delivered[criterion].count()
        assert float(shown["mean of all"]) == pytest.approx(every.mean(), abs=6e-3)
        assert int(shown["n of all"]) == len(every)
    reasons = set(scores["reason"])
    assert all(
        row[3] in reasons for row in next(s for s in sheets(report) if s.title == "Worst judged rows").rows
    )


def test_a_night_publishes_its_report_its_spend_its_rejects_and_the_way_to_the_page(
    rig: Callable[..., FlowRig], prefect_api: str
):
    night = rig()
    night.table(TOPICS, '{"request_id": "bad", "topic": null}')
    state = night.night()
    keys = ("night-night", "spend-night", "rejects-night", "report-night")
    found = artifacts_of(prefect_api, state.state_details.flow_run_id, *keys)
    assert {key for key in found if not key.startswith("progress-")} == {*keys, "spend"}
    assert "```mermaid\nflowchart TD\n" in found["night-night"]
    spend, left = (json.loads(found[key]) for key in ("spend-night", "rejects-night"))
    assert [(row["step"], row["model"], row["calls"]) for row in spend] == [
        ("draft", "one", "8"),
        ("outline", "one", "8"),
    ]
    assert left == [
        {"request": "row 9, bad", "left as": "rejected", "reason": "missing value in column 'topic'"}
    ]
    page = re.search(r"file://(\S+/_runs/night/report\.html)", found["report-night"])
    assert page
    assert Path(page[1]).read_text().startswith("<!DOCTYPE html>")


def test_every_night_renews_the_spend_of_all(rig: Callable[..., FlowRig], prefect_api: str):
    night = rig()
    night.table(TOPICS)
    night.night()
    state = night.night(run="second", run_date="2026-02-01")
    spend = artifacts_of(prefect_api, state.state_details.flow_run_id, "spend")["spend"]
    usd = f"${night.read('calls')['usd'].sum():.4f}"
    assert spend.startswith("# Spend from 2026-01-31 to 2026-02-01\n")
    assert "## Simulated by night: no real money\n" in spend
    assert "## Spend by" not in spend
    assert re.search(rf"\| 2026-01-31 \| 16 \| 0 \| 0 \|.*\| {re.escape(usd)} \| \$0.00 \| \$0.00 \|", spend)
    assert re.search(rf"\| 2026-02-01 \| 0 \| 16 \| 0 \|.*\| \$0.00 \| \$0.00 \| {re.escape(usd)} \|", spend)


def test_a_night_without_rejects_has_no_table_of_them(rig: Callable[..., FlowRig], prefect_api: str):
    night = rig()
    night.table(TOPICS)
    state = night.night()
    found = artifacts_of(prefect_api, state.state_details.flow_run_id, "report-night")
    assert "rejects-night" not in found


def test_a_night_that_cannot_be_reported_is_committed_and_says_so(rig: Callable[..., FlowRig]):
    night = rig()
    night.table(TOPICS)
    (night.folder / "store" / "_runs" / "night" / "report.html").mkdir(parents=True)
    state = night.night()
    assert state.is_completed()
    assert str(state.message).startswith("night: 8 made, 0 failed, 0 deferred, 0 rejected; $")
    assert "; the report could not be made: " in str(state.message)
    assert night.manifest()["rows"]["made"] == 8


def test_the_report_of_any_committed_run_is_made_anew(rig: Callable[..., FlowRig], prefect_api: str):
    night = rig()
    for run, topics in {"one": {"a": "tides"}, "two": TOPICS}.items():
        night.table(topics)
        night.night(run=run)
    page = night.folder / "store" / "_runs" / "one" / "report.html"
    page.unlink()
    store = str(night.folder / "store")
    state: State[Any] = report_flow(run="one", store=store, return_state=True)
    assert state.is_completed()
    assert page.exists()
    assert (
        "| made | 1 |" in artifacts_of(prefect_api, state.state_details.flow_run_id, "night-one")["night-one"]
    )
    last: State[Any] = report_flow(store=store, return_state=True)
    assert "two/report.html" in str(last.message)
    wrong: State[Any] = report_flow(run="tow", store=store, return_state=True)
    assert wrong.is_failed()
    assert "there is no run 'tow'; did you mean 'two'?" in str(wrong.message)


def test_a_single_request_shows_its_draft_before_its_figures(rig: Callable[..., FlowRig], prefect_api: str):
    night = rig(
        scripts=[{"model": "one", "replies": [{"text": "# Tides\n<b>rise</b> ![x](https://x.org/y)\n```"}]}]
    )
    places = {"store": str(night.folder / "store"), "models": str(night.folder / "models.yaml")}
    state: State[Any] = asyncio.run(pipeline(prompt="Tides", writers=["one"], **places, return_state=True))
    flow_run = state.state_details.flow_run_id
    found = artifacts_of(prefect_api, flow_run, f"draft-pipeline-{flow_run}")
    (text,) = found.values()
    draft, figures = text.index("> # Tides\n> &lt;b>rise&lt;/b> &#33;[x]("), text.index("| calls sent | 1 |")
    assert draft < figures < text.index("```mermaid")
    assert "Most expensive rows" not in text
