"""What was spent and what was saved, as tables: by night, recipe, model, role or provider. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from tasks.landing.past_slots import MADE
from tasks.landing.sheet import Sheet, of_largest
from tasks.landing.spend_sums import Spender, Spent
from tasks.landing.wording import NONE, count, percent, usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tasks.landing.spend_history import RunSpend

By = Literal["night", "recipe", "model", "role", "provider"]
NOT_KNOWN: Final = "not known"
FIGURES: Final = (
    "calls", "ledger", "failed", "tokens in", "tokens out", "cached in", "USD", "USD failed", "saved: ledger",
    "saved: cache", "saved: batch",
)  # fmt: skip
LESSER: Final = ("failed", "cached in", "USD failed")
NOTE: Final = (
    "`calls` were sent, `ledger` answered without one. `USD` has `USD failed` in it: attempts that gave no answer. Saved: "
    "by answers of the ledger, by tokens in the provider's cache (`cached in`), by the batch lane. "
    "A sum with `not known` lacks calls whose price nobody knows."
)


def spend_sheets(history: Iterable[RunSpend], by: By) -> list[Sheet]:
    """What real models cost, the largest first (nights in order), with the sum; then, apart, simulated ones."""
    found: dict[bool, dict[str, Spent]] = {False: {}, True: {}}
    for run in history:
        for who, spent in run.spent:
            found[who.simulated].setdefault(_name(run, who, by), Spent()).add(spent)
    titles = {False: f"Spend by {by}", True: f"Simulated by {by}: no real money"}
    return [_sheet(titles[simulated], by, each) for simulated, each in found.items() if each]


def _name(run: RunSpend, who: Spender, by: By) -> str:
    names = {
        "night": run.run_date.isoformat(),
        "recipe": run.recipe,
        "model": who.model,
        "role": who.role or NONE,
        "provider": who.provider,
    }
    return names[by] if who.arm in ("", MADE) else f"{names[by]} ({who.arm})"


def _sheet(title: str, by: By, spends: dict[str, Spent]) -> Sheet:
    total = Spent()
    for spent in spends.values():
        total.add(spent)
    order = sorted(spends.items()) if by == "night" else sorted(spends.items(), key=_largest_first)
    rows = (*((name, *_figures(spent)) for name, spent in order), ("all", *_figures(total)))
    shares = (*of_largest([_paid(spent) for _, spent in order]), 0.0)
    return Sheet(title, (by, *FIGURES), tuple(rows), len(FIGURES), shares, NOTE, LESSER)


def _largest_first(named: tuple[str, Spent]) -> tuple[float, str]:
    return -_paid(named[1]), named[0]


def _paid(spent: Spent) -> float:
    return spent.usd + spent.usd_failed


def _figures(spent: Spent) -> Iterator[str]:
    yield count(spent.sent)
    yield count(spent.hits)
    yield count(spent.failed)
    yield count(spent.tokens_in)
    yield count(spent.tokens_out)
    yield percent(spent.tokens_cached, spent.tokens_in)
    yield _sum(_paid(spent), spent.unpriced, spent.sent)
    yield _sum(spent.usd_failed, spent.unpriced, spent.sent)
    yield _sum(spent.saved_ledger, spent.hits_unpriced, spent.hits)
    yield NOT_KNOWN if spent.saved_cache is None else usd(spent.saved_cache)
    yield NOT_KNOWN if spent.saved_batch is None else usd(spent.saved_batch)


def _sum(known: float, unknown: int, every: int) -> str:
    """What is known, and that something is not."""
    if unknown and unknown == every:
        return NOT_KNOWN
    return f"{usd(known)} + {NOT_KNOWN}" if unknown else usd(known)
