"""What a comparison came to, arm by arm, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from tasks.landing.labels import MADE
from tasks.landing.wording import NONE, usd
from tasks.landing.wording import seconds as in_seconds

if TYPE_CHECKING:
    from rich.console import Console

FIGURES = ("rows", "failed", "quality, 95%", "USD a row", "s p50", "over it", "preferred")


def show_arms(manifest: dict[str, Any], console: Console) -> None:
    """Print a line per arm of a committed comparison, and what each says in words; nothing where nothing was compared."""
    arms: dict[str, dict[str, Any]] = manifest.get("arms") or {}
    if not arms:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("arm", no_wrap=True)
    for title in FIGURES:
        table.add_column(title, justify="right", no_wrap=True)
    for name, each in arms.items():
        table.add_row(manifest["recipe"] if name == MADE else name, *_figures(each))
    console.print()
    console.print(table)
    for name, each in arms.items():
        found = each.get("made_over_it")
        if found:
            console.print(f"against {name}: {found['words']}", soft_wrap=True, markup=False)
    for caution in [*_own_cautions(arms), *((manifest.get("judges") or {}).get("cautions") or ())]:
        console.print(f"caution: {caution}", soft_wrap=True, markup=False)


def _figures(arm: dict[str, Any]) -> tuple[str, ...]:
    found, preferred = arm.get("made_over_it"), arm.get("made_preferred")
    return (
        f"{arm['rows']:,}",
        f"{arm['failed']:,}",
        _interval(arm),
        usd(arm["usd_per_made"]),
        in_seconds(arm["seconds_p50"]),
        f"{found['mean']:+.3f}" if found else "",
        f"{preferred:.0%}" if preferred is not None else "",
    )


def _interval(arm: dict[str, Any]) -> str:
    if arm["quality_mean"] is None:
        return NONE
    around = (
        f" ({arm['quality_low']:.2f} to {arm['quality_high']:.2f})" if arm["quality_low"] is not None else ""
    )
    return f"{arm['quality_mean']:.3f}{around}"


def _own_cautions(arms: dict[str, dict[str, Any]]) -> list[str]:
    found = ((each.get("made_over_it") or {}).get("caution") for each in arms.values())
    return list(dict.fromkeys(each for each in found if each))
