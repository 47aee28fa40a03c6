"""`nightpress fit`: a cascade's thresholds from recorded outcomes, and the line to paste into a recipe."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from blocks.places import open_store, store_place
from deployments.cli.fitting_by_gain import WITH_TEXT, fit_by_gain, in_yaml
from deployments.cli.fitting_together import fit_together
from deployments.cli.recipe_known import check_recipe
from tasks.choosing.outcomes import FIGURES, gathered
from tasks.choosing.thresholds import Goal, alone, fit, fit_chain
from tasks.landing.explored import scored_answers
from tasks.storing.errors import UserError, near_miss

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from tasks.choosing.outcomes import Gathered
    from tasks.choosing.thresholds import Expected, Fitted

NEEDED = ("request_id", "model", *FIGURES)
WITH_ANSWERS = ("request_id", "model", "answer", "quality", "usd")
OPTIONAL = ("confidence", "length", "request_type")
LEAST_REQUESTS = 30
WORTH_SAYING = 0.05  # by how much of its cost another chain has to be cheaper to be told of
READERS: dict[str, Callable[[Path], Any]] = {
    ".parquet": pd.read_parquet,
    ".csv": pd.read_csv,
    ".jsonl": partial(pd.read_json, lines=True),
}
OF_JUDGES = (
    "signal and quality are both the judge's score, so that a threshold looks better informed than it is: a text that "
    "the judge likes for no reason counts as good. What the judge's own calls cost is not in the figures."
)


def fit_cascade(given: argparse.Namespace) -> int:
    """Print the thresholds, what they come to, and the line for the recipe; 1 if the wish is out of reach.

    Raises:
        UserError: there is nothing to fit to.
    """
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=120)
    goal = Goal(given.quality, given.usd)
    if given.gain:
        return fit_by_gain(
            given, read_outcomes(Path(given.outcomes), WITH_TEXT) if given.outcomes else _none(given)
        )
    rows = _rows(given)
    models = _models(rows, given.cascade)
    if given.together:
        return fit_together(given, rows, models)
    known = gathered(rows, models)
    if not known.outcomes.n:
        raise UserError(
            f"no request has a figure of each of {', '.join(models)}",
            where=given.outcomes or "--step", hint="a threshold is fitted to requests that every model of the chain answered",
        )  # fmt: skip
    chain = fit(known.outcomes, goal) if given.cascade else fit_chain(known.outcomes, goal, given.longest)
    console.print(_gathered(known, rows), markup=False, soft_wrap=True)
    if not given.outcomes:
        console.print(OF_JUDGES, markup=False, soft_wrap=True)
    console.print()
    console.print(_table(chain, alone(known.outcomes)))
    console.print()
    console.print(_verdict(chain, goal), markup=False, soft_wrap=True)
    if given.cascade and (better := _better(known, goal, chain, given.longest)):
        console.print(better, markup=False, soft_wrap=True)
    console.print(f"\n{_line(chain)}", markup=False, soft_wrap=True)
    return 0 if chain.holds else 1


def _rows(given: argparse.Namespace) -> list[dict[str, Any]]:
    if given.outcomes:
        return read_outcomes(Path(given.outcomes), WITH_ANSWERS if given.together else NEEDED)
    if given.together:
        raise UserError(
            "--together learns from a file", hint="OUTCOMES with request_id, model, answer, quality, usd"
        )
    _none(given)
    store = open_store(store_place(given.store))
    rows = scored_answers(store, given.recipe, given.step, datetime.now().astimezone().date())
    if not rows:
        check_recipe(store, given.recipe)
        raise UserError(
            f"no scored answer at step {given.step!r} of recipe {given.recipe!r}", where=store.url,
            hint="a cascade scores what it is given; `explore` in the recipe has every model of it asked for a share of the rows",
        )  # fmt: skip
    return rows


def _none(given: argparse.Namespace) -> list[dict[str, Any]]:
    """No rows of a file; raises UserError unless a store's are named."""
    if not given.recipe or given.step is None:
        raise UserError(
            "there are no outcomes to fit to", hint="give a file, or --recipe and --step of a store"
        )
    return []


