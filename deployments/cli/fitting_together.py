"""`nightpress fit --together`: a cascade that stops on all answers so far, and what votes weigh by, kept in the store."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from blocks.places import open_store, store_place
from tasks.choosing.belief import FEWEST, learnt_belief
from tasks.choosing.panel_rows import panel_of
from tasks.choosing.stopping import Search, Stopping, Wish, replayed
from tasks.landing.beliefs import keep_beliefs
from tasks.patterns.believing import comparable
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

    from tasks.choosing.panel import Panel

    Floats = NDArray[np.float64]

FOLDS = 5
INNER_FOLDS = 3


def fit_together(given: argparse.Namespace, rows: list[dict[str, Any]], models: list[str]) -> int:
    """Print the chain with what it comes to on requests it was not fitted to, keep what was learnt; 1 if out of reach.

    Raises:
        UserError: there are too few requests that all models answered.
    """
    panel, usd, requests = panel_of(rows, models, comparable)
    needed = FEWEST * 2
    if panel.n < needed:
        raise UserError(
            f"{panel.n} requests that all of {', '.join(models)} answered are too few to learn from",
            where=given.outcomes, hint=f"{needed} are needed, each with answer and quality",
        )  # fmt: skip
    single = float(panel.right.mean(axis=0).max())
    wish = Wish(usd=given.usd) if given.quality is None else Wish(lacking=single - given.quality)
    chain = Search(panel, usd, _folds(requests, "inner", INNER_FOLDS)).best(wish, given.longest)
    right, cost = _tried(panel, usd, requests, wish, given.longest)
    console = Console(highlight=False, width=120)
    for line in (
        f"{panel.n:,} requests that all of {', '.join(models)} answered",
        f"chain    quality {right.mean():.3f}, ${cost.mean():.6f} a request, on requests that it was not fitted to",
        *(
            f"alone    quality {panel.right[:, place].mean():.3f}, ${usd[:, place].mean():.6f} a request: {name}"
            for place, name in enumerate(models)
        ),
        ""
        if chain.holds
        else "no chain fulfils the wish with a margin for chance; this is what comes closest",
    ):
        if line:
            console.print(line, markup=False, soft_wrap=True)
    store = open_store(store_place(given.store))
    keep_beliefs(store, (*chain.beliefs, learnt_belief(panel)))
    console.print(f"kept in {store.url}: what votes of these models weigh by", markup=False, soft_wrap=True)
    console.print(f"\n{_line(chain)}", markup=False, soft_wrap=True)
    return 0 if chain.holds else 1


def _tried(
    panel: Panel, usd: Floats, requests: tuple[Any, ...], wish: Wish, longest: int
) -> tuple[Floats, Floats]:
    """How right and how dear, each request with a chain that was fitted to other folds."""
    fold, inner = _folds(requests, "fold", FOLDS), _folds(requests, "inner", INNER_FOLDS)
    right, cost = np.zeros(panel.n), np.zeros(panel.n)
    for held in range(FOLDS):
        rest, places = np.flatnonzero(fold != held), np.flatnonzero(fold == held)
        chain = Search(panel.rows(rest), usd[rest], inner[rest]).best(wish, longest)
        found = replayed(chain, panel.rows(places), usd[places])
        right[places], cost[places] = found.right, found.usd
    return right, cost


def _folds(requests: tuple[Any, ...], salt: str, number: int) -> NDArray[np.intp]:
    return np.array(
        [int(sha256(f"{salt} {each}".encode()).hexdigest()[:8], 16) % number for each in requests]
    )


def _line(chain: Stopping) -> str:
    if len(chain.models) == 1:
        return f"model: {chain.models[0]}"
    accept = ", ".join(f"{min(each, 1.0):.4g}" for each in chain.accept)
    return f"model: {{cascade: [{', '.join(chain.models)}], by: belief, accept: [{accept}]}}"
