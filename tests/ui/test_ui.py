"""What a content editor does in the Prefect UI, in a real browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pandas as pd
import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from conftest import Ui

PROMPT = "Write about tidal power for children"
PATTERNS = ["pipeline", "ensemble", "route", "refine", "repeat", "team"]


def test_the_deployments_are_listed_with_their_schedules(ui: Ui):
    ui.open("deployments?limit=50")
    for name in ("nightly", "housekeeping", "report", *PATTERNS, "technical-blog"):
        expect(ui.page.get_by_role("link", name=name, exact=True).first).to_be_visible()
    expect(ui.page.get_by_text("At 02:00 AM")).to_be_visible()
    ui.picture("deployments")


def test_a_night_is_started_by_custom_run_watched_and_read(ui: Ui):
    (ui.up.folder / "pages.csv").write_text("topic\ntides\nmoons\nwaves\n")
    ui.form("nightly")
    ui.fill(requests=str(ui.up.folder / "pages.csv"), run="from-the-ui")
    ui.choose("recipe", "product-copy")
    ui.choose("recipe", "technical-blog")
    ui.choose("only", "all")
    ui.picture("nightly-form")
    run = ui.submitted("nightly")
    ui.completed(run)
    ui.says("3 made")
    ui.picture("nightly-run")
    ui.page.get_by_role("tab", name="Artifacts").click()
    ui.picture("nightly-artifacts")
    ui.page.get_by_role("link", name="night-from-the-ui").first.click()
    ui.page.locator("a[href*='/artifacts/artifact/']").first.click()
    expect(ui.page.get_by_role("heading", name="from-the-ui").first).to_be_visible()
    ui.picture("nightly-report")
    outputs = pd.read_parquet(ui.up.folder / "nightpress-store" / "outputs")
    assert list(outputs[outputs["run"] == "from-the-ui"]["status"]) == ["made"] * 3


def test_each_pattern_works_a_prompt_that_is_typed_into_its_form(ui: Ui):
    runs = {}
    for pattern in PATTERNS:
        ui.form(pattern)
        ui.fill(prompt=PROMPT)
        if pattern == "ensemble":
            ui.choose("writers", "gpt-4", "claude", "mistral")
            ui.choose("combine", "merge")
        if pattern in ("route", "team"):
            ui.page.get_by_role("button", name="Add item").click()
            ui.page.locator("[data-slot=card] textarea").last.fill("writer: claude")
        ui.picture(f"{pattern}-form")
        runs[pattern] = ui.submitted(pattern)
    for pattern, run in runs.items():
        ui.completed(run)
        ui.picture(f"{pattern}-run")
    outputs = pd.read_parquet(ui.up.folder / "nightpress-store" / "outputs")
    assert {f"{pattern}-{run}" for pattern, run in runs.items()} <= set(outputs["run"])


def test_a_recipe_has_a_form_with_a_field_for_each_of_its_columns(ui: Ui):
    ui.form("technical-blog")
    ui.fill(topic="Why the sea is salty", audience="children")
    ui.picture("recipe-form")
    run = ui.submitted("technical-blog")
    ui.completed(run)
    ui.picture("recipe-run")
    outputs = pd.read_parquet(ui.up.folder / "nightpress-store" / "outputs")
    request = outputs[outputs["run"] == f"pipeline-{run}"]["request"].iloc[0]
    assert '"topic":"Why the sea is salty"' in request
    assert '"audience":"children"' in request


def test_a_value_out_of_bounds_is_refused_in_the_form(ui: Ui):
    ui.form("nightly")
    ui.fill(concurrency="99999")
    ui.submit()
    field = ui.page.get_by_label("concurrency").first
    assert "2000" in field.evaluate("each => each.validationMessage")
    assert "/run?" in ui.page.url
    ui.picture("invalid-form")


def logged(ui: Ui, run: str) -> list[str]:
    """The log of a flow run that has failed, once its end is in it; a traceback would come with that."""
    for _ in range(60):
        mine = {"flow_run_id": {"any_": [run]}}
        lines = [each["message"] for each in ui.up.ask("logs/filter", logs=mine)]
        if any("Finished in state Failed" in line for line in lines):
            ui.page.wait_for_timeout(3000)
            return [each["message"] for each in ui.up.ask("logs/filter", logs=mine)]
        ui.page.wait_for_timeout(500)
    raise AssertionError(f"the run's end is not in its log: {lines}")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"requests": "no/such/table.csv"}, "no/such/table.csv"),
        ({"requests": "gone.csv", "store": "gs://bucket/x"}, "this is not a place a store can be"),
    ],
)
def test_what_only_the_flow_can_see_is_the_runs_message(ui: Ui, fields: dict[str, str], said: str):
    ui.form("nightly")
    ui.fill(**fields)
    ended = ui.up.ended(run := ui.submitted("nightly"))
    assert ended["state_type"] == "FAILED"
    assert said in ended["state"]["message"]
    ui.open(f"runs/flow-run/{run}")
    ui.says(said)
    assert not [line for line in logged(ui, run) if "Traceback" in line]
    ui.picture("mistake")


def scheduled_by(ui: Ui, schedule: str) -> dict[str, Any]:
    """The first run that a schedule has made; the scheduler looks every few seconds."""
    for _ in range(120):
        runs = ui.up.ask("flow_runs/filter", sort="EXPECTED_START_TIME_ASC")
        found = [run for run in runs if schedule in (run["idempotency_key"] or "")]
        if found:
            return found[0]
        ui.page.wait_for_timeout(500)
    raise AssertionError("the schedule has made no run")


def test_a_schedule_starts_a_night_by_itself(ui: Ui):
    (ui.up.folder / "hourly.csv").write_text("topic\nclouds\n")
    nightly = ui.up.deployments()["nightly"]["id"]
    soon = (datetime.now(UTC) + timedelta(seconds=25)).isoformat()
    hourly = {"interval": 3600, "anchor_date": soon, "timezone": "Asia/Tokyo"}
    given = {"requests": str(ui.up.folder / "hourly.csv"), "run": "by-itself", "only": "all"}
    made = httpx.post(
        f"{ui.up.url}/deployments/{nightly}/schedules",
        json=[{"schedule": hourly, "active": True, "parameters": given}],
    )
    schedule = made.raise_for_status().json()[0]["id"]
    try:
        ui.open(f"deployments/deployment/{nightly}")
        expect(ui.page.get_by_text("Every 1 hour")).to_be_visible()
        ui.picture("schedules")
        run = scheduled_by(ui, schedule)
        ui.completed(run["id"])
    finally:
        httpx.delete(f"{ui.up.url}/deployments/{nightly}/schedules/{schedule}").raise_for_status()
    ui.picture("scheduled-run")
    outputs = pd.read_parquet(ui.up.folder / "nightpress-store" / "outputs")
    night = str(outputs[outputs["run"] == "by-itself"]["run_date"].iloc[0])
    due = pd.Timestamp(run["expected_start_time"]).tz_convert("Asia/Tokyo")
    assert night == str(due.date())
