"""What is written into a box of a recipe's picture: its models, calls, seconds and USD. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tasks.landing.wording import one_line, seconds, times, usd

if TYPE_CHECKING:
    from tasks.landing.call_figures import CallFigures, Spend
    from tasks.landing.recipe_shape import Shape

LONGEST: Final = 80
MOST_MODELS: Final = 4


@dataclass(frozen=True, slots=True)
class Caption:
    """The words of one box, not escaped.

    Attributes:
        models: that answered, with their calls if there were several; those of the recipe if none did.
        calls: how many, sent, from the ledger and failed; empty for a box that makes none itself.
        cost: median seconds and USD of those sent.
        notes: what else the recipe says.
    """

    title: str
    models: str
    calls: str
    cost: str
    notes: str

    @property
    def lines(self) -> list[str]:
        """What there is to say, from the title on."""
        return [each for each in (self.title, self.models, self.calls, self.cost, self.notes) if each]


def caption(shape: Shape, calls: CallFigures) -> Caption:
    """The words of a box of the picture."""
    notes = one_line(", ".join(shape.notes), LONGEST)
    title = one_line(shape.title, LONGEST)
    if shape.role is None:
        return Caption(title, "", "", "", notes)
    spend = calls.of(shape.made)
    return Caption(title, _models(shape, calls), _calls(spend), _cost(spend), notes)


def was_asked(shape: Shape, calls: CallFigures) -> bool:
    """Whether this box made any call."""
    spend = calls.of(shape.made)
    return bool(spend.sent or spend.hits)


def _models(shape: Shape, calls: CallFigures) -> str:
    asked: dict[str, int] = {}
    for each, spend in calls.by.items():
        if shape.made(each):
            asked[each.model] = asked.get(each.model, 0) + spend.sent + spend.hits
    if not asked:
        return one_line(" → ".join(shape.models), LONGEST)
    if len(asked) == 1:
        return one_line(next(iter(asked)), LONGEST)
    most = sorted(asked.items(), key=lambda each: (-each[1], each[0]))
    shown = [f"{model} ×{number:,}" for model, number in most[:MOST_MODELS]]
    more = [f"{len(most) - MOST_MODELS} more"] if len(most) > MOST_MODELS else []
    return one_line(", ".join([*shown, *more]), LONGEST)


def _calls(spend: Spend) -> str:
    if not spend.sent and not spend.hits:
        return "not called"
    said = [times(spend.sent, "call")] if spend.sent else []
    said += [f"{spend.hits:,} from the ledger"] if spend.hits else []
    said += [f"{spend.failed:,} failed"] if spend.failed else []
    return " · ".join(said)


def _cost(spend: Spend) -> str:
    if not spend.sent:
        return ""
    median = spend.percentile(50)
    timed = [f"p50 {seconds(median)} s"] if median is not None else []
    return " · ".join([*timed, usd(spend.usd)])
