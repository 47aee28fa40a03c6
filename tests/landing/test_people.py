"""Blind judges beside people's ratings of the same texts, in the report of a run."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from report_rig import NIGHT, UPLIFT, MadeUp
from test_reports import sound

from tasks.landing.bought import bought_sheet, bought_words
from tasks.landing.night_report import read_report
from tasks.landing.people_shown import BY_CHANCE, NOT_SHOWN, TITLE
from tasks.landing.report_contents import sheets
from tasks.landing.run_paths import manifest_path
from tasks.storing.filesystem import Store
from tasks.storing.parts import part_path, write_part
from tasks.storing.schemas import RATINGS

if TYPE_CHECKING:
    from pathlib import Path

LIKED_TOO_MUCH = 0.1  # by the judges, of the recipe's texts


def night(folder: Path, run: str = "night", **changes: Any) -> MadeUp:
    usual = {"requests": 60, "share": 1.0, "uplift": UPLIFT, "gain": dict.fromkeys(MadeUp(None).gain, 0.1)}
    made = MadeUp(Store.open(str(folder)), run=run, **{**usual, **changes})
    made.commit()
    return made


def rate(made: MadeUp, of_made: int, of_baseline: int, favour: float = LIKED_TOO_MUCH) -> None:
    """People rate the first texts of each arm: as the judges do, but without their liking for the recipe's."""
    drawn, rows = random.Random(5), []
    for arm, number, less in (("made", of_made, favour), ("baseline", of_baseline, 0.0)):
        texts = [row for row in made.outputs if row["arm"] == arm and row["status"] == "made"][:number]
        rows += [
            {
                "run": made.run, "request_id": row["request_id"], "arm": arm, "source": "editors", "rater": "ann",
                "rating": min(1.0, max(0.0, row["quality"] - less + drawn.gauss(0, 0.02))),
            }
            for row in texts
        ]  # fmt: skip
    write_part(
        made.store,
        part_path("ratings", NIGHT, f"{made.run}-0").replace("run_date", "rated_date"),
        RATINGS,
        rows,
    )


def words(made: MadeUp) -> str:
    return " ".join(bought_words(read_report(made.store, made.run)))


def sheet(made: MadeUp) -> Any:
    found = [each for each in sheets(read_report(made.store, made.run)) if each.title == TITLE]
    return found[0] if found else None


def test_judges_that_like_the_recipes_texts_too_much_are_corrected_by_people(tmp_path: Path):
    made = night(tmp_path)
    rate(made, 30, 30)
    report = read_report(made.store)
    found = report.people.uplift
    assert found is not None
    assert found.n == 60
    assert found.low < 0 < found.high
    assert found.mean == pytest.approx(0.0, abs=0.03)
    said = words(made)
    assert "Of 60 texts judges scored 0.04" in said
    assert "correlation 0." in said
    assert (
        f"In people's eyes the uplift is {found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f}) over 60 pairs"
        in said
    )
    assert BY_CHANCE in said
    assert NOT_SHOWN in said
    last = bought_sheet(report).rows[-1]
    assert last[:5] == (
        "difference in people's eyes",
        "",
        f"{found.mean:+.3f}",
        f"{found.low:+.3f}",
        f"{found.high:+.3f}",
    )
    text, page = sound(report)
    for shown in (text, page):
        assert TITLE in shown
        assert "difference in people" in shown


def test_the_table_has_both_arms_apart(tmp_path: Path):
    made = night(tmp_path)
    rate(made, 30, 20)
    found = sheet(made)
    by = {row[0]: dict(zip(found.columns, row, strict=True)) for row in found.rows}
    assert [by[name]["rated"] for name in ("all", "the recipe", "one model")] == ["50", "30", "20"]
    assert float(by["the recipe"]["bias"]) == pytest.approx(LIKED_TOO_MUCH, abs=0.02)
    assert float(by["one model"]["bias"]) == pytest.approx(0.0, abs=0.02)
    assert by["the recipe"]["low"] < by["the recipe"]["bias"] < by["the recipe"]["high"]


def test_where_people_agree_with_the_judges_nothing_is_taken_back(tmp_path: Path):
    made = night(tmp_path)
    rate(made, 30, 30, favour=0.0)
    assert read_report(made.store).people.uplift.low > 0.01
    assert NOT_SHOWN not in words(made)


def test_few_ratings_say_how_many_are_missing_and_later_ones_count_in_the_next_report(tmp_path: Path):
    made = night(tmp_path)
    rate(made, 9, 3)
    said = words(made)
    assert "8 more rated texts are needed, at least 5 of the one model's (it takes 20, 8 of each)" in said
    assert "In people's eyes the uplift is" not in said
    assert "difference in people's eyes" not in {row[0] for row in bought_sheet(read_report(made.store)).rows}
    rate(made, 12, 8)
    assert "In people's eyes the uplift is" in words(made)


def test_ratings_of_texts_that_no_judge_saw_are_counted_apart(tmp_path: Path):
    made = night(tmp_path, share=0.1)
    rate(made, 30, 6)
    people = read_report(made.store).people
    assert (people.own, people.unjudged) == (16, 20)
    assert "20 rated ones were not judged blind" in words(made)


def test_earlier_nights_of_the_same_recipe_and_judges_help_out(tmp_path: Path):
    before, made = night(tmp_path, "before"), night(tmp_path)
    rate(before, 15, 15)
    rate(made, 5, 5)
    people = read_report(made.store, "night").people
    assert (len(people.rated), people.own, people.earlier) == (40, 10, 1)
    assert people.uplift is not None
    assert people.uplift.n == 60
    assert "Of 40 texts (30 of them of 1 earlier night)" in words(made)
    rate(made, 15, 15)
    assert read_report(made.store, "night").people.earlier == 0, "its own are enough"


@pytest.mark.parametrize(
    "other",
    [
        {"recipe_version": 4},
        {"recipe": "another"},
        {"judges": {"names": ["someone else"], "cautions": []}},
        {"simulated": False},
        {"run_date": "2025-12-01"},
        {"run_date": "2026-02-01"},
        {"made_with": {"recipe": "edited", "models": {}}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_nights_of_another_kind_do_not(tmp_path: Path, other: dict[str, Any]):
    before, made = night(tmp_path, "before"), night(tmp_path)
    rate(before, 15, 15)
    rate(made, 5, 5)
    path = manifest_path("before")
    made.store.write(path, orjson.dumps({**orjson.loads(made.store.read(path)), **other}))
    people = read_report(made.store, "night").people
    assert (len(people.rated), people.earlier) == (10, 0)


def test_a_night_that_cannot_be_read_costs_no_report(tmp_path: Path):
    before, made = night(tmp_path, "before"), night(tmp_path)
    rate(before, 15, 15)
    rate(made, 5, 5)
    (part,) = [path for path in made.store.list("scores") if "before" in path]
    made.store.write(part, b"not Parquet")
    assert len(read_report(made.store, "night").people.rated) == 10


def test_without_ratings_nothing_is_said_of_people(tmp_path: Path):
    made = night(tmp_path)
    assert "people" not in words(made)
    assert sheet(made) is None
