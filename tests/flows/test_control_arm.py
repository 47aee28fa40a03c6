"""A share of the requests worked by one model alone, and both texts judged blind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flow_rig import TOPICS

from deployments.simulator.config import Fault, Profile, SimulatedPrice

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from flow_rig import FlowRig

RECIPE = """
recipe: short
about: A text for {curly} readers
request: {topic: {type: str}}
quality: {judges: [judge, other], criteria: [accuracy, tone]}
baseline: {model: zeta, share: 0.5}
make:
  pipeline:
    - name: outline
      ask: {model: omega, max_tokens: 200, prompt: "Outline {{ request.topic }}"}
    - name: draft
      ask: {model: omega, max_tokens: 600, prompt: "Write 100 words about {{ request.topic }} from {{ outline }}"}
"""
MODELS = """
providers:
  sim: {{api: openai, base_url: "{url}"}}
models:
  omega: {{provider: sim, id: omega, family: a, price: {{input: 10, output: 20}}}}
  zeta: {{provider: sim, id: zeta, family: b, price: {{input: 1, output: 2}}, fallback: [omega]}}
  judge: {{provider: sim, id: judge, family: c, price: {{input: 1, output: 2}}}}
  other: {{provider: sim, id: other, family: d, price: {{input: 1, output: 2}}}}
