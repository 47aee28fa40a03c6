"""What the calls of a run cost, as tables: the recipe's own by model and by step, then what proved its worth. No I/O."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from tasks.landing.arms import PROOF
from tasks.landing.call_figures import Spend
from tasks.landing.sheet import Sheet, of_largest
from tasks.landing.wording import NONE, UNKNOWN, count, percent, seconds, usd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.landing.call_figures import CallFigures

TOP: Final = "make"
JUDGING: Final = "judging"
FIGURES: Final = (
    "calls", "ledger", "failed", "tokens in", "tokens out", "cached in", "USD", "USD failed", "mean s", "p95 s",
)  # fmt: skip
LESSER: Final = ("role", "ledger", "cached in", "USD failed", "mean s")
NOTE: Final = (
    "`calls` were sent, `ledger` answered without one. `cached in`: share of the tokens in that the provider had "
    "cached. `USD failed` is in `USD`: attempts that gave no answer."
)

SAVED: Final = ("tokens in", "left out", "share")
SAVED_NOTE: Final = (
    "`left out`, estimated: idle white space, passages that the question already holds, and what a model's window had no "
    "room for. `share` is of what would have been sent."
)


def spend_by_model(calls: CallFigures) -> Sheet:
    """A row per model that the recipe asked, the dearest first."""
    by_model: dict[tuple[str, ...], Spend] = {}
    for asked, spend in calls.own.by.items():
        by_model.setdefault((asked.model,), Spend()).add(spend)
    return _sheet("Spend by model", ("model",), by_model)


def spend_by_step(calls: CallFigures) -> Sheet:
    """A row per step of the recipe, role and model, the dearest first."""
    by_step: dict[tuple[str, ...], Spend] = {
        (each.step or TOP, each.role or NONE, each.model): spend for each, spend in calls.own.by.items()
    }
    return _sheet("Spend by step", ("step", "role", "model"), by_step)


def spend_on_proof(calls: CallFigures) -> Sheet:
    """A row per other arm, or the judging of all arms, with its steps and models, the dearest first."""
    by_arm: dict[tuple[str, ...], Spend] = {
        (JUDGING if each.arm == PROOF else each.arm, each.step or TOP, each.model): spend
        for each, spend in calls.by.items()
        if not each.is_own
    }
    return _sheet("Spend on other arms and judging", ("arm", "step", "model"), by_arm)


def saved_by_step(calls: CallFigures, saved: Mapping[str, int]) -> Sheet:
    """A row per step of whose questions something was left out, the largest saving first."""
    read: Counter[str] = Counter()
    for asked, spend in calls.own.by.items():
        read[asked.step] += spend.tokens_in
    rows = [
        (step or TOP, count(read[step]), count(tokens), percent(tokens, tokens + read[step]))
        for step, tokens in saved.items()
    ]
    shares = of_largest([float(tokens) for tokens in saved.values()])
    return Sheet(
        "Tokens left out", ("step", *SAVED), tuple(rows), len(SAVED), shares, SAVED_NOTE if rows else ""
    )


def _sheet(title: str, who: tuple[str, ...], spends: dict[tuple[str, ...], Spend]) -> Sheet:
    dearest = sorted(
        spends.items(), key=lambda each: (each[1].usd is not None, -(each[1].usd or 0.0), each[0])
    )
    rows = tuple((*names, *_figures(spend)) for names, spend in dearest)
    shares = of_largest([spend.usd for _, spend in dearest])
    return Sheet(title, (*who, *FIGURES), rows, len(FIGURES), shares, NOTE if rows else "", LESSER)


def _figures(spend: Spend) -> tuple[str, ...]:
    nobody_counted = spend.sent and not spend.counted
    tokens_in, tokens_out = (
        UNKNOWN if nobody_counted else count(each) for each in (spend.tokens_in, spend.tokens_out)
    )
    return (
        count(spend.sent),
        count(spend.hits),
        count(spend.failed),
        tokens_in,
        tokens_out,
        percent(spend.tokens_cached, spend.tokens_in),
        usd(spend.usd),
        usd(spend.failed_usd),
        seconds(spend.mean_seconds),
        seconds(spend.percentile(95)),
    )
