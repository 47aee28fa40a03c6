"""Recorded answers over real sockets: who asks as it was asked gets what was answered, and nobody gets anything else."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deployments.recordings.recorded import Recordings
from deployments.recordings.recorded_columns import mapping_in
from deployments.recordings.recorded_files import recorded_calls
from deployments.recordings.replaying import open_replay
from deployments.simulator.asked import Asked
from deployments.simulator.running import RunningSimulator
from tasks.calling.wire import WIRES
from tasks.calling.wire_parts import JSON_ONLY
from tasks.storing.errors import UserError
from tests.bench.mmlu_pro_replay import replayable
from tests.simulator.conftest import Client, text_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OUTCOMES = next(filter(Path.exists, (each / "shared/data/outcomes" for each in Path(__file__).parents)), None)
APIS = ("openai", "anthropic", "gemini")
# A recorded set as benchmarks publish them.
SET: list[dict[str, Any]] = [
    {"prompt": "What is  2 + 2?", "model": "org/strong", "answer": "4", "tok_in": 9, "tok_out": 1, "cost_usd": 0.5},
    {"prompt": "What is  2 + 2?", "model": "weak", "answer": "5", "tok_in": 8, "tok_out": 1, "cost_usd": 0.1},
]  # fmt: skip


def table(path: Path, rows: list[dict[str, Any]]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return str(path)


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[Callable[..., Client]]:
    """Serves rows, or the places given; all stop with the test."""
    started: list[Client] = []

    def run(
        rows: list[dict[str, Any]] | None = None,
        *places: str,
        columns: str = "",
        speed: float | None = None,
    ) -> Client:
        places = places or (table(tmp_path / "set.parquet", rows or SET),)
        client = Client(RunningSimulator(replay=open_replay(places, columns, speed)).__enter__())
        started.append(client)
        return client

    yield run
    for client in started:
        client.http.close()
        client.simulator.__exit__(None, None, None)


@pytest.mark.parametrize("api", APIS)
def test_a_recorded_answer_is_served_as_recorded_in_every_format(replay: Callable[..., Client], api: str):
    client = replay()
    response = client.send(api, "What is  2 + 2?", model="org%2Fstrong" if api == "gemini" else "org/strong")
    body = response.json()
    assert (response.status_code, text_in(api, body), body["simulated"]) == (200, "4", True)
    usage = body["usageMetadata"] if api == "gemini" else body["usage"]
    assert {9, 1} <= {count for count in usage.values() if isinstance(count, int)}
    assert client.simulator.stats()["usd"] == 0.5


@pytest.mark.parametrize("api", APIS)
def test_what_is_not_recorded_is_an_honest_404_that_fails_the_row_and_asks_no_other_model(
    replay: Callable[..., Client], api: str
):
    client = replay()
    for model, prompt, said in (
        ("weak", "What is 3 + 3?", "Nothing is recorded for the model 'weak' and this prompt."),
        ("other", "What is  2 + 2?", "Nothing is recorded for the model 'other' and any prompt."),
    ):
        response = client.send(api, prompt, model=model)
        error = response.json()["error"]
        assert (response.status_code, error["message"], response.json()["simulated"]) == (404, said, True)
        failure = WIRES[api].failure(404, response.headers, response.content)
        assert (failure.kind, failure.error_kind) == ("row_fails", "not_recorded")
    counted = client.simulator.stats()["replay"]
    assert (counted["served"], counted["not_recorded_by_model"]) == (0, {"weak": 1, "other": 1})


def test_white_space_and_a_system_text_do_not_hide_a_recorded_prompt(replay: Callable[..., Client]):
    client = replay()
    assert client.text("What is 2 +\n2? ", model="weak") == "5"
    system = {"role": "system", "content": "You are careful."}
    user = {"role": "user", "content": "What is 2 + 2?"}
    assert client.text("", model="weak", messages=[system, user]) == "5"
    turns = [user, {"role": "assistant", "content": "5"}, user]
    assert client.send("openai", "", model="weak", messages=turns).status_code == 404
    around = {"role": "user", "content": "Think. What is 2 + 2?"}
    assert client.send("openai", "", model="weak", messages=[around]).status_code == 404


def test_the_prompt_with_the_very_same_white_space_comes_first(replay: Callable[..., Client]):
    rows = [{"prompt": text, "model": "m", "response": repr(text)} for text in ("if x:\n  y", "if x:\n y")]
    client = replay(rows)
    assert [client.text(row["prompt"]) for row in rows] == [row["response"] for row in rows]
    assert client.text("if x: y") == rows[0]["response"]


def test_the_nth_time_gets_the_nth_sample_and_then_the_first_again(replay: Callable[..., Client]):
    rows = [{"question": "q", "model": "m", "output": f"s{n}", "sample": n} for n in (2, 0, 1)]
    client = replay(rows)
    assert [client.text("q") for _ in range(4)] == ["s0", "s1", "s2", "s0"]
    assert client.simulator.stats()["replay"]["again"] == 1
    client.simulator.reset()
    assert client.text("q") == "s0"


def test_equal_requests_at_once_share_out_the_samples(replay: Callable[..., Client]):
    client = replay([{"question": "q", "model": "m", "output": f"s{n}", "sample": n} for n in range(10)])
    with ThreadPoolExecutor(8) as pool:
        found = Counter(pool.map(lambda _: client.text("q"), range(20)))
    assert found == Counter({f"s{n}": 2 for n in range(10)})


def test_where_json_is_wanted_the_answer_comes_with_its_recorded_confidence(replay: Callable[..., Client]):
    rows = [
        {"prompt": "q json", "model": "m", "answer": "A", "logprob_conf": -0.6931471805599453},
        {"prompt": "o json", "model": "m", "answer": '{"content": "B"}', "logprob_conf": float("-inf")},
    ]
    client = replay(rows)
    anything = {"response_format": {"type": "json_object"}}
    assert client.text("q json", **anything) == '{"content":"A","confidence":0.5}'
    assert client.text("o json", **anything) == '{"content": "B"}'
    assert client.text("q json") == "A"

    def shaped(*names: str) -> str:
        schema = {"type": "object", "properties": {name: {} for name in names}}
        wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
        return client.text("q json", response_format=wanted)

    assert shaped("answer", "confidence") == '{"answer":"A","confidence":0.5}'
    assert shaped("content") == '{"content":"A"}'
    assert shaped("score") == "A"


def test_a_forced_tool_gets_the_recorded_text(replay: Callable[..., Client]):
    tool = {"name": "reply", "input_schema": {"type": "object", "properties": {"content": {}}}}
    forced = {"tools": [tool], "tool_choice": {"type": "tool", "name": "reply"}}
    response = replay().send("anthropic", "What is 2 + 2?", model="weak", **forced)
    assert text_in("anthropic", response.json()) == '{"content":"5"}'


def test_rows_without_success_or_text_are_left_out(replay: Callable[..., Client], tmp_path: Path):
    rows = [
        {"prompt": "q", "model": "name", "model_id": "id", "response": "yes", "status": "ok", "finish_reason": "length"},
        {"prompt": "q", "model": "name", "model_id": "id", "response": "no", "status": "failed", "finish_reason": None},
        {"prompt": None, "model": "name", "model_id": "id", "response": None, "status": "ok", "finish_reason": "stop"},
        {"prompt": "q", "model": "name", "model_id": None, "response": "old", "status": "ok", "finish_reason": "stop"},
    ]  # fmt: skip
    path = table(tmp_path / "calls.parquet", rows)
    recordings = Recordings(recorded_calls([path], {}))
    assert (recordings.answers, recordings.left_out, recordings.models) == (2, 2, ["id", "name"])
    client = replay(None, path)
    body = client.send("openai", "q", model="id").json()["choices"][0]
    assert (body["message"]["content"], body["finish_reason"]) == ("yes", "length")
    assert [client.text("q", model=each) for each in ("id", "name")] == ["yes", "old"]


def test_messages_as_the_calls_table_writes_them_are_found_whatever_the_wire_makes_of_them(
    replay: Callable[..., Client],
):
    written = "[system]\nBe brief.\n\n[system]\nAnd kind.\n\n[user]\nHello"
    client = replay([{"prompt": written, "model": "m", "response": "Hi"}])
    brief, kind, hello = (("system", "Be brief."), ("system", "And kind."), ("user", "Hello"))
    wants_json = ("system", JSON_ONLY)
    for messages in ((brief, kind, hello), (brief, kind, wants_json, hello)):
        said = [{"role": role, "content": text} for role, text in messages]
        assert client.text("", messages=said) == "Hi"
    system = {"parts": [{"text": "Be brief.\n\nAnd kind."}]}
    assert client.text("Hello", "gemini", systemInstruction=system) == "Hi"
    blocks = [{"type": "text", "text": text} for text in ("Be brief.", "\n\nAnd kind.", f"\n\n{JSON_ONLY}")]
    assert client.text("Hello", "anthropic", system=blocks) == "Hi"
    assert client.send("openai", "Hello").status_code == 404


def test_names_that_do_not_tell_are_mapped_and_columns_joined(replay: Callable[..., Client]):
    rows = [{"ask": "q", "model": "m", "style": style, "said": style} for style in ("cot", "pot")]
    client = replay(rows, columns="prompt=ask, response=said, model=model+style")
    assert [client.text("q", model=f"m/{style}") for style in ("cot", "pot")] == ["cot", "pot"]


def test_models_side_by_side_are_one_set_each(replay: Callable[..., Client]):
    row = {"question": "q", "strong_model": "s", "strong_response": "yes", "weak_model": "w", "weak_response": "no"}  # fmt: skip
    client = replay([row, {**row, "question": "o", "weak_response": None}])
    assert [client.text("q", model=each) for each in ("s", "w")] == ["yes", "no"]
    assert client.send("openai", "o", model="w").status_code == 404


def test_folders_and_several_files_are_read_together(replay: Callable[..., Client], tmp_path: Path):
    row = {"prompt": "q", "model": "m", "response": "first", "sample": 0}
    table(tmp_path / "store" / "calls" / "run_date=2026-01-01" / "a-1.parquet", [row])
    table(tmp_path / "store" / "outputs" / "run_date=2026-01-01" / "a-1.parquet", [{"content": "no call"}])
    other = table(tmp_path / "more.parquet", [{**row, "response": "second", "sample": 1}])
    client = replay(None, str(tmp_path / "store"), other)
    assert [client.text("q"), client.text("q")] == ["first", "second"]
    partition = tmp_path / "store" / "calls" / "run_date=2026-01-01"
    assert replay(None, str(partition)).text("q") == "first"


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        ([{"question_id": 1, "model": "m", "pred": "A"}], "", "no column for prompt or response"),
        ([{"prompt": "q", "model": "m", "response": "a"}], "prompt=promt", "no column 'promt' for prompt; did you"),
        ([{"prompt": "q", "model": "m", "response": "a"}], "promt=prompt", "no part 'promt'; did you mean 'prompt'"),
        ([{"prompt": "q", "model": "m", "response": "a"}], "prompt", "'prompt' names no column"),
        ([{"prompt": "q", "model": "m", "response": "a", "tok_in": "many"}], "", "'tok_in' cannot be read as tokens_in"),
        ([{"prompt": "q", "model": "m", "response": "a", "status": "failed"}], "", "of 1 rows none has"),
    ],
)  # fmt: skip
def test_what_is_no_recording_is_refused_with_what_to_do(
    tmp_path: Path, rows: list[dict[str, Any]], columns: str, said: str
):
    path = table(tmp_path / "set.parquet", rows)
    with pytest.raises(UserError, match=said):
        Recordings(recorded_calls([path], mapping_in(columns)))


def test_no_file_and_no_parquet_are_refused(tmp_path: Path):
    (tmp_path / "a.csv").write_text("prompt,model,response\n")
    (tmp_path / "b.parquet").write_text("not Parquet")
    for name, said in (
        ("a.csv", "not a Parquet file"),
        ("none", "no Parquet file"),
        ("b.parquet", "as Parquet"),
    ):
        with pytest.raises(UserError, match=said):
            Recordings(recorded_calls([str(tmp_path / name)], {}))


def test_the_recorded_time_is_waited_for_only_at_a_given_speed(tmp_path: Path):
    rows = [{"prompt": "q", "model": "m", "response": "a", "latency_ms": 3000.0}]
    path = table(tmp_path / "set.parquet", rows)
    asked = Asked("openai", "m", (("user", "q"),), None, "text")
    waited = [
        answer.seconds
        for speed in (None, 1.0, 2.0)
        if (answer := open_replay([path], "", speed).answer(asked))
    ]
    assert waited == [0.0, 3.0, 1.5]


def test_mmlu_pro_is_made_replayable(replay: Callable[..., Client], tmp_path: Path):
    question = {"question_id": 7, "question": " Two and two? ", "options_json": '["3", "4"]', "answer": "B"}
    table(tmp_path / "mmlu_pro_questions.parquet", [{**question, "category": "math"}])
    preds = [{"question_id": 7, "model": model, "pred": pred} for model, pred in (("m", "B"), ("n", None))]
    table(tmp_path / "mmlu_pro_preds.parquet", preds)
    assert replayable(tmp_path, tmp_path / "out") == (1, 1)
    (request,) = pq.read_table(tmp_path / "out" / "requests.parquet").to_pylist()
    client = replay(None, str(tmp_path / "out" / "recorded.parquet"))
    assert client.text(request["prompt"]) == "B" == request["answer"]


@pytest.mark.skipif(OUTCOMES is None, reason="the recorded benchmarks are not here")
def test_every_answer_of_a_recorded_benchmark_is_found(replay: Callable[..., Client]):
    path = OUTCOMES / "chains.parquet"
    client = replay(None, str(path))
    rows = pq.read_table(path).slice(0, 40000).to_pylist()[::500]
    for row in rows:
        body = client.send("openai", row["prompt"], model=row["model"]).json()
        assert body["choices"][0]["message"]["content"] == row["answer"]
        assert body["usage"]["prompt_tokens"] == row["tok_in"]
    assert client.simulator.stats()["usd"] == pytest.approx(sum(row["cost_usd"] for row in rows))
