"""`nightpress check` tells what a request may come to and what is remarkable, with file and line, and stays green."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployments.cli.main import main

MODELS = str(Path(__file__).parents[2] / "deployments" / "demo" / "models.yaml")
TWO_STEPS = """\
recipe: r
request:
  topic: {type: str}
budget: {usd_per_request: 1}
make:
  pipeline:
    - name: outline
      ask: {model: claude, prompt: "{{ request.topic }}"}
    - name: draft
      when: 1 > 2
      ask: {model: claude, prompt: "{{ outline }}"}
      checks: [{min_words: 3}]
"""


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("NIGHTPRESS_STORE", "NIGHTPRESS_MODELS", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)


def checked(text, capsys, models=MODELS):
    Path("r.yaml").write_text(text)
    assert main(["check", "./r.yaml", "--models", models]) == 0
    return capsys.readouterr().out.splitlines()


def test_a_remark_has_its_file_and_line_and_leaves_the_exit_code_alone(capsys):
    lines = checked(TWO_STEPS, capsys)
    said = "r.yaml:10: unreachable: this step never runs: 'when: 1 > 2' is false for every request"
    assert f"{said}; correct the condition, or take it out" in lines
    assert lines[-1] == "lint     1 remark, none of which stops a run"


def test_a_sound_recipe_has_no_remarks(capsys):
    lines = checked(TWO_STEPS.replace("1 > 2", "request.topic"), capsys)
    assert lines[-1] == "lint     nothing remarkable"
    assert [line for line in lines if line.startswith("r.yaml")] == []


def test_the_calls_of_a_request_are_told_after_the_models(capsys):
    lines = checked(TWO_STEPS.replace("1 > 2", "request.topic"), capsys)
    kinds = [line.split()[0] for line in lines]
    assert kinds == ["recipe", "model", "model", "calls", "lint"]
    told = r"calls    1 to 3 per request, at most 3 after one another; worst case \$0\.1\d"
    assert re.fullmatch(told, lines[3])


def test_with_a_table_the_worst_case_is_that_of_its_largest_row_alone(capsys):
    Path("r.yaml").write_text(TWO_STEPS.replace("1 > 2", "request.topic"))
    Path("t.csv").write_text("topic\ntides\n")
    assert main(["check", "./r.yaml", "--models", MODELS, "--requests", "t.csv"]) == 0
    out = capsys.readouterr().out
    assert "calls    1 to 3 per request, at most 3 after one another\n" in out
    assert "row, worst" in out
    assert "worst case" not in out


def test_it_says_how_many_pairs_a_share_gives_and_how_many_it_takes(capsys):
    recipe = TWO_STEPS.replace("1 > 2", "request.topic").replace(
        "make:", "baseline: {model: claude, share: 0.1}\nmake:"
    )
    Path("r.yaml").write_text(recipe)
    Path("t.csv").write_text("topic\n" + "".join(f"tide {number}\n" for number in range(64)))
    assert main(["check", "./r.yaml", "--models", MODELS, "--requests", "t.csv"]) == 0
    out = capsys.readouterr().out
    assert (
        "pairs    about 6 a night with claude; a verdict takes 10 at least, and to show a gain of 0.05 usually about 86\n"
        in out
    )
    assert "the last 30 nights together" in out
    Path("t.csv").write_text("topic\n" + "".join(f"tide {number}\n" for number in range(900)))
    assert main(["check", "./r.yaml", "--models", MODELS, "--requests", "t.csv"]) == 0
    assert "the last 30 nights together" not in capsys.readouterr().out


def test_one_and_the_same_number_is_told_once(capsys):
    lines = checked(
        "recipe: r\nrequest: {t: {}}\nmake: {ask: {model: claude, prompt: '{{ request.t }}'}}\n", capsys
    )
    assert any(line.startswith("calls    1 per request, at most 1 after one another") for line in lines)


def test_an_unknown_price_makes_the_worst_case_unknown(tmp_path, capsys):
    models = tmp_path / "m.yaml"
    models.write_text(
        'providers: {p: {api: openai, base_url: "http://127.0.0.1:9/v1"}}\nmodels: {claude: {provider: p, id: x}}\n'
    )
    lines = checked(TWO_STEPS, capsys, str(models))
    assert any(line.endswith("worst case not known") for line in lines)
    assert any(
        line.startswith("r.yaml:4: cost: there is a budget, but no price is known for claude")
        for line in lines
    )


def test_the_judge_that_nobody_named_is_among_the_models(capsys):
    text = "recipe: r\nrequest: {t: {}}\nmake: {repeat: {body: {ask: {model: claude, prompt: '{{ request.t }}'}}}}\n"
    assert any(line.endswith("(judge by default)") for line in checked(text, capsys))


def test_remarks_come_in_the_order_of_the_file(capsys):
    assert main(["check", "technical-blog", "--models", MODELS]) == 0
    said = capsys.readouterr().out
    lines = [int(each) for each in re.findall(r"^technical-blog\.yaml:(\d+): \w+: ", said, re.MULTILINE)]
    assert len(lines) > 1
    assert lines == sorted(lines)
    assert f"lint     {len(lines)} remarks, none of which stops a run" in said


def test_what_looks_like_markup_in_a_recipe_is_printed_as_it_stands(capsys):
    lines = checked(TWO_STEPS.replace("1 > 2", "\"'[red]' == ''\""), capsys)
    assert any("'when: '[red]' == ''' is false" in line for line in lines)


def test_a_published_recipe_is_remarked_on_at_its_place_in_the_store(capsys):
    Path("r.yaml").write_text(TWO_STEPS)
    assert main(["recipes", "publish", "r.yaml", "--store", "store"]) == 0
    assert main(["check", "r", "--store", "store", "--models", MODELS]) == 0
    assert "/store/_recipes/r.yaml:10: unreachable" in capsys.readouterr().out


def test_an_unknown_model_is_an_error_with_its_line(capsys):
    Path("r.yaml").write_text(
        TWO_STEPS.replace('model: claude, prompt: "{{ outline', 'model: claud, prompt: "{{ outline')
    )
    assert main(["check", "./r.yaml", "--models", MODELS]) == 2
    assert "r.yaml:11: model 'claud' is not in the catalog; did you mean 'claude'?" in capsys.readouterr().err


def test_a_need_is_shown_with_the_models_that_it_would_come_to(tmp_path, capsys):
    (tmp_path / "n.yaml").write_text(
        "recipe: n\nrequest: {t: {}}\nmake: {ask: {model: {for: analysis, quality: 0.8}, prompt: '{{ request.t }}'}}\n"
    )
    assert main(["check", str(tmp_path / "n.yaml"), "--models", MODELS, "--store", str(tmp_path / "s")]) == 0
    assert "need     analysis at make.ask.model: " in capsys.readouterr().out
