"""The report of a run, from what a night left: what is unknown stays unknown, what is foreign stays text."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from test_recipe_diagram import balanced

from tasks.calling.budget import NotAdmitted, OverBudget
from tasks.calling.catalog import load_catalog
from tasks.landing.bought import bought_sheet
from tasks.landing.kind_counts import MOST_KINDS, OTHERS, KindCounts
from tasks.landing.left_rows import LeftRows
from tasks.landing.night_report import read_report
from tasks.landing.report_contents import NO_RECIPE, headline, sheets
from tasks.landing.report_file import report_url, write_report
from tasks.landing.report_html import report_html
from tasks.landing.report_markdown import LEFT_OUT, MOST_BYTES, report_markdown
from tasks.patterns.recipe import load_recipe
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig

    from tasks.landing.night_report import Report
    from tasks.landing.sheet import Sheet

TOPICS = {f"r{number}": f"topic {number}" for number in range(8)}
NASTY = 'x | y ``` <script>alert(1)</script> & "q" end --> %% ]]'
UNPRICED = """
providers:
  sim: {{api: openai, base_url: "{url}", concurrency: 50}}
models:
  one: {{provider: sim, id: nobody-knows-its-price}}
"""


def figures(report: Report) -> dict[str, str]:
    return dict(headline(report))


def sheet(report: Report, title: str) -> Sheet:
    return next(each for each in sheets(report) if each.title == title)


def titles(report: Report) -> set[str]:
    return {each.title for each in sheets(report)}


class Loads(HTMLParser):
    """Tags that run or load something, and attributes that would."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "link", "img", "iframe", "object", "embed", "video", "a"}:
            self.found.append(tag)
        self.found += [name for name, _ in attrs if name.startswith("on") or name in {"src", "href"}]


def sound(report: Report) -> tuple[str, str]:
    """The report's Markdown and HTML, which hold together whatever is in them."""
    text, page = report_markdown(report), report_html(report)
    assert len(text.encode()) < 64 * 1024
    assert balanced(page)
    assert Loads(page).found == []
    for line in text.splitlines():
        if line.startswith("|"):
            tables = [*sheets(report), bought_sheet(report)]
            assert line.count("|") in {len(each.columns) + 1 for each in tables} | {3}, line
    assert text.count("```") == 2 * text.count("```mermaid\n")
    return text, page


def test_a_night_is_reported_from_what_it_left(rig: Callable[..., Rig]):
    night = rig()
    manifest = night.night(night.table(TOPICS))
    report = read_report(night.store, "night")
    said = figures(report)
    assert (said["requests"], said["made"], said["failed"], said["calls sent"]) == ("8", "8", "0", "16")
    assert said["quality"] == "–"
    assert said["spent"] == f"${manifest['usd']['spent']:.4f}"
    assert report.rows.quality.count == 0
    assert [row[:2] for row in sheet(report, "Spend by step").rows] == [("draft", "–"), ("outline", "–")]
    assert titles(report) == {"Spend by model", "Spend by step", "Most expensive rows", "Where it lies"}
    text, page = sound(report)
    assert "**Simulated:" in text
    assert "Simulated:" in page


def test_a_price_that_nobody_knows_is_unknown_wherever_it_counts(rig: Callable[..., Rig]):
    night = rig()
    night.night(night.table(TOPICS), catalog=load_catalog(UNPRICED.format(url=night.url)))
    report = read_report(night.store, "night")
    said = figures(report)
    assert (said["spent"], said["USD per made row"]) == ("unknown", "unknown")
    by_model = sheet(report, "Spend by model")
    row = dict(zip(by_model.columns, by_model.rows[0], strict=True))
    assert (row["USD"], row["USD failed"], row["calls"]) == ("unknown", "unknown", "16")
    assert "Most expensive rows" not in titles(report)
    text, _ = sound(report)
    assert "<br/>16 calls" not in text
    assert text.count("s · unknown") == 2


def test_a_run_of_which_everything_was_rejected_says_so_and_invents_nothing(rig: Callable[..., Rig]):
    night = rig()
    night.night(
        night.table(
            {}, '{"request_id": "bad", "topic": null}', "not json", f'{{"request_id": "{"x" * 300}"}}'
        )
    )
    report = read_report(night.store, "night")
    said = figures(report)
    assert (said["made"], said["rejected"]) == ("0", "3")
    assert (said["USD per made row"], said["seconds p50 / p95"], said["quality"]) == ("–", "– / –", "–")
    assert "Spend by model" not in titles(report)
    assert len(sheet(report, "Rejected rows").rows) == 3
    assert "missing value in column 'topic'" in dict(sheet(report, "Rejected, by reason").rows)
    text, _ = sound(report)
    assert "not called" in text


def test_a_run_that_was_deferred_as_a_whole_says_why(rig: Callable[..., Rig]):
    night = rig()
    night.night(night.table({f"r{n:02}": "tides" for n in range(30)}), allowance=0.0)
    report = read_report(night.store, "night")
    assert figures(report)["deferred"] == "30 (over budget 30)"
    left = sheet(report, "Deferred rows")
    assert (len(left.rows), left.note) == (20, "The first 20 of 30.")
    assert {row[1] for row in sheet(report, "Deferred, by reason").rows} == {"30"}
    sound(report)


def test_deferred_rows_are_counted_by_whose_money_it_was_whatever_the_amounts(rig: Callable[..., Rig]):
    left = LeftRows()
    for n in range(5):
        left.add(f"r{n}", str(NotAdmitted(0.1 + n, 0.01 * n, "run")))
        left.add(f"p{n}", str(OverBudget(0.1 + n, 0.01 * n, "provider sim")))
    left.add("closed", "provider sim is closed for this run: no credit")
    assert left.reasons.counts == {
        "over the run's budget, for example: the row is expected to cost $0.1000, $0.0000 of the run's budget is left": 5,
        "over the provider sim's budget, for example: the next call may cost $0.1000, $0.0000 of the provider sim's "
        "budget is left": 5,
        "provider sim is closed for this run: no credit": 1,
    }


