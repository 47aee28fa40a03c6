"""Nights that route between two models: explored, learnt from, then routed in the wished share."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from deployments.cli.main import main
from tasks.landing.commit import Commit
from tasks.landing.gains import FOLDER, kept_routings
from tasks.landing.plan import read_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig

MODELS = """
providers:
  sim: {{api: openai, base_url: "{url}", concurrency: 50}}
models:
  cheap: {{provider: sim, id: cheap, family: w, price: {{input: 1, output: 2}}}}
  strong: {{provider: sim, id: strong, family: w, price: {{input: 100, output: 200}}}}
  critic: {{provider: sim, id: critic, family: c, price: {{input: 1, output: 1}}}}
"""
RECIPE = """
recipe: short
request: {{topic: {{type: str}}, note: {{type: str, default: "to be left aside"}}}}
quality: {{judge: critic, criteria: [accuracy]}}
explore: {explore}
make:
  pipeline:
    - name: draft
      ask: {{model: {{cascade: [cheap, strong], by: gain, share: {share}}}, max_tokens: 60, prompt: "On {{{{ request.topic }}}}"}}
"""
KINDS = ("proofs of theorems", "tides and winds, and of what else moves on a long day")


def says(model: str, prompt: str, answer: Any) -> dict[str, Any]:
    reply = {"text": answer} if isinstance(answer, str) else {"answer": answer}
    return {"model": model, "prompt": prompt, "replies": [reply]}


def score(value: float) -> dict[str, Any]:
    return {"scores": {"accuracy": {"reason": "So.", "score": value}}, "feedback": "More."}


SCRIPTS = [
    says("cheap", "proofs", "A weak text."), says("cheap", "tides", "A good text."), says("strong", "On", "A good text."),
    says("critic", "A weak text", score(0.1)), says("critic", "A good text", score(0.9)),
]  # fmt: skip


def prepared(rig: Callable[..., FlowRig]) -> FlowRig:
    night = rig(scripts=SCRIPTS)
    (night.folder / "models.yaml").write_text(MODELS.format(url=night.simulator.openai_url))
    return night


def working(
    night: FlowRig, count: int, *, explore: float, share: float, kinds: tuple[str, ...] = KINDS
) -> None:
    """So many requests of each kind in turn."""
    night.table({f"r{number}": f"{kinds[number % len(kinds)]}, case {number}" for number in range(count)})
    (night.folder / "short.yaml").write_text(RECIPE.format(explore=explore, share=share))


def by_model(night: FlowRig, run: str) -> dict[str, list[str]]:
    """Model → the topics that it wrote of in a run."""
    calls = night.read("calls")
    wrote = calls[(calls["run"] == run) & (calls["role"] != "judge")]
    kind = wrote["prompt"].map(lambda text: "proofs" if "proofs" in text else "tides")
    return {model: sorted(kind[wrote["model"] == model]) for model in sorted(set(wrote["model"]))}


def test_a_night_that_explores_teaches_the_next_which_requests_the_stronger_model_is_worth_its_price_for(
    rig: Callable[..., FlowRig],
) -> None:
    night = prepared(rig)
    working(night, 40, explore=1.0, share=0.0)
    assert night.night(run="first", run_date="2026-01-29").is_completed()
    assert by_model(night, "first") == {
        name: ["proofs"] * 20 + ["tides"] * 20 for name in ("cheap", "strong")
    }
    (learnt,) = kept_routings(night.store, "short")
    assert (learnt.step, learnt.cheap, learnt.strong, learnt.router.n) == ("draft", "cheap", "strong", 40)
    assert b"theorems" not in night.store.read(f"{FOLDER}/short.json")

    for run, share, strong in (("half", 0.5, {10}), ("fifth", 0.2, {2, 3, 4, 5, 6}), ("none", 0.0, {0})):
        working(night, 20, explore=0.0, share=share)
        assert night.night(run=run, run_date="2026-01-30", fresh=True).is_completed()
        wrote = by_model(night, run)
        sent = wrote.get("strong", [])
        assert set(sent) <= {"proofs"}, "these gain by it"
        assert len(sent) in strong, "of proofs that look alike a hash draws"
        assert len(wrote["cheap"]) == 20 - len(sent)
    plan = read_plan(night.store, "half")
    assert plan is not None
    assert [each["step"] for each in plan.estimates["routings"]] == ["draft"]


def test_before_anything_is_learnt_the_wished_share_goes_to_the_stronger_model_all_the_same(
    rig: Callable[..., FlowRig],
) -> None:
    night = prepared(rig)
    working(night, 30, explore=0.0, share=0.3)
    assert night.night().is_completed()
    wrote = by_model(night, "night")
    assert {model: len(topics) for model, topics in wrote.items()} == {"cheap": 21, "strong": 9}
    assert set(wrote["strong"]) == {"tides"}, "the longer ones"


def test_a_night_killed_before_its_commit_asks_nothing_anew_and_goes_the_same_way(
    rig: Callable[..., FlowRig], monkeypatch: pytest.MonkeyPatch
) -> None:
    night = prepared(rig)
    working(night, 30, explore=0.2, share=0.3)
    with monkeypatch.context() as broken:
        broken.setattr(Commit, "run", lambda _: (_ for _ in ()).throw(OSError("the store has gone away")))
        assert night.night().is_failed()
    sent = night.sent
    for path in night.store.list("_runs/night"):
        if "/shards/" in path:
            night.store.delete([path])
    assert night.night().is_completed()
    assert night.sent == sent


def test_the_share_can_be_fitted_to_what_a_night_explored(
    rig: Callable[..., FlowRig], capsys: pytest.CaptureFixture[str]
) -> None:
    night = prepared(rig)
    working(night, 60, explore=1.0, share=0.0)
    assert night.night(run_date=datetime.now().astimezone().date().isoformat()).is_completed()
    store = str(night.folder / "store")
    code = main(
        ["fit", "--gain", "--recipe", "short", "--step", "draft", "--quality", "0.8", "--store", store]
    )
    out = capsys.readouterr().out
    assert code == 0, out
    assert "60 requests that both cheap and strong answered" in out
    assert out.splitlines()[-1].startswith("model: {cascade: [cheap, strong], by: gain, share: 0.")
    wrong = main(
        ["fit", "--gain", "--recipe", "short", "--step", "drafts", "--quality", "0.8", "--store", store]
    )
    assert wrong == 2
    assert "did you mean 'draft'" in capsys.readouterr().err