"""
SKILLS = {"omega": 0.95, "zeta": 0.3, "judge": 0.9, "other": 0.8}


def profiles() -> dict[str, Profile]:
    price = SimulatedPrice(input=1, output=2)
    return {name: Profile(price=price, words=100, skill={"default": skill}) for name, skill in SKILLS.items()}


@pytest.fixture
def compared(rig: Callable[..., FlowRig]) -> Callable[..., FlowRig]:
    def make(recipe: str = RECIPE, **config: object) -> FlowRig:
        night = rig(models=profiles(), overhead_text=True, **config)
        night.table(TOPICS)
        (night.folder / "short.yaml").write_text(recipe)
        (night.folder / "models.yaml").write_text(MODELS.format(url=night.simulator.openai_url))
        return night

    return make


def arm(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table[table["arm"] == name]


def test_a_share_of_the_requests_is_worked_by_one_call_of_one_model_too(compared) -> None:
    night = compared()
    assert night.night().is_completed()
    outputs, calls = night.read("outputs"), night.read("calls")
    made, control = arm(outputs, "made"), arm(outputs, "baseline")
    assert len(made) == len(TOPICS)
    assert len(control) == len(TOPICS) / 2
    assert set(control["request_id"]) < set(made["request_id"])
    assert set(control["pattern"]) == {"ask"}
    assert set(control["status"]) == {"made"}
    asked = arm(calls, "baseline")
    assert list(asked["step"].unique()) == ["@baseline"]
    assert set(asked["model"]) == {"zeta"}
    assert asked["prompt"].str.contains("A text for {curly} readers", regex=False).all()
    assert night.manifest()["rows"]["made"] == len(TOPICS)


def test_both_texts_are_judged_one_at_a_time_by_the_same_judges(compared) -> None:
    night = compared()
    night.night()
    scores, outputs = night.read("scores"), night.read("outputs")
    final = scores[scores["step"] == "@final"]
    seen = final.groupby(["request_id", "arm"])["judge"].apply(lambda judges: tuple(sorted(set(judges))))
    assert set(seen) == {("judge", "other")}
    assert len(seen) == len(TOPICS)  # half of them, in two arms
    assert set(final["criterion"]) == {"accuracy", "tone"}
    means = final.groupby(["request_id", "arm"])["score"].mean()
    for (request_id, name), mean in means.items():
        row = arm(outputs, name).set_index("request_id").loc[request_id]
        assert row["quality"] == pytest.approx(mean)
    judged = arm(outputs, "made").set_index("request_id")["quality"].dropna()
    assert set(judged.index) == set(arm(outputs, "baseline")["request_id"])
    assert judged.mean() > arm(outputs, "baseline")["quality"].mean() + 0.05


def test_no_judge_is_told_who_wrote_a_text_or_in_which_arm(compared) -> None:
    night = compared()
    night.night()
    calls = night.read("calls")
    proof = arm(calls, "proof")
    assert set(proof["step"]) == {"@final", "@pair"}
    for word in ("baseline", "zeta", "omega", "control arm"):
        assert not proof["prompt"].str.contains(rf"\b{word}\b", case=False).any(), word


def test_pairs_are_shown_in_both_orders_to_each_judge(compared) -> None:
    night = compared()
    night.night()
    scores = night.read("scores")
    pairs = scores[scores["step"] == "@pair"]
    assert set(pairs.groupby(["request_id", "judge"])["round"].apply(lambda each: tuple(sorted(each)))) == {
        (1, 2)
    }
    assert pairs["score"].isin([0.0, 0.5, 1.0]).all()
    assert pairs["score"].mean() > 0.8
    calls = night.read("calls")
    shown = calls[(calls["step"] == "@pair") & (calls["model"] == "judge")]
    one = shown[shown["request_id"] == shown["request_id"].iloc[0]].sort_values("round")["prompt"].to_list()
    first, second = (prompt.split("<first>\n")[1].split("\n</first>")[0] for prompt in one)
    assert first != second
    assert f"<second>\n{second}\n</second>" in one[0]


def test_what_it_costs_to_prove_is_in_no_arm_of_the_outputs(compared) -> None:
    night = compared()
    night.night()
    outputs, calls = night.read("outputs"), night.read("calls")
    for name in ("made", "baseline"):
        assert arm(outputs, name)["usd"].sum() == pytest.approx(arm(calls, name)["usd"].sum())
    assert calls["usd"].sum() == pytest.approx(night.manifest()["usd"]["spent"])


def test_a_night_done_again_pays_nothing_and_compares_the_same_requests(compared) -> None:
    night = compared()
    night.night()
    before = night.read("outputs")
    sent = night.sent
    night.night(run="again")
    assert night.sent == sent
    night.night(replace=True)
    assert night.sent == sent
    after = night.read("outputs")
    same = after[after["run"] == "night"]
    assert sorted(arm(before, "baseline")["request_id"]) == sorted(arm(same, "baseline")["request_id"])


def test_a_control_row_whose_model_is_away_is_left_out_and_costs_no_row(compared) -> None:
    night = compared(faults=[Fault(kind="model_missing", model="zeta")])
    assert night.night().is_completed()
    outputs = night.read("outputs")
    assert set(outputs["arm"]) == {"made"}
    assert night.manifest()["not_compared"] == {"model_missing": len(TOPICS) / 2}
    assert set(night.read("calls")["model"]) - {"zeta"} == {"omega", "judge", "other"}
    assert night.manifest()["uplift"] is None


def test_a_control_row_that_was_never_asked_is_not_held_against_its_model(compared) -> None:
    """Its limit is below one call of it: that says nothing of what it would have written."""
    dear = RECIPE.replace("baseline: {model: zeta, share: 0.5}", "baseline: {model: omega, share: 1.0}")
    cheap = dear.replace("model: omega, max_tokens", "model: zeta, max_tokens")
    night = compared(cheap + "budget: {usd_per_request: 0.004}\n")
    night.night()
    manifest = night.manifest()
    assert manifest["rows"]["made"] == len(TOPICS)
    assert manifest["not_compared"] == {"over_row_budget": len(TOPICS)}
    assert manifest["uplift"] is None


def test_nobody_stands_in_for_the_baseline_and_nothing_is_paid_for_who_would(compared) -> None:
    night = compared(faults=[Fault(kind="server_error", model="zeta")])
    night.night()
    calls = night.read("calls")
    assert set(arm(calls, "baseline")["model"]) <= {"zeta"}
    assert arm(calls, "baseline")["usd"].fillna(0).sum() == 0


def test_a_judge_that_cannot_score_one_of_the_texts_counts_for_none(compared) -> None:
    night = compared(faults=[Fault(kind="bad_request", model="other", share=0.5)])
    night.night()
    scores = night.read("scores")
    final = scores[scores["step"] == "@final"]
    both = final.groupby(["request_id", "judge"])["arm"].nunique()
    assert (both == 2).all()
    assert set(final["judge"]) >= {"judge"}


def test_a_row_done_again_has_its_control_row_once(compared) -> None:
    faults = [Fault(kind="server_error", model="omega", prompt="topic [0-3]$", first=40)]
    night = compared(RECIPE.replace("share: 0.5", "share: 1.0"), faults=faults)
    night.night()
    night.night()
    outputs = night.read("outputs")
    control = arm(outputs, "baseline")
    assert control["request_id"].is_unique
    assert set(control["request_id"]) == set(TOPICS)
    scores = night.read("scores")
    final = scores[scores["step"] == "@final"]
    assert not final.duplicated(["request_id", "arm", "judge", "criterion"]).any()


def test_a_baseline_given_on_the_command_line_takes_the_place_of_the_recipes(compared) -> None:
    night = compared()
    night.night(baseline="omega:1.0")
    control = arm(night.read("outputs"), "baseline")
    assert len(control) == len(TOPICS)
    assert set(control["models"].apply(tuple)) == {("omega",)}


def test_a_baseline_that_says_no_share_is_a_mistake_with_a_hint(compared) -> None:
    state = compared().night(baseline="omega")
    assert state.is_failed()
    assert "names no share" in state.message
    assert "gpt-4:0.1" in state.message


def test_rows_come_before_what_proves_them_where_the_money_does_not_reach_for_both(
    compared, small_shards: None
) -> None:
    plain = compared(RECIPE.replace("baseline: {model: zeta, share: 0.5}\n", ""))
    plain.night()
    alone = plain.manifest()["usd"]["spent"]
    (plain.folder / "short.yaml").write_text(RECIPE)
    plain.night(run="tight", budget=1.1 * alone, fresh=True)
    manifest = plain.manifest("tight")
    assert manifest["rows"]["made"] == len(TOPICS)
    assert manifest["usd"]["spent"] <= 1.1 * alone
    assert sum(manifest["not_compared"].values()) > 0
