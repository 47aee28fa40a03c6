"""What a run may spend with one provider: calls beyond it go to the next model, and without one their row waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from calling_rig import Rig, Session

from tasks.calling.budget import Budget, OverBudget, ProviderBudget
from tasks.calling.call import Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployments.simulator.running import RunningSimulator

    Simulate = Callable[..., RunningSimulator]
    MakeRig = Callable[..., Rig]

MODELS: dict[str, dict[str, object]] = {
    "far": {"provider": "openai", "fallback": ("near",)},
    "near": {"provider": "anthropic"},
    "alone": {"provider": "openai"},
}
LIMIT = 0.2


def row(session: Session, request_id: str, budget: ProviderBudget) -> Row:
    made = session.row(request_id, Budget(100.0))
    made.provider_budgets = {"openai": budget}
    return made


def test_calls_beyond_a_providers_limit_go_to_the_next_model_and_its_bill_keeps_to_the_limit(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate(default={"latency_seconds": 0.01, "jitter": 0})
    session = make_rig(simulator.url, MODELS).open()
    budget = ProviderBudget(LIMIT, "provider openai")
    rows = [row(session, f"r{n}", budget) for n in range(60)]
    found = session.get_all(session.call(f"hello {n}", "far", each) for n, each in enumerate(rows))
    answered = [each.model for each in found]
    assert set(answered) == {"far", "near"}
    bill = simulator.stats()["by_model"]
    assert 0.8 * LIMIT < bill["far"]["usd"] <= LIMIT
    assert bill["near"]["answered"] == answered.count("near")
    assert {each.cheaper_than for each in found if each.model == "near"} == {"far"}


def test_a_replay_goes_to_the_model_that_answered_though_the_limit_is_gone(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate()
    rig = make_rig(simulator.url, MODELS)
    first = rig.open()
    spent = first.get("hello", "far", row(first, "r1", ProviderBudget(0.0, "provider openai")))
    assert (spent.model, spent.cheaper_than) == ("near", "far")
    first.upload()
    first.close()
    replayed = rig.open().get("hello", "far")
    assert (replayed.model, replayed.cheaper_than) == ("near", "far")
    assert simulator.stats()["calls"] == 1


def test_without_another_model_the_row_is_over_budget_and_says_whose(
    simulate: Simulate, make_rig: MakeRig
) -> None:
    simulator = simulate()
    session = make_rig(simulator.url, MODELS).open()
    error = session.error("hello", "alone", row(session, "r1", ProviderBudget(0.0, "provider openai")))
    assert isinstance(error, OverBudget)
    assert str(error).endswith("$0.0000 of the provider openai's budget is left")
    assert simulator.stats()["calls"] == 0


@pytest.mark.parametrize("allowed", [True, False])
def test_a_call_that_may_be_cheaper_goes_to_the_dearest_model_that_the_money_reaches_for(
    simulate: Simulate, make_rig: MakeRig, allowed: bool
) -> None:
    simulator = simulate()
    prices = {"dear": 200.0, "middle": 20.0, "cheap": 2.0, "short": 10.0}
    models: dict[str, dict[str, object]] = {
        name: {"price": {"input": usd, "output": usd}} for name, usd in prices.items()
    }
    models["short"]["max_output"] = 10
    models["unknown"] = {"price": None, "id": "nobody-knows"}
    session = make_rig(simulator.url, models).open()
    own = Budget(0.006)  # 200 tokens of `middle` and what it reads cost 0.0045 at most
    asking = session.row("r1", own)
    if not allowed:
        assert isinstance(session.error("hello", "dear", asking), OverBudget)
        return
    made = session.get("hello", "dear", asking, may_be_cheaper=True)
    assert (made.model, made.cheaper_than) == ("middle", "dear")
    assert list(simulator.stats()["by_model"]) == ["middle"]
    assert (
        session.get("hello again", "dear", session.row("r2", Budget(1.0)), may_be_cheaper=True).model
        == "dear"
    )
