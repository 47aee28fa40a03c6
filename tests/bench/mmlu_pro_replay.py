"""MMLU-Pro as recorded calls: `python -m tests.bench.mmlu_pro_replay DATA OUT`.

The set holds the letter that each model came to and not its text, and questions without a prompt: both are joined here.
OUT gets `recorded.parquet` for `nightpress simulate --replay` and `requests.parquet` for `nightpress run`, of which a recipe
asks `{{ request.prompt }}` and nothing else. Where no letter was found in a model's text, nothing is recorded.
"""

from __future__ import annotations

import sys
from pathlib import Path
from string import ascii_uppercase

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

ASK = "Answer the multiple-choice question with the letter of the right option alone."


def prompt_of(question: str, options: list[str]) -> str:
    """The question as it is asked."""
    lettered = "\n".join(
        f"{letter}. {option}" for letter, option in zip(ascii_uppercase, options, strict=False)
    )
    return f"{ASK}\n\n{question.strip()}\n{lettered}"


def replayable(data: Path, out: Path) -> tuple[int, int]:
    """Write both tables; how many answers and how many requests they hold."""
    questions = pq.read_table(data / "mmlu_pro_questions.parquet").to_pylist()
    prompts = {
        row["question_id"]: prompt_of(row["question"], orjson.loads(row["options_json"])) for row in questions
    }
    preds = pq.read_table(
        data / "mmlu_pro_preds.parquet", columns=["question_id", "model", "pred"]
    ).to_pylist()
    recorded = [
        {"model": row["model"], "prompt": prompts[row["question_id"]], "response": row["pred"]}
        for row in preds
        if row["pred"] is not None and row["question_id"] in prompts
    ]
    requests = [
        {
            "request_id": str(row["question_id"]),
            "prompt": prompts[row["question_id"]],
            "category": row["category"],
            "answer": row["answer"],
        }
        for row in questions
    ]
    out.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(recorded), out / "recorded.parquet")
    pq.write_table(pa.Table.from_pylist(requests), out / "requests.parquet")
    return len(recorded), len(requests)


if __name__ == "__main__":
    answers, rows = replayable(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write(f"{answers:,} recorded answers, {rows:,} requests\n")