def test_a_report_says_what_was_adopted_and_what_another_run_has_made_since(rig: Callable[..., Rig]):
    night = rig()
    night.night(night.table(TOPICS), allowance=0.0)
    (row,) = sheet(read_report(night.store, "night"), "Deferred, by reason").rows
    assert row[0].startswith("over the run's budget")
    assert row[1] == str(len(TOPICS))
    night.night(night.table({"mine": "fens"}), run="next", adopts=True)
    assert (
        figures(read_report(night.store, "next"))["requests"] == f"{len(TOPICS) + 1} ({len(TOPICS)} adopted)"
    )
    assert figures(read_report(night.store, "night"))["deferred"] == (
        f"{len(TOPICS)} (over budget {len(TOPICS)}), {len(TOPICS)} made elsewhere since"
    )


def test_an_error_is_counted_by_kind_with_what_one_of_them_said(rig: Callable[..., Rig]):
    night = rig(faults=[{"kind": "refusal", "prompt": "topic 3"}])
    night.night(night.table(TOPICS), allowance=None)
    report = read_report(night.store, "night")
    ((kind, example, rows, calls),) = sheet(report, "Errors by kind").rows
    assert (kind, rows, calls) == ("refusal", "1", "1")
    assert example
    assert figures(report)["calls failed"] == "1"


def test_texts_of_requests_and_models_stay_text(rig: Callable[..., Rig]):
    night = rig(faults=[{"kind": "refusal", "prompt": "quiet"}])
    ids = {NASTY: "quiet", "plain": f"tides {NASTY}", "loud\\n": "winds"}
    table = night.table(
        {}, *(f'{{"request_id": {_json(each)}, "topic": {_json(ids[each])}}}' for each in ids)
    )
    recipe = night.recipe.replace(
        "name: draft", f"name: draft\n      when: request.topic != {_json(NASTY)!r}"
    )
    night.night(table, recipe=load_recipe(recipe))
    text, page = sound(read_report(night.store, "night"))
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in page


def _json(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def test_the_markdown_stays_small_whatever_the_night(rig: Callable[..., Rig]):
    night = rig()
    steps = ", ".join(f'{{name: s{n}, ask: {{model: one, max_tokens: 5, prompt: "{n}"}}}}' for n in range(60))
    night.night(
        night.table({"a": "b"}), recipe=load_recipe(f"{{recipe: long, make: {{pipeline: [{steps}]}}}}")
    )
    report = read_report(night.store, "night")
    text, page = sound(report)
    assert "And 30 more, in the HTML report." in text
    assert all(f">s{number}<" in page for number in range(60))
    swollen = report_markdown(report, "> " + "🎉" * (MOST_BYTES // 4))
    assert len(swollen.encode()) < 64 * 1024
    assert LEFT_OUT in swollen


def test_the_pages_file_is_kept_when_the_run_is_cleaned_up_and_replaced_when_made_anew(
    rig: Callable[..., Rig],
):
    night = rig(faults=[{"kind": "server_error", "prompt": "topic 3", "first": 2}])
    first = night.night(night.table(TOPICS), recipe=load_recipe(night.recipe))
    assert first["rows"]["retryable"] == 1
    url = write_report(night.store, read_report(night.store))
    assert url == report_url(night.store, "night")
    assert url.startswith("file:///")
    again = night.begin(night.table(TOPICS))
    assert night.store.exists("_runs/night/report.html"), "a start cleans up"
    night.commit(again, night.produce(again))
    assert b"generation 1" in night.store.read("_runs/night/report.html"), (
        "the commit keeps the last one made"
    )
    write_report(night.store, read_report(night.store))
    assert b"generation 2" in night.store.read("_runs/night/report.html")


def test_a_run_that_is_being_made_anew_is_reported_without_a_recipe_that_is_not_its_own(
    rig: Callable[..., Rig],
):
    night = rig()
    night.night(night.table(TOPICS))
    other = load_recipe(
        night.recipe.replace("name: outline", "name: sketch").replace("outline }}", "sketch }}")
    )
    night.begin(night.table(TOPICS), recipe=other, replace=True)
    text, page = sound(read_report(night.store, "night"))
    assert NO_RECIPE in text
    assert NO_RECIPE in page


def test_without_a_name_the_run_committed_last_is_reported(rig: Callable[..., Rig]):
    night = rig()
    for run in ("zeta", "alpha"):
        night.night(night.table({"a": run}), run=run)
    assert read_report(night.store).run == "alpha"


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("nigth", "there is no run 'nigth'; did you mean 'night'?"),
        ("begun", "run 'begun' has not been committed yet"),
        ("no/where", "cannot name a run"),
    ],
)
def test_a_run_that_is_not_there_is_said_with_the_closest_one(rig: Callable[..., Rig], run: str, said: str):
    night = rig()
    night.night(night.table({"a": "b"}))
    night.begin(night.table({"a": "c"}), run="begun")
    with pytest.raises(UserError, match=said.replace("?", r"\?")):
        read_report(night.store, run)


def test_a_store_without_runs_says_so(rig: Callable[..., Rig]):
    with pytest.raises(UserError, match="no run has been committed to this store"):
        read_report(rig().store)


def test_kinds_are_bounded():
    kinds = KindCounts()
    kinds.add_all((str(number), None) for number in range(MOST_KINDS + 50))
    assert len(kinds.counts) == MOST_KINDS + 1
    assert kinds.commonest()[0] == (OTHERS, 50)
