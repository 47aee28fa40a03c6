"""What a night with a control arm leaves in `metrics` and in the manifest, through the real commit."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from proof_rig import baseline_row, judged, restage, score_rows

from tasks.landing.labels import Labels
from tasks.landing.output_sums import OutputSums
from tasks.landing.run_metrics import RunMetrics
from tasks.patterns.recipe import load_recipe
from tasks.storing.schemas import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

TOPICS = {f"r{number}": f"topic {number}" for number in range(12)}
TARGET = "quality: {target: 0.7}\nmake:"


def draws(request_id: str) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """Blind scores of the made text and of the baseline's, by two judges: the same for a request in every generation."""
    random = Random(request_id)
    made, baseline = random.uniform(0.6, 0.9), random.uniform(0.4, 0.7)
    return tuple(
        {
            judge: {"accuracy": level + up, "tone": level - up / 2}
            for judge, up in (("ada", 0.04), ("bob", 0.08))
        }
        for level in (made, baseline)
    )


def paired(row: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A made row joined by its baseline's, both judged blind; a failed one stays as it is, its baseline judged."""
    ours, theirs = draws(row["request_id"])
    other = judged(baseline_row(row), theirs)
    scores = score_rows(row["request_id"], "baseline", theirs)
    if row["status"] == "made":
        return [judged(row, ours), other], [*score_rows(row["request_id"], "made", ours), *scores]
    return [row, other], scores


def night_of(night: Rig, requests: str, rework: Any = paired, **changes: Any) -> dict[str, Any]:
    recipe = load_recipe(night.recipe.replace("make:", TARGET))
    begun = night.begin(requests, recipe=recipe, **changes)
    return night.commit(begun, restage(night, begun.plan, night.produce(begun), rework), max_failed=1.0)


def metrics(night: Rig) -> dict[str, dict[str, Any]]:
    return {row["arm"]: row for row in night.rows("metrics")}


def mean(values: Any) -> float:
    values = list(values)
    return sum(values) / len(values)


def test_metrics_and_manifest_say_what_the_pairs_say(rig: Callable[..., Rig], small_shards: None) -> None:
    night = rig()
    manifest = night_of(night, night.table(TOPICS))
    rows = {arm: [row for row in night.rows("outputs") if row["arm"] == arm] for arm in ("made", "baseline")}
    made, baseline = metrics(night)["made"], metrics(night)["baseline"]
    assert manifest["rows"]["made"] == len(TOPICS), "rows of the control arm are no further requests"
    assert (made["rows"], baseline["rows"], made["pattern"], baseline["pattern"]) == (
        12,
        12,
        "pipeline",
        "ask",
    )
    gain = mean(row["quality"] for row in rows["made"]) - mean(row["quality"] for row in rows["baseline"])
    uplift = manifest["uplift"]
    assert made["uplift"] == uplift["mean"] == pytest.approx(gain)
    assert made["uplift_low"] < gain < made["uplift_high"]
    assert (made["uplift_n"], uplift["n"], uplift["unjudged"], uplift["level"]) == (12, 12, 0, 0.95)
    assert (uplift["over"], uplift["judges"]) == ("requests and judges", 2)
    extra = mean(row["usd"] for row in rows["made"]) - 0.001
    assert made["usd_extra"] == uplift["usd_extra"] == pytest.approx(extra)
    assert made["usd_per_uplift"] == pytest.approx(extra / gain)
    assert made["seconds_extra"] == pytest.approx(mean(row["seconds"] for row in rows["made"]) - 0.5)
    assert baseline["uplift"] is baseline["uplift_n"] is None
    assert uplift["verdict"] in {"helps", "too few pairs to tell"}


def test_agreement_on_what_the_pairs_differ_by_is_told_from_agreement_on_texts(
    rig: Callable[..., Rig],
) -> None:
    """Bob gives every text a little more than Ada, of either arm: on the differences they agree wholly."""
    night = rig()
    judges = night_of(night, night.table(TOPICS))["judges"]
    assert judges["alpha"] < 0.999
    assert judges["alpha_uplift"] == pytest.approx(1)


def test_quality_comes_with_interval_count_criteria_and_accepted_rows(rig: Callable[..., Rig]) -> None:
    night = rig()
    night_of(night, night.table(TOPICS))
    rows = [row for row in night.rows("outputs") if row["arm"] == "made"]
    made = metrics(night)["made"]
    assert made["quality_mean"] == pytest.approx(mean(row["quality"] for row in rows))
    assert 0 <= made["quality_low"] < made["quality_mean"] < made["quality_high"] <= 1
    assert (made["quality_n"], made["blind_n"]) == (12, 12)
    assert dict(made["quality_by"]) == {
        name: pytest.approx(mean(dict(row["quality_by"])[name] for row in rows))
        for name in ("accuracy", "tone")
    }
    accepted = sum(row["quality"] >= 0.7 for row in rows)
    assert 0 < made["accepted"] == accepted < 12
    assert made["usd_per_accepted"] == pytest.approx(made["usd"] / accepted)
    assert made["quality_per_usd"] == pytest.approx(made["quality_mean"] * 12 / made["usd"])
    assert made["satisfaction_low"] is made["satisfaction_mean"] is None


def test_blind_scores_stand_before_a_patterns_own(rig: Callable[..., Rig]) -> None:
    """A third of the rows was judged blind; what the pattern's judge says of the rest is not mixed in."""

    def some(row: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        if int(row["request_id"][1:]) % 3:
            return [{**row, "quality": 1.0}], []
        return paired(row)

    night = rig()
    manifest = night_of(night, night.table(TOPICS), some)
    blind = [
        row["quality"] for row in night.rows("outputs") if row["arm"] == "made" and row["quality"] != 1.0
    ]
    made = metrics(night)["made"]
    assert made["quality_mean"] == pytest.approx(mean(blind))
    assert (made["rows"], made["quality_n"], made["blind_n"], made["uplift_n"]) == (12, 4, 4, 4)
    share = made["accepted"] / 4
    assert made["usd_per_accepted"] == pytest.approx(made["usd"] / (12 * share)), (
        "the share stands for all rows"
    )
    assert manifest["uplift"]["verdict"] == "too few pairs to tell"


def test_without_blind_scores_the_patterns_own_count_and_there_is_no_uplift(rig: Callable[..., Rig]) -> None:
    night = rig()
    manifest = night_of(night, night.table(TOPICS), lambda row: ([{**row, "quality": 0.8}], []))
    made = metrics(night)["made"]
    assert (made["quality_mean"], made["quality_n"], made["blind_n"], made["accepted"]) == (
        pytest.approx(0.8),
        12,
        0,
        12,
    )
    assert manifest["uplift"] is manifest["judges"] is made["uplift"] is None
    assert made["uplift_n"] == 0


def test_what_nobody_judged_is_not_refused_but_unjudged(rig: Callable[..., Rig]) -> None:
    night = rig()
    night_of(night, night.table(TOPICS), lambda row: ([row], []))
    made = metrics(night)["made"]
    assert (made["quality_n"], made["accepted"], made["usd_per_accepted"], made["quality_mean"]) == (
        0,
        None,
        None,
        None,
    )


def test_a_row_that_failed_for_good_is_worth_nothing_in_its_pair(rig: Callable[..., Rig]) -> None:
    night = rig(faults=[{"kind": "bad_request", "prompt": "topic [012]$"}])
    manifest = night_of(night, night.table(TOPICS))
    made = metrics(night)["made"]
    differences = []
    for request_id in TOPICS:
        ours, theirs = (mean(mean(by.values()) for by in arm.values()) for arm in draws(request_id))
        differences.append(-theirs if request_id in {"r0", "r1", "r2"} else ours - theirs)
    assert manifest["uplift"]["n"] == 12
    assert made["uplift"] == pytest.approx(mean(differences))
    assert dict(made["errors"]) == {"bad_request": 3}
    assert manifest["errors"]["rows"] == {"bad_request": 3}
    assert (made["quality_n"], made["failed"]) == (9, 3)


def test_failures_of_the_control_arm_are_its_own(rig: Callable[..., Rig]) -> None:
    """They raise the uplift, and are no failures of the run."""

    def without(row: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        ours, _ = draws(row["request_id"])
        failed = baseline_row(row, status="failed", error_kind="refusal", error="no", content=None, usd=0.0)
        return [judged(row, ours), failed], score_rows(row["request_id"], "made", ours)

    night = rig()
    manifest = night_of(night, night.table(TOPICS), without)
    assert (manifest["rows"]["failed"], manifest["errors"]["rows"], manifest["healthy"]) == (0, {}, True)
    assert manifest["uplift"]["mean"] == pytest.approx(metrics(night)["made"]["quality_mean"])
    assert dict(metrics(night)["baseline"]["errors"]) == {"refusal": 12}


def test_rows_worked_in_both_arms_that_nobody_compared_are_counted_apart(rig: Callable[..., Rig]) -> None:
    def half(row: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        rows, scores = paired(row)
        return rows, [each for each in scores if each["arm"] == "made" or row["request_id"] < "r3"]

    night = rig()
    uplift = night_of(night, night.table(TOPICS), half)["uplift"]
    assert (uplift["n"], uplift["unjudged"]) == (5, 7)  # r0, r1, r10, r11, r2


def test_the_same_judges_are_compared_with_themselves(rig: Callable[..., Rig]) -> None:
    """A judge that scored one text of a pair only says nothing of that pair."""

    def uneven(row: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        ours, theirs = {"ada": {"tone": 0.6}, "harsh": {"tone": 0.1}}, {"ada": {"tone": 0.5}}
        rows = [judged(row, ours), judged(baseline_row(row), theirs)]
        return rows, [
            *score_rows(row["request_id"], "made", ours), *score_rows(row["request_id"], "baseline", theirs),
        ]  # fmt: skip

    night = rig()
    uplift = night_of(night, night.table(TOPICS), uneven)["uplift"]
    assert uplift["mean"] == pytest.approx(0.1)
    assert (uplift["over"], "this judge's own taste" in uplift["caution"]) == ("requests", True)


def test_a_generation_that_redoes_some_rows_comes_to_the_same_figures(
    rig: Callable[..., Rig], small_shards: None
) -> None:
    late = rig(faults=[{"kind": "server_error", "prompt": "Outline topic [37]$", "first": 4}])
    requests = late.table(TOPICS)
    first = night_of(late, requests)
    assert (first["rows"]["retryable"], first["uplift"]["n"]) == (2, 10), "what is tried again is no pair yet"
    second = night_of(late, requests)
    assert (second["generation"], second["rows"]["made"]) == (2, 12)
    differences = []
    for request_id in TOPICS:
        ours, theirs = (mean(mean(by.values()) for by in arm.values()) for arm in draws(request_id))
        differences.append(ours - theirs)
    assert second["uplift"]["n"] == 12
    assert second["uplift"]["mean"] == pytest.approx(mean(differences))
    assert len(late.rows("scores")) == 12 * 2 * 2 * 2
    assert metrics(late)["made"]["quality_n"] == 12
    assert second["judges"]["texts"] == 24


def test_a_price_that_is_not_known_makes_the_price_of_uplift_unknown(rig: Callable[..., Rig]) -> None:
    def priceless(row: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        (made, other), scores = paired(row)
        return [{**made, "usd": None}, other], scores

    night = rig()
    uplift = night_of(night, night.table(TOPICS), priceless)["uplift"]
    assert uplift["usd_extra"] is uplift["usd_per_uplift"] is None
    assert "not known" in uplift["words"] or uplift["verdict"] == "too few pairs to tell"
    assert metrics(night)["made"]["usd_per_accepted"] is None


def test_rows_of_the_control_arm_are_of_the_type_that_a_route_found_for_the_request() -> None:
    labels = Labels(types={"a": "technical"})
    sums = OutputSums(labels=labels)
    usual = {"request_id": "a", "status": "made", "calls": 1, "cached_calls": 0, "usd": 0.1, "seconds": 1.0}
    rows = [
        {**usual, "arm": "made", "pattern": "route", "request_type": "technical"},
        {**usual, "arm": "baseline", "pattern": "ask", "request_type": None},
    ]
    sums.add(pa.Table.from_pylist(rows, schema=OUTPUTS))
    found = RunMetrics(sums, sums.blind).metric_rows("night", "routed", 0)
    assert [(row["arm"], row["request_type"]) for row in found] == [
        ("made", "technical"), ("baseline", "technical"),
    ]  # fmt: skip


def test_judges_are_held_against_each_other_and_against_the_writers(rig: Callable[..., Rig]) -> None:
    def with_pairs(row: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        rows, scores = paired(row)
        kin = [{**each, "judge_family": "one" if each["judge"] == "ada" else "b"} for each in scores]
        shown = [
            {**kin[0], "step": "@pair", "arm": "made", "criterion": "preference", "round": place, "judge": "ada",
             "score": score}
            for place, score in ((1, 1.0), (2, 0.0))
        ]  # fmt: skip
        return rows, [*kin, *shown]

    night = rig()
    judges = night_of(night, night.table(TOPICS), with_pairs)["judges"]
    assert (judges["names"], judges["texts"], judges["families"]) == (
        ["ada", "bob"],
        24,
        {"ada": "one", "bob": "b"},
    )
    assert 0.9 < judges["alpha"] < judges["alpha_high"] <= 1
    assert set(judges["alpha_by"]) == {"accuracy", "tone"}
    assert judges["lengths"]["made"] > judges["lengths"]["baseline"] == pytest.approx(len("short"))
    assert judges["pairs_side_by_side"]["ada"] == {"n": 12, "preference": 0.0, "flips": 1.0}
    assert any("the judge ada preferred the same place in 100%" in each for each in judges["cautions"])
    assert any("times as long" in each for each in judges["cautions"])


def test_the_seconds_of_the_critical_path_sum_up_to_those_of_a_row(rig: Callable[..., Rig]) -> None:
    night = rig()
    night_of(night, night.table(TOPICS), lambda row: ([row], []))
    made = metrics(night)["made"]
    critical = dict(made["critical_seconds"])
    assert set(critical) == {"outline", "draft", "@waiting"}
    rows = night.rows("outputs")
    assert sum(critical.values()) == pytest.approx(mean(row["seconds"] for row in rows), abs=1e-6)
    assert min(critical.values()) >= 0


def test_model_metrics_say_for_which_recipe_and_pattern(rig: Callable[..., Rig]) -> None:
    night = rig()
    night_of(night, night.table(TOPICS))
    assert {(row["recipe"], row["pattern"]) for row in night.rows("model_metrics")} == {("short", "pipeline")}
