"""What the extra models bought, as a report says it: both arms over the same requests, and the run's own rows apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from report_rig import BEGIN, JUDGED, JUDGES, UPLIFT, MadeUp, metrics_of
from test_reports import sound

from tasks.landing.bought import NO_CONTROL, NO_PAIRS, bought_sheet, bought_words
from tasks.landing.charts.cost_chart import cost_chart
from tasks.landing.night_report import read_report
from tasks.landing.proving import costs
from tasks.landing.report_contents import headline, sheets
from tasks.landing.spread import Spread
from tasks.landing.typical_row import TimedCall, waited_for
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from pathlib import Path

NASTY = "<script>alert(1)</script> | `x`"


def night(folder: Path, **changes: Any) -> MadeUp:
    return MadeUp(
        Store.open(str(folder)),
        **{"requests": 40, "uplift": UPLIFT, "metrics": metrics_of("night"), **changes},
    )


def test_figures_of_the_run_are_those_of_its_own_rows(tmp_path: Path):
    made = night(tmp_path, share=1.0)
    made.commit()
    alone = night(tmp_path / "alone", share=0.0)
    alone.commit()
    report, other = read_report(made.store), read_report(alone.store)
    assert report.rows == other.rows
    said, without = dict(headline(report)), dict(headline(other))
    for name in ("made", "quality", "USD per made row", "seconds p50 / p95"):
        assert said[name] == without[name]
    assert said["spent"] != without["spent"]
    assert said["of it to prove it"] == f"${40 * (0.0061 + 4 * 0.0007):.4f}"
    assert all(
        row["arm"] == "made"
        for row in made.outputs
        if row["request_id"] in {r["request_id"] for r in report.rows.worst} and row["arm"] != "baseline"
    )
    criteria = next(each for each in sheets(report) if each.title == "Judged by criterion")
    assert [row[0] for row in criteria.rows] == ["accuracy", "tone"], "a preference is no criterion"


def test_the_arms_stand_side_by_side_with_the_uplift_the_judges_and_the_cautions(tmp_path: Path):
    made = night(tmp_path, share=1.0)
    made.commit()
    report = read_report(made.store)
    sheet = bought_sheet(report)
    recipe, control, difference = (dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows)
    qualities = {
        arm: [row["quality"] for row in made.outputs if row["arm"] == arm] for arm in ("made", "baseline")
    }
    assert recipe["quality"] == f"{sum(qualities['made']) / 40:.2f}"
    assert (control["models"], control["rows"], control["USD per row"]) == ("gpt-4", "40", "$0.0061")
    assert recipe["low"] < recipe["quality"] < recipe["high"]
    assert (difference["quality"], difference["low"], difference["high"]) == ("+0.027", "+0.011", "+0.043")
    assert (difference["USD per row"], difference["seconds p50"]) == ("+$0.0284", "+9.20")
    words = " ".join(bought_words(report))
    assert "over 140 pairs, 95% interval" in words
    assert "of 40 judged pairs" in words
    assert "gemini (google), llama (meta). They agreed to alpha 0.71" in words
    assert "On how the two texts of a request differ they agreed to alpha 0.40." in words
    assert f"Caution: {JUDGED['cautions'][0]}" in words
    assert f"Caution: {UPLIFT['caution']}" in words
    assert "Proving it cost $0.2440 for the one model's texts and $0.1120 for judging." in words
    assert dict(headline(report))["uplift"] == "+0.027 (+0.011 to +0.043, 140 pairs)"
    text, page = sound(report)
    assert "## What the extra models bought" in text
    assert '<p class="caution">' in page


def test_a_text_is_preferred_only_if_it_is_in_both_orders(tmp_path: Path):
    made = night(tmp_path, share=0.0, requests=0)
    for number, (first, second) in enumerate([(1.0, 1.0), (1.0, 0.0), (0.0, 0.0), (0.5, 1.0)]):
        made._score(f"r{number}", "made", "@pair", 1, JUDGES[0], "preference", first)
        made._score(f"r{number}", "made", "@pair", 2, JUDGES[0], "preference", second)
    made._score("half", "made", "@pair", 1, JUDGES[0], "preference", 1.0)
    made.outputs = [made._row("r0", "news", arm, 0.5, 0.1, 1.0, BEGIN) for arm in ("made", "baseline")]
    made.commit()
    assert read_report(made.store).scores.preferred.counted() == (1, 1, 2)


def test_what_is_written_once_more_for_the_batch_is_the_recipes_own_work_and_no_proof(tmp_path: Path):
    made = night(tmp_path, share=0.0)
    made._call("r00000", "news", "made", ("@batch", "refine", "claude", 14.0, 1.0, 0.5), BEGIN, 1.0)
    made.commit()
    report = read_report(made.store)
    assert costs(report.calls).work.usd == pytest.approx(sum(call["usd"] for call in made.calls))
    assert "of it to prove it" not in dict(headline(report))
    drawn = cost_chart(report.calls)
    assert drawn is not None
    assert ("claude", "refine") in {row[:2] for row in drawn.numbers.rows}


def test_the_reason_of_the_worst_is_that_of_the_sternest_judge(tmp_path: Path):
    made = night(tmp_path, share=0.0, requests=0)
    for judge, score, reason in ((JUDGES[0], 0.9, "fine"), (JUDGES[1], 0.3, "no figures at all")):
        made._score("r", "made", "@final", 1, judge, "accuracy", score)
        made.scores[-1]["reason"] = reason
    made.outputs = [
        {**made._row("r", "news", "made", 0.6, 0.1, 1.0, BEGIN), "quality_by": [("accuracy", 0.6)]}
    ]
    made.commit()
    worst = next(each for each in sheets(read_report(made.store)) if each.title == "Worst judged rows")
    assert worst.rows[0][2:] == ("accuracy 0.60", "llama 0.30: no figures at all", "0.60")


def test_what_only_blind_judges_judged_is_shown_once(tmp_path: Path):
    made = night(tmp_path, share=1.0)
    made.commit()
    criteria = next(each for each in sheets(read_report(made.store)) if each.title == "Judged by criterion")
    assert criteria.columns == ("criterion", "mean", "lowest", "n")
    made.scores.append({**made.scores[0], "step": "panel/judge", "score": 0.2})
    made.requests = 0
    made.commit()
    criteria = next(each for each in sheets(read_report(made.store)) if each.title == "Judged by criterion")
    assert criteria.columns[-1] == "n of all"
    assert criteria.rows[0][-2:] == ("0.20", "1")


def test_a_model_that_only_judged_is_no_writer_of_the_recipes_texts(tmp_path: Path):
    made = night(tmp_path, share=1.0)
    made._call("r00000", "news", "made", ("draft/judge", "judge", "gemini", 14.0, 1.0, 0.5), BEGIN, 1.0)
    made.commit()
    for row in made.outputs:
        row["models"] = ["gemini", *row["models"]] if row["arm"] == "made" else row["models"]
    made.requests = 0
    made.commit()
    recipe, control, _ = bought_sheet(read_report(made.store)).rows
    assert (recipe[1], control[1]) == ("claude, gpt-4, mistral, gemini (judge)", "gpt-4")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.05, "made the content better"),
        (-0.01, 0.05, "the pattern does not pay for itself so far"),
        (-0.09, -0.05, "One model alone did better: the pattern does not pay for itself"),
    ],
)
def test_a_manifest_without_a_verdict_is_put_into_plain_words(
    tmp_path: Path, low: float, high: float, said: str
):
    made = night(tmp_path, uplift={**UPLIFT, "low": low, "high": high})
    made.commit()
    assert said in bought_words(read_report(made.store))[1]


def test_a_verdict_of_the_manifest_is_said_as_it_is_and_its_text_stays_text(tmp_path: Path):
    made = night(tmp_path, uplift={**UPLIFT, "verdict": "helps", "words": f"The recipe is better {NASTY}"})
    made.commit()
    report = read_report(made.store)
    assert bought_words(report)[0] == f"The recipe is better {NASTY}"
    text, page = sound(report)
    assert "<script>" not in text + page


def test_a_row_that_failed_for_good_delivered_nothing_and_one_that_may_be_done_again_makes_no_pair(
    tmp_path: Path,
):
    made = night(tmp_path, requests=0)
    for number, kind in enumerate(("refusal", "timeout", "")):
        request_id = f"r{number}"
        row = made._row(request_id, "news", "made", None if kind else 0.8, 0.1, 5.0, BEGIN)
        made.outputs.append({**row, "error_kind": kind or None})
        made.outputs.append(made._row(request_id, "news", "baseline", 0.6, 0.01, 2.0, BEGIN))
    made.commit()
    pairs = read_report(made.store).pairs
    assert (pairs.controlled, pairs.pairs) == (3, 2)
    assert (pairs.made.quality.mean, pairs.made.failed) == (0.4, 1)
    assert pairs.baseline.quality.mean == 0.6


def test_without_a_control_arm_it_is_said_how_to_get_one_but_not_to_who_asked_for_one_text(tmp_path: Path):
    plain = night(tmp_path / "plain", share=0.0, uplift=None)
    plain.commit()
    report = read_report(plain.store)
    assert bought_words(report) == [NO_CONTROL]
    text, page = sound(report)
    assert NO_CONTROL in text
    assert NO_CONTROL.replace("`", "") in page
    assert "uplift" not in dict(headline(report))
    single = night(tmp_path / "single", share=0.0, uplift=None, requests=1)
    single.commit()
    assert "control arm" not in "".join(sound(read_report(single.store)))


def test_a_control_arm_that_nobody_judged_shows_nothing(tmp_path: Path):
    made = night(tmp_path, uplift=None, requests=0)
    made.outputs = [
        {**made._row("r", "news", arm, 0.5, 0.1, 1.0, BEGIN), "quality": None} for arm in ("made", "baseline")
    ]
    made.commit()
    report = read_report(made.store)
    assert bought_words(report)[0] == NO_PAIRS
    assert bought_sheet(report).rows == ()
    sound(report)


def test_a_typical_row_is_one_near_the_median_and_what_proved_it_is_not_its_work(tmp_path: Path):
    made = night(tmp_path, share=1.0)
    made.commit()
    typical = read_report(made.store).typical
    assert typical is not None
    took = sorted(row["seconds"] for row in made.outputs if row["arm"] == "made" and row["status"] == "made")
    assert abs(typical.seconds - typical.median_seconds) <= took[-1] - took[0]
    assert min(abs(each - typical.median_seconds) for each in took) == abs(
        typical.seconds - typical.median_seconds
    )
    assert [call.step for call in typical.calls] == [
        "outline",
        "panel/1",
        "panel/2",
        "panel/3",
        "panel/judge",
        "polish",
    ]
    assert [call.step for call in typical.calls if call.waited_for] == [
        "outline",
        "panel/1",
        "panel/judge",
        "polish",
    ]


def test_rows_that_the_ledger_answered_are_not_typical(tmp_path: Path):
    made = night(tmp_path, share=0.0)
    made.commit()
    for row in made.outputs:
        row["cached_calls"] = row["calls"]
    again = replace(made, requests=0, run="again", calls=[], scores=[], metrics=[])
    for row in again.outputs:
        row["run"] = "again"
    again.commit()
    assert read_report(again.store, "again").typical is None


@pytest.mark.parametrize(
    ("spans", "path"),
    [
        ([(0, 2), (2, 5), (2, 4), (5, 6)], {0, 1, 3}),
        ([(0, 1), (3, 4)], {0, 1}),
        ([(0, 9), (1, 2), (2, 3)], {0}),
        ([(0, 1), (0, 1)], {0}),
        ([(0, 0), (0, 0), (0, 0)], {0, 1, 2}),
        ([], set()),
    ],
)
def test_a_row_waits_for_the_call_that_ended_last_and_so_on_back(
    spans: list[tuple[int, int]], path: set[int]
):
    calls = [TimedCall("s", "", 1, "m", False, start, end - start) for start, end in spans]
    assert waited_for(calls) == path


def test_a_spread_counts_the_edges_where_they_belong_and_its_interval_is_within_bounds():
    spread = Spread()
    for score in (0.0, 0.15, 0.3, 0.7, 1.0):
        spread.add(score)
    assert [place for place, number in enumerate(spread.bins) if number] == [0, 3, 6, 14, 19]
    low, high = spread.interval or (None, None)
    assert low is not None
    assert 0 <= low < 0.43 < high <= 1
    assert Spread().interval is None
    same = Spread()
    for _ in range(5):
        same.add(1.0)
    low, high = same.interval or (None, None)
    assert low is not None
    assert low < 0.9
    assert high == 1.0
