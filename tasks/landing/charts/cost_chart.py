"""What was paid, by model and by what the model did. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.landing.arms import CONTROL as CONTROL_ARM
from tasks.landing.arms import PROOF
from tasks.landing.charts.canvas import Canvas
from tasks.landing.charts.chart import chart
from tasks.landing.charts.colours import CARD, SERIES
from tasks.landing.charts.scales import ground, scale_below
from tasks.landing.sheet import Sheet
from tasks.landing.wording import NONE, percent, usd

if TYPE_CHECKING:
    from tasks.landing.call_figures import Asked, CallFigures
    from tasks.landing.charts.chart import Chart

ROW_PX: Final = 40
BAR_PX: Final = 14
FOOT_PX: Final = 24
MOST_MODELS: Final = 10
OTHER_MODELS: Final = "other models"
OTHER_ROLES: Final = "other roles"
CONTROL: Final = "control arm"
OTHER_ARMS: Final = "other arms"
JUDGING: Final = "judging the arms"

Costs = dict[str, dict[str, float]]


def cost_chart(calls: CallFigures) -> Chart | None:
    """A bar per model, parted by role, the dearest first; None where nothing that is known was paid."""
    costs, unknown = _costs(calls)
    total = sum(sum(roles.values()) for roles in costs.values())
    if total <= 0:
        return None
    roles = _roles(costs)
    shown = {model: _within(by_role, roles) for model, by_role in _largest(costs).items()}
    dearest = next(iter(shown))
    lacking = f" Not in it, as the price is not known: {', '.join(sorted(unknown))}." if unknown else ""
    said = (
        f"{usd(total)} in all; {dearest} took {percent(sum(shown[dearest].values()), total)} of it, "
        f"{roles[0]} {percent(sum(each.get(roles[0], 0.0) for each in shown.values()), total)}.{lacking}"
    )
    numbers = Sheet(
        "USD by model and role", ("model", "role", "USD", "share"), tuple(
            (model, role, usd(amount), percent(amount, total))
            for model, by_role in _largest(costs).items()
            for role, amount in sorted(by_role.items(), key=lambda each: (-each[1], each[0]))
        ), 2,
    )  # fmt: skip
    key = tuple(zip(roles, SERIES, strict=False))
    return chart("Cost by model and role", said, numbers, lambda width: _drawn(shown, roles, width), key)


def _drawn(costs: Costs, roles: list[str], width: int) -> Canvas:
    canvas = Canvas(width, len(costs) * ROW_PX + FOOT_PX)
    axes = canvas.axes(1, 0, width - 10, len(costs) * ROW_PX)
    sums = [sum(by_role.values()) for by_role in costs.values()]
    axes.set_xlim(0, max(sums))
    axes.set_ylim(len(costs) * ROW_PX, 0)
    scale_below(canvas, axes, 3 if width < 400 else 5, usd_short)
    for place, (model, by_role) in enumerate(costs.items()):
        left, middle = 0.0, place * ROW_PX + 26
        for role, colour in zip(roles, SERIES, strict=False):
            if amount := by_role.get(role):
                axes.barh(middle, amount, BAR_PX, left=left, color=colour, edgecolor=CARD, linewidth=1.5)
                left += amount
        ground(axes, place * ROW_PX, 18)
        canvas.write(1, place * ROW_PX + 14, model, room=width - 100)
        canvas.write(width - 9, place * ROW_PX + 14, usd(sums[place]), anchor="end")
    return canvas


def usd_short(amount: float) -> str:
    """USD on a scale: no more digits than its round numbers have."""
    return f"${amount:,.0f}" if amount >= 1 and amount == int(amount) else f"${amount:g}"


def _costs(calls: CallFigures) -> tuple[Costs, set[str]]:
    """USD by model and role; and models of whose calls some have no known price."""
    costs: Costs = {}
    unknown = set()
    for asked, spend in calls.by.items():
        model = asked.model or NONE
        if spend.usd is None:
            unknown.add(model)
        amount = spend.usd_known + spend.usd_failed
        if amount > 0:
            by_role = costs.setdefault(model, {})
            by_role[role_of(asked)] = by_role.get(role_of(asked), 0.0) + amount
    return costs, unknown


def role_of(asked: Asked) -> str:
    """What the calls were for: a role of the recipe, or to prove what it is worth."""
    if asked.is_own:
        return asked.role or NONE
    return {CONTROL_ARM: CONTROL, PROOF: JUDGING}.get(asked.arm, OTHER_ARMS)


def _roles(costs: Costs) -> list[str]:
    """Roles in the order of their bars, the dearest first; the last stands for what has no colour left."""
    sums: dict[str, float] = {}
    for by_role in costs.values():
        for role, amount in by_role.items():
            sums[role] = sums.get(role, 0.0) + amount
    order = sorted(sums, key=lambda role: (-sums[role], role))
    return order if len(order) <= len(SERIES) else [*order[: len(SERIES) - 1], OTHER_ROLES]


def _within(by_role: dict[str, float], roles: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for role, amount in by_role.items():
        name = role if role in roles else OTHER_ROLES
        found[name] = found.get(name, 0.0) + amount
    return found


def _largest(costs: Costs) -> Costs:
    """The dearest models first; those for which there is no room, together."""
    order = sorted(costs, key=lambda model: (-sum(costs[model].values()), model))
    kept = order if len(order) <= MOST_MODELS else order[: MOST_MODELS - 1]
    found = {model: costs[model] for model in kept}
    for model in order[len(kept) :]:
        others = found.setdefault(OTHER_MODELS, {})
        for role, amount in costs[model].items():
            others[role] = others.get(role, 0.0) + amount
    return found
