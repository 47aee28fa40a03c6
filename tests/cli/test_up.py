"""`nightpress up`, for real: a server, its deployments, a worker that runs one of them, and (in tests/conftest.py) nothing left behind."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pandas as pd
import pytest

from tests.up_rig import Up

if TYPE_CHECKING:
    from queue import Queue

PATTERNS = {"pipeline", "ensemble", "route", "refine", "repeat", "team"}
FLOWS = PATTERNS | {"nightly", "compare", "backfill", "housekeeping", "report", "ingest_ratings"}
RECIPES = {
    "technical-blog", "product-copy", "support-reply", "intelligent-routing", "fact-check", "code-system",
    "autonomous-team",
}  # fmt: skip
TAGLINE = """
recipe: tagline
about: A line that sells
request: {product: {type: str}, words: {type: int, default: 8}, due: {type: date, default: null}}
make: {pipeline: [{name: line, ask: {model: claude, max_tokens: 60, prompt: "A line for {{ request.product }}"}}]}
"""


def table(up: Up, name: str, rows: int) -> str:
    """A request table for `product-copy`-like recipes of one column `topic`; its path."""
    path = up.folder / name
    path.write_text("topic\n" + "".join(f"topic {number}\n" for number in range(rows)))
    return str(path)


def test_it_brings_up_every_deployment_and_a_worker_that_runs_them(up: Up):
    deployments = up.deployments()
    assert set(deployments) >= FLOWS | RECIPES
    assert {each["work_pool_name"] for each in deployments.values()} == {"nightpress"}
    assert deployments["nightly"]["schedules"][0]["schedule"]["cron"] == "0 2 * * *"
    assert deployments["nightly"]["global_concurrency_limit"]["limit"] == 1
    ended = up.ended(up.start("pipeline", prompt="Write about tidal power"))
    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
    outputs = pd.read_parquet(up.folder / "nightpress-store" / "outputs")
    assert list(outputs[outputs["run"] == f"pipeline-{ended['id']}"]["status"]) == ["made"]


def test_a_second_one_says_that_it_is_up(up: Up):
    twice = up.run("up", "--port", str(up.port))
    assert (twice.returncode, twice.stderr) == (0, "")
    assert "already" in twice.stdout


def test_recipes_and_models_are_drop_downs(up: Up):
    deployments = up.deployments()
    nightly = deployments["nightly"]["parameter_openapi_schema"]["properties"]
    assert set(nightly["recipe"]["enum"]) >= RECIPES
    ensemble = deployments["ensemble"]["parameter_openapi_schema"]["properties"]
    assert ensemble["recipe"]["enum"] == [""]
    pipeline = deployments["pipeline"]["parameter_openapi_schema"]["properties"]
    assert "technical-blog" in pipeline["recipe"]["enum"]
    assert ensemble["writers"]["items"]["enum"] == ["gpt-4", "claude", "mistral", "gemini"]
    assert ensemble["judge"]["enum"] == ["", "gpt-4", "claude", "mistral", "gemini"]


def test_what_is_not_in_a_drop_down_is_refused_by_the_server(up: Up):
    with pytest.raises(httpx.HTTPStatusError) as error:
        up.start("nightly", requests="x.csv", recipe="technical-blok")
    assert "'technical-blok' is not one of" in error.value.response.text


def test_a_published_recipe_gets_a_form_of_its_own_and_is_in_the_drop_downs(up: Up):
    (up.folder / "tagline.yaml").write_text(TAGLINE)
    done = up.run("recipes", "publish", "tagline.yaml")
    assert done.returncode == 0, done.stderr
    assert "the forms" in done.stdout
    deployments = up.deployments()
    assert "tagline" in deployments["nightly"]["parameter_openapi_schema"]["properties"]["recipe"]["enum"]
    form = deployments["tagline"]["parameter_openapi_schema"]["properties"]["request"]
    assert form["required"] == ["product"]
    assert {name: field["type"] for name, field in form["properties"].items()} == {
        "product": "string", "words": "integer", "due": "string",
    }  # fmt: skip
    ended = up.ended(up.start("tagline", request={"product": "honey"}))
    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]


def test_two_nights_never_overlap(up: Up):
    requests = table(up, "topics.csv", 3)
    given = {"requests": requests, "recipe": "technical-blog"}
    runs = [up.ended(each) for each in [up.start("nightly", **given, run=f"night-{n}") for n in (1, 2)]]
    assert [run["state_type"] for run in runs] == ["COMPLETED", "COMPLETED"]
    first, second = sorted(runs, key=lambda run: run["start_time"])
    assert second["start_time"] >= first["end_time"]


def test_who_was_named_is_told_that_a_budget_is_exhausted(up: Up, told: tuple[str, Queue[dict[str, Any]]]):
    requests = table(up, "dear.csv", 12)
    up.ended(up.start("nightly", requests=requests, recipe="technical-blog", run="dear", budget=0.08))
    subjects = [told[1].get(timeout=60)["subject"]]
    assert "dear: budget exhausted" in subjects


def test_a_backfill_makes_each_night_of_a_range(up: Up):
    given = {"requests": table(up, "again.csv", 1), "recipe": "technical-blog", "only": "all"}
    ended = up.ended(
        up.start("backfill", first_night="2026-01-01", last_night="2026-01-02", parameters=given)
    )
    assert ended["state"]["message"] == "2 of 2 nights made"
    outputs = pd.read_parquet(up.folder / "nightpress-store" / "outputs")
    nights = {
        str(each) for each in outputs[outputs["run"].str.startswith("technical-blog-2026-01")]["run_date"]
    }
    assert nights == {"2026-01-01", "2026-01-02"}


def test_a_port_that_is_taken_is_a_plain_error(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = Up(tmp_path, "--port", str(taken.getsockname()[1]))
        assert refused.process.wait(60) == 2
    assert "cannot be had" in refused.said.read_text()
    assert "Traceback" not in refused.said.read_text()


def test_a_file_of_ratings_is_taken_in_when_an_event_says_that_it_has_arrived(up: Up):
    night = up.ended(
        up.start(
            "nightly", requests=table(up, "rated.csv", 2), recipe="technical-blog", run="rated", only="all"
        )
    )
    assert night["state"]["type"] == "COMPLETED", night["state"]["message"]
    outputs = pd.read_parquet(up.folder / "nightpress-store" / "outputs")
    ids = list(outputs[outputs["run"] == "rated"]["request_id"])
    assert len(ids) == 2
    path = up.folder / "people.csv"
    path.write_text("request_id,rater,rating\n" + "".join(f"{each},ann,4/5\n" for each in ids))
    event = {
        "id": str(uuid4()), "occurred": datetime.now(UTC).isoformat(), "event": "nightpress.ratings.arrived",
        "resource": {"prefect.resource.id": "nightpress.ratings"}, "payload": {"path": str(path), "run": "rated"},
    }  # fmt: skip
    httpx.post(f"{up.url}/events", json=[event], timeout=20).raise_for_status()
    until = time.monotonic() + 60
    wanted = {"deployments": {"name": {"any_": ["ingest_ratings"]}}}
    while not (started := up.ask("flow_runs/filter", **wanted)) and time.monotonic() < until:
        time.sleep(0.3)
    ended = up.ended(started[0]["id"])
    assert ended["state"]["message"] == "1 file read, 0 files known; 2 ratings taken in"
    ratings = pd.read_parquet(up.folder / "nightpress-store" / "ratings")
    assert set(ratings[ratings["run"] == "rated"]["rating"]) == {0.75}
