"""What one attempt at a shard has to spend, as budgets that know what a process that died over it has spent. USD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.calling.budget import Budget, ProviderBudget, ShardBudget
from tasks.calling.model_order import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tasks.calling.route import Route
    from tasks.calling.spending import Spending
    from tasks.landing.allowances import ShardMoney


class Purse:
    """The shard's money in this process.

    Args:
        money: as it was dealt.
        spending: the run's, up to date.
        routes: model → the way there, for whose it is.
        whose: the budget is, in messages.

    Attributes:
        budget: the shard's.
        providers: provider → its budget in this shard, for those with a limit.
    """

    def __init__(
        self,
        money: ShardMoney,
        spending: Spending,
        shard: int,
        routes: Mapping[str, Route],
        whose: str = "shard",
    ) -> None:
        self._money = money
        limit = None if money.allowance_usd is None else money.paid_usd + money.allowance_usd
        kind = Budget if money.is_rest else ShardBudget
        self.budget = kind(limit, whose, spending.of_shard(shard))
        self.providers: dict[str, ProviderBudget] = {}
        for name, (allowance, paid) in money.providers.items():
            models = models_of(name, routes)
            known = spending.of_shard(shard, models)
            self.providers[name] = ProviderBudget(paid + allowance, f"provider {name}", known)

    @property
    def spent_usd(self) -> float:
        """What the attempt has come to, in all processes."""
        return self.budget.spent_usd - self._money.paid_usd

    @property
    def spent_by_provider(self) -> dict[str, float]:
        """The same by provider, of those with a limit."""
        return {
            name: each.spent_usd - self._money.providers[name][1] for name, each in self.providers.items()
        }


def indispensable(
    providers: Iterable[str], routes: Mapping[str, Route], fallbacks: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Those of the providers that serve a model which no other provider's can stand in for."""
    return [
        name
        for name in providers
        if any(_is_alone(model, routes, fallbacks) for model in models_of(name, routes))
    ]


def _is_alone(model: str, routes: Mapping[str, Route], fallbacks: Mapping[str, tuple[str, ...]]) -> bool:
    own = routes[model].provider_name
    return all(routes[each].provider_name == own for each in in_order([model], fallbacks) if each in routes)


def models_of(provider: str, routes: Mapping[str, Route]) -> list[str]:
    """The models of the run that this provider serves."""
    return [name for name, route in routes.items() if route.provider_name == provider]
