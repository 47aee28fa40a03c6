"""The sets on recordings that are made up: nothing is fitted on what is scored, and other files of the columns will do."""

from __future__ import annotations

from random import Random

import numpy as np
import pandas as pd
import pytest

from tasks.choosing.gain import Example
from tests.outcomes.data import Data, folds
from tests.outcomes.judges import of_pairs, of_scores
from tests.outcomes.routing import crossed, results

WORDS = [f"word{number}" for number in range(300)]


def test_a_router_is_never_learnt_from_the_part_that_it_scores():
    random = Random(1)
    examples = [
        Example(f"{' '.join(random.choices(WORDS, k=8))} {place}", random.choice((0.0, 1.0)))
        for place in range(60)
    ]
    parts = folds(each.text for each in examples)
    part_of = {each.text: int(part) for each, part in zip(examples, parts, strict=True)}
    shown = []

    def seen(rows: list[Example]) -> list[Example]:
        shown.append({part_of[each.text] for each in rows})
        return rows

    crossed(examples, parts, seen)
    assert shown == [set(range(5)) - {part} for part in range(5)]


def routellm(folder) -> Data:
    random, rows = Random(2), []
    for benchmark, number in (("mmlu", 120), ("gsm8k", 60)):
        for place in range(number):
            is_hard = random.random() < 0.5
            rows.append(
                {
                    "benchmark": benchmark,
                    "domain": f"d{place % 8}" if benchmark == "mmlu" else benchmark,
                    "question": f"{'not than each ' * 5 if is_hard else ''}{' '.join(random.choices(WORDS, k=6))} {place}?",
                    "correct_strong": True,
                    "correct_weak": not is_hard,
                    "contaminated": place == 0,
                    "strong_response": None,
                    "weak_response": "so it is 4" if benchmark == "gsm8k" else None,
                }
            )
    pd.DataFrame(rows).to_parquet(folder / "routellm.parquet")
    return Data(folder)


def test_every_case_of_routing_has_its_lines_and_contaminated_questions_none(tmp_path):
    found = {(each.data, each.method, each.metric): each for each in results(routellm(tmp_path))}
    methods = {(data, method) for data, method, _ in found}
    assert {
        ("RouteLLM, MMLU", "cold start: complexity, no label"),
        ("RouteLLM, MMLU", "learnt on the other benchmark"),
        ("RouteLLM, MMLU", "subjects left out"),
        ("RouteLLM, GSM8K", "all labels"),
        ("RouteLLM, GSM8K", "cascade: the weak answer seen"),
    } <= methods
    assert ("RouteLLM, MMLU", "cascade: the weak answer seen") not in methods
    cold = found["RouteLLM, MMLU", "cold start: complexity, no label", "APGR"]
    assert cold.n == 119
    assert cold.ours.mean == pytest.approx(cold.oracle.mean, abs=0.02)  # hard ones look hard, here
    assert {each.learnt for each in found.values() if "cold" in each.method} == {"nothing learnt"}


def judgebench(folder) -> Data:
    """`firm` is right in 80% and never flips; `shaky` flips in half of the pairs; three copies of a coin."""
    random, pairs, decisions = Random(3), [], []
    for number in range(200):
        label = random.choice(("A>B", "B>A"))
        pairs.append(
            {"pair_id": f"p{number}", "source": random.choice(("mmlu-pro-law", "livecodebench")), "question": "?",
             "response_model": "writer", "response_A": "a" * random.randint(1, 99), "response_B": "b" * 50, "label": label}
        )  # fmt: skip
        coin = random.choice(("A>B", "B>A"))
        for judge in ("firm", "shaky", "coin 1", "coin 2", "coin 3"):
            won = (
                label
                if judge == "firm" and random.random() < 0.8
                else other(label)
                if judge == "firm"
                else coin
            )
            flips = judge == "shaky" and random.random() < 0.5
            if judge == "shaky":
                won = label
            for turn in (0, 1):
                shown = "A>B" if flips else won if turn == 0 else other(won)
                decisions.append(
                    {"pair_id": f"p{number}", "judge_name": "x", "judge_model": judge, "order": turn, "decision": shown,
                     "judge_text": ""}
                )  # fmt: skip
    pd.DataFrame(pairs).to_parquet(folder / "judgebench_pairs.parquet")
    pd.DataFrame(decisions).to_parquet(folder / "judgebench_decisions.parquet")
    return Data(folder)


def other(label: str) -> str:
    return "B>A" if label == "A>B" else "A>B"


def test_flips_are_found_and_the_weighted_panel_beats_the_majority(tmp_path):
    found = {(each.method, each.metric): each for each in of_pairs(judgebench(tmp_path))}
    assert found["shaky: flips with the order", "share of pairs, less is better"].ours.mean == pytest.approx(
        0.5, abs=0.1
    )
    assert found["firm: flips with the order", "share of pairs, less is better"].ours.mean == 0
    metric = "accuracy, no preference: wrong"
    majority, weighted = found["majority of the judges", metric], found["weighted", metric]
    assert majority.ours.high < weighted.ours.low
    assert weighted.ours.mean > weighted.single.mean > 0.7


def test_scores_that_follow_length_are_corrected_on_other_questions(tmp_path):
    random, rows = Random(4), []
    for question in range(60):
        for model in "abcd":
            length = round(2 ** random.uniform(5, 11))
            rows.append(
                {"question_id": f"q{question}", "question": "?", "model": model, "answer": "", "judgment": "",
                 "score": np.log2(length) + random.gauss(0, 1), "blob": "", "n_chars": length, "latest": True}
            )  # fmt: skip
    rows.append({**rows[0], "latest": False, "score": 1e6})
    pd.DataFrame(rows).to_parquet(tmp_path / "arena_bench.parquet")
    found = {each.method: each for each in of_scores(Data(tmp_path))}
    assert found["score and length within questions, as given"].ours.low > 0.6
    assert abs(found["score and length within questions, corrected"].ours.mean) < 0.1
