"""`nightpress models --for TASK`: the ranking with its figures and reasons, and what a step would get."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from deployments.cli.main import main
from tasks.storing.filesystem import Store
from tasks.storing.parts import part_path, write_part
from tasks.storing.schemas import MODEL_METRICS

MODELS = """
providers:
  here: {api: openai, base_url: "http://127.0.0.1:9/v1"}
  away: {api: openai, base_url: "https://models.example.com/v1", api_key: {env: RANKED_TEST_KEY}}
models:
  strong: {provider: here, id: s-1, family: a, context: 100000, price: {input: 10, output: 40}, strengths: {analysis: 0.95}}
  middle: {provider: here, id: m-1, family: b, context: 100000, price: {input: 1, output: 4}, strengths: {analysis: 0.85}}
  small: {provider: here, id: x-1, family: b, context: 2000, price: {input: 0.1, output: 0.4}, strengths: {analysis: 0.7}}
  distant: {provider: away, id: d-1, family: c, strengths: {analysis: 0.99, writing: 0.9}}
compatibility: {strong: {middle: 0.5}}
"""
YESTERDAY = datetime.now().astimezone().date() - timedelta(days=1)


@pytest.fixture
def store(tmp_path, monkeypatch) -> Store:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RANKED_TEST_KEY", raising=False)
    monkeypatch.delenv("NIGHTPRESS_STORE", raising=False)
    (tmp_path / "models.yaml").write_text(MODELS)
    return Store.open(str(tmp_path / "nightpress-store"))


def ranked(capsys, *options: str) -> str:
    assert main(["models", *options]) == 0
    return capsys.readouterr().out


def measured(store: Store, **seen: Any) -> None:
    row = {
        "run": "night",
        "host": "127.0.0.1:9",
        "task": "analysis",
        "calls": 500,
        "errors": 0,
        "simulated": False,
        **seen,
    }
    path = part_path("model_metrics", YESTERDAY, "night-0")
    write_part(store, path, MODEL_METRICS, [row])


def line_of(out: str, model: str) -> str:
    return next(line for line in out.splitlines() if f" {model} " in f" {line} ")


def why_not(out: str, model: str) -> str:
    return next(
        line
        for line in out.splitlines()
        if line.startswith("not: ") and model in line.split(": ")[1].split(", ")
    )


def test_the_best_is_named_with_what_a_call_would_cost(store, capsys) -> None:
    out = ranked(capsys, "--for", "analysis")
    assert "a step would get strong, about $0.05096 a call" in out
    assert "the models file alone" in out
    assert "with the most worth (quality)" in out


def test_the_cheapest_that_reaches_the_wanted_quality_is_named(store, capsys) -> None:
    out = ranked(capsys, "--for", "analysis", "--quality", "0.8", "--tokens-in", "100", "--max-tokens", "100")
    assert "a step would get middle" in out
    assert "are worth 0.80 or more (quality) the cheapest" in out
    assert "0.100 below what is needed" in why_not(out, "small")
    assert "0.85" in line_of(out, "middle")


def test_complexity_and_what_a_call_may_cost_are_part_of_the_need(store, capsys) -> None:
    out = ranked(capsys, "--for", "analysis", "--complexity", "1", "--usd-per-call", "0.01")
    assert "worth 0.80 (0.8 x complexity) or more" in out
    assert "more than $0.0100" in why_not(out, "strong")
    assert "a step would get middle" in out


def test_every_model_that_fell_out_says_why(store, capsys, monkeypatch) -> None:
    out = ranked(capsys, "--for", "analysis")
    assert "do not fit its window of 2,000" in why_not(out, "small")
    assert "$RANKED_TEST_KEY is not set" in why_not(out, "distant")
    monkeypatch.setenv("RANKED_TEST_KEY", "x")
    assert "a step would get distant\n" in ranked(capsys, "--for", "analysis")


def test_models_without_a_key_share_a_line_for_each_variable(store, capsys, tmp_path) -> None:
    second = '  far: {api: openai, base_url: "https://far.example.com/v1", api_key: {env: RANKED_OTHER_KEY}}\nmodels:'
    more = "  beyond: {provider: away, id: b-1, family: c}\n  remote: {provider: far, id: r-1, family: c}\n"
    text = MODELS.replace("models:", second, 1).replace("compatibility:", f"{more}compatibility:")
    (tmp_path / "models.yaml").write_text(text)
    out = ranked(capsys, "--for", "analysis")
    said = [line for line in out.splitlines() if "is not set" in line]
    assert said == [
        "not: distant, beyond: $RANKED_TEST_KEY is not set",
        "not: remote: $RANKED_OTHER_KEY is not set",
    ]
    table = [line.split()[0] for line in out.split("\n\n")[1].splitlines()[1:]]
    assert table == ["1", "2", "out", "out", "out", "out"]


def test_where_no_model_can_be_asked_it_says_what_to_set_and_ranks_as_if_it_were(
    store, capsys, tmp_path
) -> None:
    (tmp_path / "models.yaml").write_text(MODELS.replace("provider: here", "provider: away"))
    out = ranked(capsys, "--for", "analysis", "--quality", "0.8")
    assert out.startswith(
        "no model can be asked from here: set $RANKED_TEST_KEY; what follows ranks them as if"
    )
    assert "is not set" not in out
    assert line_of(out, "middle").split()[0] == "1"
    assert "with $RANKED_TEST_KEY set a step would get middle, about $" in out


def test_no_key_is_asked_for_where_it_would_not_help(store, capsys, tmp_path) -> None:
    (tmp_path / "models.yaml").write_text(MODELS.replace("provider: here", "provider: away"))
    out = ranked(capsys, "--for", "analysis", "--usd-per-call", "0.000001")
    assert "a step would get no model: none of them can be asked" in out
    assert "what follows" not in out


def test_a_partner_is_a_column_of_its_own(store, capsys) -> None:
    out = ranked(capsys, "--for", "analysis", "--with", "strong")
    assert "after strong" in out
    assert " 0.50 " in line_of(out, "middle")


def test_past_runs_of_the_store_correct_the_file(store, capsys) -> None:
    measured(store, model="middle", model_id="m-1", quality_n=900, quality_mean=0.99, seconds_p50=2.5)
    out = ranked(capsys, "--for", "analysis")
    assert "corrected by what 1 run in" in out
    assert "a step would get middle" in out
    assert "2.5" in line_of(out, "middle")


def test_a_task_that_only_runs_know_can_be_asked_for(store, capsys) -> None:
    measured(store, model="middle", model_id="m-1", task="limericks", quality_n=90, quality_mean=0.9)
    assert "a step would get middle" in ranked(capsys, "--for", "limericks")


def test_each_line_fits_a_narrow_terminal(store, capsys) -> None:
    out = ranked(capsys, "--for", "analysis", "--with", "strong", "--quality", "0.9")
    table = out.split("\n\n")[1]
    assert max(len(line.rstrip()) for line in table.splitlines()) <= 110


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--for", "analisys"], "no model has a strength 'analisys'; known tasks: analysis, writing; did you mean 'analysis'?"),
        (["--for", "law"], "known tasks: analysis, writing; a strength of that name makes it one"),
        (["--for", "analysis", "--with", "strang"], "model 'strang' is not in the catalog; did you mean 'strong'?"),
        (["--quality", "0.5"], "--quality: this says what a task needs of a model; add --for TASK"),
        (["--with", "strong"], "--with: this says what a task needs of a model; add --for TASK"),
    ],
)  # fmt: skip
def test_a_need_that_cannot_be_is_refused_with_what_to_do(store, capsys, options, said) -> None:
    assert main(["models", *options]) == 2
    assert said in capsys.readouterr().err


def test_without_a_task_the_models_are_listed_with_family_and_window(store, capsys) -> None:
    out = ranked(capsys)
    assert "100,000" in line_of(out, "strong")
    assert "not known" in line_of(out, "distant")
