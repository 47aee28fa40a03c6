"""The scored answers of a recipe's step, as thresholds are fitted to them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from tasks.landing.explored import scored_answers
from tasks.storing.filesystem import Store
from tasks.storing.parts import part_path, write_part
from tasks.storing.schemas import OUTPUTS

if TYPE_CHECKING:
    from pathlib import Path

TONIGHT = date(2026, 3, 31)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def lands(store: Store, on: date, *rows: dict[str, Any], name: str = "night-0") -> None:
    write_part(store, part_path("outputs", on, name), OUTPUTS, rows)


def row(request: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"run": "night", "recipe": "blog", "request_id": request, "steps": list(steps), **more}


def step(model: str, quality: float | None, usd: float | None = 0.1, path: str = "draft") -> dict[str, Any]:
    return {"path": path, "role": None, "model": model, "quality": quality, "usd": usd, "seconds": 1.0}


def test_every_scored_answer_at_the_step_is_a_row_whose_signal_is_its_score(store: Store) -> None:
    lands(
        store,
        TONIGHT,
        row("r1", step("cheap", 0.6), step("judge", None), step("strong", 0.9), step("x", 1, path="y")),
    )
    found = scored_answers(store, "blog", "draft", TONIGHT)
    assert [(each["request_id"], each["model"], each["signal"], each["quality"]) for each in found] == [
        ("night/r1", "cheap", 0.6, 0.6), ("night/r1", "strong", 0.9, 0.9),
    ]  # fmt: skip


def test_other_recipes_and_nights_long_ago_are_left_out(store: Store) -> None:
    lands(store, TONIGHT, row("r1", step("cheap", 0.6), recipe="other"), row("r2"))
    lands(store, date(2025, 10, 1), row("r3", step("cheap", 0.6)))
    lands(store, date(2026, 4, 1), row("r4", step("cheap", 0.6)))
    assert scored_answers(store, "blog", "draft", TONIGHT) == []


def test_an_answer_from_the_ledger_is_as_dear_as_the_paid_ones_are_on_average(store: Store) -> None:
    steps = [step("cheap", 0.6, usd) for usd in (0.1, 0.3, 0.0)]
    lands(
        store,
        TONIGHT,
        *(row(f"r{number}", each) for number, each in enumerate([*steps, step("free", 0.5, 0.0)])),
    )
    assert [each["usd"] for each in scored_answers(store, "blog", "draft", TONIGHT)] == [0.1, 0.3, 0.2, 0.0]


def test_the_same_request_of_two_runs_is_two_requests(store: Store) -> None:
    lands(store, TONIGHT, row("r1", step("cheap", 0.6)), row("r1", step("cheap", 0.7), run="again"))
    assert {each["request_id"] for each in scored_answers(store, "blog", "draft", TONIGHT)} == {
        "night/r1",
        "again/r1",
    }
