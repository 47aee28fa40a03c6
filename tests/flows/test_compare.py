"""One table worked by several recipes and single models, all judged alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flow_rig import TOPICS
from test_control_arm import MODELS, RECIPE, arm, profiles

from deployments.simulator.config import Fault
from flows.compare import compare
from tasks.landing.night_report import read_report
from tasks.landing.recipe_diagram import diagram
from tasks.landing.report_contents import headline, sheets

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_rig import FlowRig
    from prefect.client.schemas.objects import State

OTHER = """
recipe: plain
request: {topic: {type: str}}
make:
  pipeline:
    - name: draft
      ask: {model: zeta, max_tokens: 600, prompt: "Write 100 words about {{ request.topic }}"}
    - name: polish
      ask: {model: zeta, max_tokens: 600, prompt: "Polish:\n{{ draft }}"}
"""


@pytest.fixture
def between(rig: Callable[..., FlowRig]) -> Callable[..., tuple[FlowRig, Callable[..., State[object]]]]:
    def make(**config: object) -> tuple[FlowRig, Callable[..., State[object]]]:
        night = rig(models=profiles(), overhead_text=True, **config)
        night.table(TOPICS)
        (night.folder / "short.yaml").write_text(RECIPE)
        (night.folder / "plain.yaml").write_text(OTHER)
        (night.folder / "models.yaml").write_text(MODELS.format(url=night.simulator.openai_url))

        def run(**changes: object) -> State[object]:
            given = {**night.parameters(), "against": [str(night.folder / "plain.yaml"), "zeta"], **changes}
            state: State[object] = compare(**given, return_state=True)
            return state

        return night, run

    return make


def test_every_request_is_worked_in_every_arm_and_all_are_judged_alike(between) -> None:
    night, run = between()
    state = run()
    assert state.is_completed()
    for name, each in list(night.manifest()["arms"].items())[1:]:
        assert f"; against {name}: {each['made_over_it']['verdict']}, " in state.message
    outputs, scores = night.read("outputs"), night.read("scores")
    assert outputs["arm"].value_counts().to_dict() == {"made": 8, "plain": 8, "zeta": 8}
    assert outputs["quality"].notna().all()
    final = scores[scores["step"] == "@final"]
    assert set(final.groupby(["request_id", "arm"])["judge"].nunique()) == {2}
    assert set(scores["step"]) == {"@final", "@pair/plain", "@pair/zeta"}
    assert set(arm(outputs, "plain")["recipe"]) == {"plain"}
    assert night.manifest()["rows"]["made"] == 8


def test_steps_of_the_same_name_in_two_arms_are_not_taken_for_one_another(between) -> None:
    night, run = between()
    run()
    calls = night.read("calls")
    assert set(arm(calls, "plain")["step"]) == {"draft", "polish"}
    assert set(arm(calls, "plain")["model"]) == {"zeta"}
    assert set(arm(calls, "made")["model"]) == {"omega"}


def test_the_report_shows_the_recipe_with_its_own_calls_and_the_other_arms_apart(between) -> None:
    night, run = between()
    run()
    report = read_report(night.store)
    assert report.shape is not None
    drawn = diagram(report.shape, report.calls) or ""
    assert "omega" in drawn
    assert "zeta" not in drawn
    found = {each.title: each for each in sheets(report)}
    assert {row[2] for row in found["Spend by step"].rows} == {"omega"}
    assert {row[0] for row in found["Spend by model"].rows} == {"omega"}
    assert {row[0] for row in found["Spend on other arms and judging"].rows} == {"plain", "zeta", "judging"}
    assert "preference" not in {row[0] for row in found["Judged by criterion"].rows}
    own = night.manifest()["arms"]["made"]["usd_per_made"]
    assert dict(headline(report))["USD per made row"] == f"${own:.4f}"


def test_comparing_again_pays_nothing(between) -> None:
    night, run = between()
    run()
    sent = night.sent
    run(replace=True)
    assert night.sent == sent


def test_what_is_neither_recipe_nor_model_is_a_mistake_with_the_nearest_name(between) -> None:
    _, run = between()
    state = run(against=["zetta"])
    assert state.is_failed()
    assert "neither a recipe nor a model" in state.message
    assert "zeta" in state.message


def test_a_column_that_two_recipes_declare_differently_is_a_mistake(between) -> None:
    night, run = between()
    (night.folder / "plain.yaml").write_text(OTHER.replace("type: str", "type: list"))
    state = run()
    assert state.is_failed()
    assert "'topic'" in state.message


def test_a_dry_run_says_what_all_arms_would_cost_and_makes_nothing(between) -> None:
    night, run = between()
    alone = run(against=["zeta"], dry_run=True)
    both = run(dry_run=True)
    assert night.sent == 0
    usd = [float(each.message.split("expected to cost $")[1].split()[0]) for each in (alone, both)]
    assert usd[1] > usd[0]


def test_an_arm_that_falls_back_decides_nothing_for_another_with_steps_of_the_same_name(between) -> None:
    """The other arm's own model is there: it is asked, and what it writes is its own."""
    night, run = between(faults=[Fault(kind="model_missing", model="zeta")])
    (night.folder / "short.yaml").write_text(RECIPE.replace("model: omega", "model: zeta"))
    (night.folder / "plain.yaml").write_text(OTHER.replace("model: zeta", "model: other"))
    run(against=[str(night.folder / "plain.yaml")])
    written = night.read("calls").query("status == 'ok'")
    assert set(arm(written, "made")["model"]) == {"omega"}
    assert set(arm(written, "plain")["model"]) == {"other"}


def test_a_model_that_is_compared_alone_writes_its_own_texts_or_none(between) -> None:
    night, run = between(faults=[Fault(kind="model_missing", model="zeta")])
    run(against=["zeta"])
    assert set(night.read("outputs")["arm"]) == {"made"}
    assert night.manifest()["not_compared"] == {"model_missing": 8}


def test_what_an_arm_costs_does_not_hang_on_which_arm_asked_first(between) -> None:
    """The arm does all that the recipe does and more; the ledger serves what they have in common."""
    night, run = between()
    more = RECIPE.replace("recipe: short", "recipe: more").replace(
        "baseline: {model: zeta, share: 0.5}\n", ""
    )
    more += """    - name: polish
      ask: {model: omega, max_tokens: 600, prompt: "Polish:\\n{{ draft }}"}
"""
    (night.folder / "more.yaml").write_text(more)
    assert run(against=[str(night.folder / "more.yaml")]).is_completed()
    arms = night.manifest()["arms"]
    assert arms["more"]["usd_per_made"] > arms["made"]["usd_per_made"]
    assert arms["more"]["made_over_it"]["usd_extra"] < 0


def test_a_comparison_is_no_night(between) -> None:
    night, run = between()
    run()
    state = night.night(run="tonight", only="changed", dry_run=True)
    assert "8 requests" in state.message
    assert "0 left out as unchanged" in state.message
