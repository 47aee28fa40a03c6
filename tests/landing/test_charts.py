"""The report's charts: drawn from a night's figures, for two widths and two schemes, the same each time, text as text."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from report_rig import NIGHT, UPLIFT, MadeUp, metrics_of, nights
from test_reports import Loads

from tasks.landing.call_figures import Asked, CallFigures, Spend
from tasks.landing.charts.canvas import Canvas
from tasks.landing.charts.colours import SERIES, VARIABLES
from tasks.landing.charts.cost_chart import CONTROL, JUDGING, OTHER_MODELS, OTHER_ROLES, cost_chart
from tasks.landing.charts.night_charts import night_charts
from tasks.landing.charts.quality_chart import quality_chart
from tasks.landing.charts.text_width import end_within, wide_px, within
from tasks.landing.charts.trend_chart import trend_chart
from tasks.landing.charts.uplift_chart import uplift_chart
from tasks.landing.charts.waterfall_chart import MOST_BARS, waterfall_chart
from tasks.landing.night_report import read_report
from tasks.landing.report_html import report_html
from tasks.landing.report_markdown import report_markdown
from tasks.landing.report_style import STYLE
from tasks.landing.spread import Spread
from tasks.landing.trend_night import TrendNight
from tasks.landing.typical_row import TimedCall, TypicalRow
from tasks.landing.uplift import Measured, Uplift
from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from pathlib import Path

    from tasks.landing.night_report import Report

NASTY = 'x | y ``` <script>alert(1)</script> & "q" $a$ 日本 --> ]]'
TITLES = [
    "Quality of what was delivered", "Uplift over one model", "Cost by model and role", "A typical row over time",
    "The last 14 nights",
]  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    night = MadeUp(
        Store.open(str(tmp_path_factory.mktemp("store"))), uplift=UPLIFT, metrics=metrics_of("night")
    )
    night.commit()
    return replace(read_report(night.store), nights=nights())


def texts(canvas: Canvas) -> list[tuple[float, float, str, str]]:
    """x, y, anchor and words of every line of text."""
    root = ET.fromstring(f"<svg>{canvas.markup()}</svg>")
    return [
        (float(each.get("x", 0)), float(each.get("y", 0)), each.get("text-anchor", "start"), each.text or "")
        for each in root.iter("text")
    ]


def boxes(canvas: Canvas) -> list[tuple[float, float, float, float, str]]:
    """Left, top, right, bottom of every line of text, as wide as a usual font makes it."""
    found = []
    for x, y, anchor, said in texts(canvas):
        wide = len(said) * 6.2
        left = x - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
        found.append((left, y - 10, left + wide, y + 3, said))
    return found


def test_a_night_with_all_figures_has_five_charts_and_one_without_control_arm_fewer(
    report: Report, tmp_path: Path
):
    assert [each.title for each in night_charts(report)] == TITLES
    plain = MadeUp(Store.open(str(tmp_path)), share=0.0, requests=8)
    plain.commit()
    assert [each.title for each in night_charts(read_report(plain.store))] == [TITLES[0], *TITLES[2:4]]


def test_the_page_is_one_file_that_loads_nothing_and_is_the_same_each_time(report: Report):
    page = report_html(report)
    assert page == report_html(report)
    assert len(page.encode()) < 300_000
    assert Loads(page).found == []
    svgs = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(svgs) == 2 * len(TITLES)
    for each in svgs:
        ET.fromstring(each)
        assert not re.search(r"\bid=|url\(|href|<style|#[0-9a-f]{6}|<!--", each)


def test_each_chart_says_in_words_what_it_shows_and_has_its_numbers_beside_it(report: Report):
    page = report_html(report)
    for each in night_charts(report):
        assert page.count(f'role="img" aria-label="{each.title}"') == 2
        assert page.count(f"<desc>{each.said}</desc>".replace("'", "&#x27;")) == 2
        assert len(each.numbers.rows) > 1
    assert page.count("<details>") == len(TITLES)


def test_words_neither_leave_the_drawing_nor_overlap(report: Report):
    for each in night_charts(report):
        for canvas in (each.wide, each.narrow):
            found = boxes(canvas)
            assert all(
                left >= -1 and right <= canvas.width + 1 and top >= 0 and bottom <= canvas.height
                for left, top, right, bottom, _ in found
            ), found
            for place, one in enumerate(found):
                for two in found[:place]:
                    apart = one[0] >= two[2] or two[0] >= one[2] or one[1] >= two[3] or two[1] >= one[3]
                    assert apart, (each.title, canvas.width, one, two)


def test_foreign_text_is_text_whatever_it_holds_and_is_cut_where_there_is_no_room(
    recwarn: pytest.WarningsRecorder,
):
    calls = CallFigures(by={Asked("draft", NASTY, NASTY * 9): Spend(sent=1, usd_known=1.0)})
    row = TypicalRow(NASTY, 2.0, 2.0, (TimedCall(NASTY * 4, NASTY, 1, NASTY, False, 0.0, 2.0, True),))
    uplift = Uplift(
        Measured("all pairs", 0.1, 0.0, 0.2, 15), types=(Measured(NASTY * 3, 0.1, 0.05, 0.15, 15),)
    )
    for each in (cost_chart(calls), waterfall_chart(row), uplift_chart(uplift)):
        assert each is not None
        for canvas in (each.wide, each.narrow):
            assert "<script" not in canvas.markup()
            assert any("…" in said for *_, said in texts(canvas))
            assert max(right for _, _, right, _, _ in boxes(canvas)) <= canvas.width + 1
    assert recwarn.list == []


def test_costs_are_parted_by_what_the_calls_were_for(report: Report):
    drawn = cost_chart(report.calls)
    assert drawn is not None
    assert {(row[0], row[1]) for row in drawn.numbers.rows} >= {
        ("gpt-4", CONTROL), ("gemini", JUDGING), ("claude", "writer"), ("claude", "editor"),
    }  # fmt: skip
    assert sum(float(row[2].replace("$", "")) for row in drawn.numbers.rows) == pytest.approx(
        report.manifest["usd"]["spent"], abs=0.03
    )


def test_many_models_and_roles_are_put_together_and_nothing_is_lost():
    calls = CallFigures(
        by={Asked("s", f"role{n}", f"model{n}"): Spend(sent=1, usd_known=float(n + 1)) for n in range(30)}
    )
    drawn = cost_chart(calls)
    assert drawn is not None
    assert drawn.said.startswith("$465.00 in all")
    assert len(drawn.key) == len(SERIES)
    assert drawn.key[-1][0] == OTHER_ROLES
    assert OTHER_MODELS in {row[0] for row in drawn.numbers.rows}
    assert sum(float(row[2].replace("$", "")) for row in drawn.numbers.rows) == 465


def test_a_price_that_nobody_knows_is_said_and_not_drawn_as_nothing():
    calls = CallFigures(
        by={
            Asked("a", "", "known"): Spend(sent=1, usd_known=1.0),
            Asked("a", "", "new"): Spend(sent=1, unpriced=1),
        }
    )
    drawn = cost_chart(calls)
    assert drawn is not None
    assert drawn.said.endswith("Not in it, as the price is not known: new.")
    assert cost_chart(CallFigures(by={Asked("a", "", "new"): Spend(sent=1, unpriced=1)})) is None


def test_a_type_of_few_pairs_does_not_set_the_scale_and_stands_in_the_numbers():
    types = (Measured("news", 0.03, 0.01, 0.05, 40), Measured("odd", 0.0, -1.0, 1.0, 2))
    both = uplift_chart(Uplift(Measured("all pairs", 0.02, 0.0, 0.04, 42), types=types))
    one = uplift_chart(Uplift(Measured("all pairs", 0.02, 0.0, 0.04, 42), types=types[:1]))
    assert both.wide.markup() == one.wide.markup()
    assert "Of 2 types of request: better in 1, 1 with fewer than 10 pairs, not drawn." in both.said
    assert [row[0] for row in both.numbers.rows] == ["all pairs", "news", "odd"]


def test_what_cannot_be_told_apart_is_not_drawn_as_better():
    of = Uplift(Measured("all pairs", 0.02, -0.01, 0.05, 30))
    assert "not told apart" in uplift_chart(of).said
    assert [what for what, _ in uplift_chart(of).key] == ["not told apart (hollow): the interval has 0 in it"]
    assert "worse" in uplift_chart(replace(of, all=Measured("all pairs", -0.1, -0.2, -0.01, 30))).said
    single = Measured("all pairs", 0.3, None, None, 1)
    assert "not told apart" in uplift_chart(replace(of, all=single)).said


def test_the_longest_calls_are_drawn_where_there_are_too_many_and_all_are_in_the_numbers():
    calls = tuple(TimedCall(f"step{n}", "", 1, "m", False, float(n), 1 + n % 7, True) for n in range(60))
    drawn = waterfall_chart(TypicalRow("r", 61.0, 61.0, calls))
    assert len(drawn.numbers.rows) == 60
    assert f"The {MOST_BARS} longest of its 60 calls are drawn." in drawn.said
    assert drawn.narrow.height < 1000


@pytest.mark.parametrize(("seconds", "unit"), [(0.0, "s"), (20, "s"), (900, "min"), (40_000, "h")])
def test_time_is_told_in_a_unit_that_fits(seconds: float, unit: str):
    drawn = waterfall_chart(
        TypicalRow("r", seconds, seconds, (TimedCall("a", "", 1, "m", False, 0, seconds),))
    )
    assert any(re.fullmatch(rf"[\d.e-]+ {unit}", said) for *_, said in texts(drawn.wide))


def test_a_trend_needs_two_nights_and_leaves_out_what_nobody_measured():
    two = [TrendNight(NIGHT.replace(day=day), f"r{day}", usd_per_made=0.1 * day) for day in (2, 1)]
    assert trend_chart(two[:1]) is None
    assert trend_chart([]) is None
    drawn = trend_chart(two)
    assert drawn is not None
    assert "USD per made row $0.1000 to $0.2000" in drawn.said
    assert "quality" not in drawn.said
    flagged = trend_chart([two[1], replace(two[0], flagged=frozenset({"usd_per_made"}))])
    assert flagged is not None
    assert flagged.said.startswith("Drifted tonight: USD per made row.")


def test_a_distribution_of_nothing_is_not_drawn_and_of_equal_scores_is():
    assert quality_chart([("recipe", Spread())]) is None
    same = Spread()
    for _ in range(3):
        same.add(1.0)
    drawn = quality_chart([("recipe", same)])
    assert drawn is not None
    assert drawn.numbers.rows == (("0.95 to 1.00", "3"),)


def test_the_charts_touch_no_setting_of_matplotlib_and_nothing_else_loads_it():
    code = (
        "import sys, tasks.landing.report_html, tasks.landing.night_report\n"
        "assert not [each for each in sys.modules if each.startswith('matplotlib')]\n"
        "import matplotlib; before = matplotlib.rcParams.copy()\n"
        "from tasks.landing.charts.quality_chart import quality_chart; from tasks.landing.spread import Spread\n"
        "s = Spread(); s.add(.5); quality_chart([('a', s)]).wide.markup()\n"
        "assert matplotlib.rcParams.copy() == before and 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def _schemes() -> dict[str, dict[str, str]]:
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    named = [dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})", each)) for each in (light, dark)]
    return {"light": named[0], "dark": {**named[0], **named[1]}}


def _linear(colour: str) -> Any:
    code = colour[1:] if len(colour) == 7 else "".join(2 * each for each in colour[1:])
    parts = np.array([int(code[place : place + 2], 16) / 255 for place in (0, 2, 4)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _contrast(one: str, two: str) -> float:
    low, high = sorted(float(_linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, two))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_shapes_stand_out_in_light_and_dark(scheme: str):
    named = _schemes()[scheme]
    for words in ("ink", "soft"):
        assert _contrast(named[words], named["card"]) >= 4.5
    for colour in SERIES:
        assert _contrast(named[VARIABLES[colour][6:-1]], named["card"]) >= 3, colour


# Machado, Oliveira and Fernandes (2009): how colours are seen without one kind of cones.
SEEN_WITHOUT = {
    "none": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def _lab(linear: Any) -> Any:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(to_xyz @ linear / [0.9505, 1, 1.089] + 1e-9)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", SEEN_WITHOUT)
def test_no_two_colours_look_alike_to_anybody(scheme: str, kind: str):
    named = _schemes()[scheme]
    seen = [
        _lab(np.clip(np.array(SEEN_WITHOUT[kind]) @ _linear(named[VARIABLES[each][6:-1]]), 0, 1))
        for each in SERIES
    ]
    apart = [float(np.linalg.norm(one - two)) for place, one in enumerate(seen) for two in seen[:place]]
    assert min(apart) > 18


def test_markdown_has_the_plainest_charts_with_no_text_but_ours(report: Report, tmp_path: Path):
    text = report_markdown(report)
    quality, trend = (each for each in text.split("```mermaid\n")[1:] if "xychart-beta" in each)
    bars, line = (json.loads(re.search(rf"{kind} (\[.*\])", quality)[1]) for kind in ("bar", "line"))  # type: ignore[index]
    assert len(bars) == len(line) == len(re.search(r"x-axis \[(.*)\]", quality)[1].split(","))  # type: ignore[index]
    assert sum(bars) == pytest.approx(100, abs=1)
    assert sum(line) == pytest.approx(100, abs=1)
    assert len(json.loads(re.search(r"line (\[.*\])", trend)[1])) == 14  # type: ignore[index]
    few = MadeUp(Store.open(str(tmp_path)), share=0.0, requests=3)
    few.commit()
    assert "xychart" not in report_markdown(read_report(few.store))


def test_a_line_is_cut_by_how_wide_it_is_not_by_how_many_letters_it_has():
    assert within("i" * 30, 200) == "i" * 30
    assert len(within("w" * 30, 200)) < 20
    assert len(within("日" * 30, 200)) < len(within("w" * 30, 200))
    assert end_within("a/very/long/path/to/one", 80).endswith("to/one")
    assert all(wide_px(cut(each * 50, 100)) <= 100 for each in "iwM日 " for cut in (within, end_within))