def read_outcomes(path: Path, needed: Sequence[str] = NEEDED) -> list[dict[str, Any]]:
    """Rows of a Parquet, CSV or JSONL file with the columns needed, and those of OPTIONAL that it has.

    Raises:
        UserError: there is no such file, it is of another kind, or a column is missing or no number.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise UserError("outcomes are Parquet, CSV or JSONL", where=str(path), hint=", ".join(READERS))
    try:
        table = reader(path)
    except FileNotFoundError:
        raise UserError("there is no such file", where=str(path)) from None
    except (OSError, ValueError) as error:
        raise UserError(f"it cannot be read: {str(error).splitlines()[0]}", where=str(path)) from error
    for name in needed:
        if name not in table.columns:
            hint = near_miss(name, map(str, table.columns))
            raise UserError(f"the column {name!r} is missing", where=str(path), hint=hint)
    figures = [name for name in FIGURES if name in needed]
    for name in figures:
        try:
            table[name] = pd.to_numeric(table[name])
        except (ValueError, TypeError) as error:
            raise UserError(f"the column {name!r} is to hold numbers: {error}", where=str(path)) from error
    outside = [name for name in figures[:-1] if not table[name].dropna().between(0, 1).all()]
    if outside or (table["usd"] < 0).any():
        what = f"{outside[0]!r} goes from 0 to 1" if outside else "'usd' is nought or more"
        raise UserError(
            what, where=str(path), hint="a logarithm of a probability: take its exponential first"
        )
    rows: list[dict[str, Any]] = (
        table[[*needed, *(name for name in OPTIONAL if name in table.columns)]]
        .astype({"model": str})
        .to_dict("records")
    )
    return rows


def _models(rows: list[dict[str, Any]], cascade: list[str] | None) -> list[str]:
    there = list(dict.fromkeys(row["model"] for row in rows))
    for name in cascade or ():
        if name not in there:
            raise UserError(
                f"model {name!r} is not in the outcomes", where="--cascade", hint=near_miss(name, there)
            )
    return cascade or there


def _gathered(known: Gathered, rows: list[dict[str, Any]]) -> str:
    n = known.outcomes.n
    said = f"{n:,} requests that all of {', '.join(known.outcomes.models)} answered"
    if known.incomplete:
        said += f"; {known.incomplete:,} others left out, as a figure of one of them is missing"
    if known.repeated:
        said += f"; of {known.repeated:,} further answers to the same request the first counts"
    if n < LEAST_REQUESTS:
        said += f"\nfewer than {LEAST_REQUESTS} requests say little: expect the figures to be off"
    return said if rows else ""


def _table(chain: Fitted, single: list[Fitted]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for title in ("accept from", "answers", "quality", "95% interval", "USD a request", "95% interval"):
        table.add_column(title, justify="right")
    table.add_row("chain", "", "", *_figures(chain.quality, 3), *_figures(chain.usd, 6), style="bold")
    for name, accept, share in zip(chain.models, (*chain.accept, None), chain.shares, strict=True):
        from_ = "the rest" if accept is None else f"{accept:g}"
        table.add_row(f"  {escape(name)}", from_, f"{share:.1%}")
    for each in single:
        name = escape(each.models[0])
        table.add_row(f"{name} alone", "", "", *_figures(each.quality, 3), *_figures(each.usd, 6))
    return table


def _figures(expected: Expected, decimals: int) -> tuple[str, str]:
    low, high = f"{expected.low:.{decimals}f}", f"{expected.high:.{decimals}f}"
    return f"{expected.mean:.{decimals}f}", f"{low} to {high}"


def _verdict(chain: Fitted, goal: Goal) -> str:
    wish = f"a quality of {goal.quality:g}" if goal.quality is not None else f"${goal.usd:g} a request"
    if not chain.holds:
        return f"no thresholds reach {wish} with a margin for chance; this is what comes closest"
    how = "at the least cost" if goal.quality is not None else "with the most quality"
    return f"{wish} is kept with a margin for chance, {how}"


def _better(known: Gathered, goal: Goal, chain: Fitted, longest: int) -> str:
    """Another chain of the same models that is clearly better, in words; empty if there is none."""
    best = fit_chain(known.outcomes, goal, longest)
    if best.models == trimmed(chain)[0] or not best.holds:
        return ""
    cheaper = best.usd.mean < (1 - WORTH_SAYING) * chain.usd.mean
    if not chain.holds or (goal.quality is not None and cheaper):
        return f"better: {' → '.join(best.models)}, for ${best.usd.mean:.6f} a request: {_line(best)}"
    if goal.usd is not None and best.quality.low > chain.quality.mean:
        return f"better: {' → '.join(best.models)}, of quality {best.quality.mean:.3f}: {_line(best)}"
    return ""


def trimmed(chain: Fitted) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The models up to the last that answers anything, and their thresholds."""
    last = max(place for place, share in enumerate(chain.shares) if share > 0)
    return chain.models[: last + 1], chain.accept[:last]


def _line(chain: Fitted) -> str:
    models, accept = trimmed(chain)
    if len(models) == 1:
        return f"model: {in_yaml(models[0])}"
    names, thresholds = ", ".join(map(in_yaml, models)), ", ".join(f"{each:g}" for each in accept)
    return f"model: {{cascade: [{names}], accept: [{thresholds}]}}"
