"""What a night is expected to cost before a call is sent: from the recipe, its table, and what past runs took.

What the ledger will serve tonight is not taken off; failed attempts are in the mean. Reads only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tasks.calling.route_making import prices
from tasks.landing.estimate_lines import estimate_lines
from tasks.landing.likely_models import likely_models
from tasks.landing.past_rows import PastRows
from tasks.landing.past_runs import Wanted, past_rows
from tasks.landing.run_seconds import run_seconds
from tasks.patterns.blind_paths import is_proof
from tasks.patterns.expected_case import expected_case
from tasks.patterns.judge_choice import judges_needed
from tasks.patterns.lint_sums import known_prices, worst_in
from tasks.patterns.prior import PRIOR_ROWS, PRIOR_SPREAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.calling.catalog import Catalog
    from tasks.calling.prices import Price
    from tasks.choosing.estimates import Estimates
    from tasks.landing.estimate_lines import EstimateLine
    from tasks.patterns.cell_tokens import CellTokens
    from tasks.patterns.expected_case import Expected
    from tasks.patterns.lint_calls import WorstCase
    from tasks.patterns.recipe import Recipe
    from tasks.storing.filesystem import Store

CONFIDENT: Final = 1.96  # standard deviations to either side: 19 of 20 runs
AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class NightEstimate:
    """What is expected of one night.

    Attributes:
        rows: requests to be made.
        tokens: of their cells.
        lines: of one request on average.
        seconds: of one request on average, nothing else being worked.
        row_worst: of the request with the longest cells.
        run_worst_usd: of all requests; None if a price is not known.
        past: what past runs it rests on.
        run_seconds: of the run, with so many calls at once as `AT_ONCE` and the models' quotas.
        held_by: what the run waits for most.
    """

    rows: int
    tokens: CellTokens
    lines: tuple[EstimateLine, ...]
    seconds: float
    row_worst: WorstCase
    run_worst_usd: float | None
    past: PastRows
    run_seconds: float
    held_by: str

    @property
    def unpriced(self) -> list[str]:
        """The models whose price is not known and that are expected to be asked."""
        return list(dict.fromkeys(line.asked.model for line in self.lines if line.usd is None and line.calls))

    @property
    def row_usd(self) -> float | None:
        """Of one request on average; None if a price is not known."""
        known = [line.usd for line in self.lines if line.usd is not None]
        return None if self.unpriced else sum(known)

    @property
    def proof_usd(self) -> float:
        """What of `row_usd` goes to other arms and blind judges."""
        return sum(line.usd or 0.0 for line in self.lines if is_proof(line.asked.step))

    @property
    def run_usd(self) -> float | None:
        return None if self.row_usd is None else self.row_usd * self.rows

    @property
    def interval(self) -> tuple[float, float] | None:
        """Between which the run's total should lie, 19 times of 20; None if a price is not known."""
        if self.row_usd is None:
            return None
        known = len(self.past.usd)
        # Rows differ from one another, and the mean itself is known from so few of them.
        off = CONFIDENT * sqrt(
            self._variance(self.row_usd) * (self.rows + self.rows**2 / (PRIOR_ROWS + known))
        )
        mean = self.row_usd * self.rows
        high = mean + off
        if self.run_worst_usd is not None:
            high = max(mean, min(high, self.run_worst_usd))
        return max(0.0, mean - off), high

    def _variance(self, mean: float) -> float:
        """Of a row's USD: within what is supposed, within what was seen, and by how far the two are apart."""
        supposed, seen = (PRIOR_SPREAD * mean) ** 2, self.past.usd
        if len(seen) < 2:
            return supposed
        told = len(seen) / (len(seen) + PRIOR_ROWS)
        apart = (mean - float(np.mean(seen))) / (1 - told)
        return (1 - told) * supposed + told * float(np.var(seen, ddof=1)) + told * (1 - told) * apart**2

    @property
    def basis(self) -> str:
        """What it rests on, in words."""
        if not self.past.runs:
            return "no past run: prior"
        number = len(self.past.runs)
        runs = f"{number} past run" + ("s" if number > 1 else "")
        other = "" if self.past.alike else ", when the recipe was another"
        return f"{runs}, {self.past.rows:,} row" + ("s" if self.past.rows != 1 else "") + other

    def as_plan(self) -> dict[str, Any]:
        """What the run's plan keeps of it."""
        interval = self.interval
        return {
            "usd": self.run_usd,
            "usd_low": interval[0] if interval else None,
            "usd_high": interval[1] if interval else None,
            "usd_worst": self.run_worst_usd,
            "row_usd": self.row_usd,
            "proof_usd": self.proof_usd,
            "row_usd_worst": self.row_worst.usd,
            "calls": sum(line.calls for line in self.lines) * self.rows,
            "seconds": self.run_seconds,
            "rows": self.rows,
            "basis": self.basis,
            "runs": self.past.runs,
        }


def expected_of(
    recipe: Recipe, catalog: Catalog, estimates: Estimates | None = None, arms: Sequence[Recipe] = ()
) -> Expected:
    """The expected case of one request with this catalog's models and default judges.

    Args:
        arms: further recipes that work every request; their steps are named after them.
    """
    own = _expected_of(recipe, catalog, estimates)
    lines = dict(own.lines)
    for arm in arms:
        for asked, line in _expected_of(_judged(arm), catalog, estimates).lines.items():
            lines[replace(asked, step=f"@{arm.recipe}/{asked.step}")] = line
    return replace(own, lines=lines)


def _judged(arm: Recipe) -> Recipe:
    """What every text of an arm is judged for is expected of it."""
    quality = arm.quality.model_copy(update={"share": 1.0})
    return arm.model_copy(update={"quality": quality, "baseline": None})


def _expected_of(recipe: Recipe, catalog: Catalog, estimates: Estimates | None) -> Expected:
    needs_price = recipe.budget.usd_per_request is not None
    likely = likely_models(
        catalog, prices(catalog, catalog.models), needs_price=needs_price, estimates=estimates
    )
    judges = tuple(sorted(judges_needed(recipe, catalog)))
    return expected_case(recipe, list(catalog.models), judges, likely)


def night_estimate(
    store: Store | None,
    recipe: Recipe,
    catalog: Catalog,
    tokens: CellTokens,
    *,
    run: str = "",
    estimates: Estimates | None = None,
    arms: Sequence[Recipe] = (),
) -> NightEstimate:
    """The estimate of a night whose rows have these tokens.

    Args:
        store: where past runs are looked for; None looks for none.
        tokens: of the cells that `expected_of` wants.
        run: the night's own name, which tells nothing of itself.
        estimates: what earlier runs say of the models, for needs.
        arms: further recipes that work every request.
    """
    expected = expected_of(recipe, catalog, estimates, arms)
    priced = prices(catalog, catalog.models)
    wanted = Wanted(recipe, catalog, priced, expected.cells, run)
    past = PastRows(priced, expected.cells) if store is None else past_rows(store, wanted)
    lines = tuple(estimate_lines(expected, tokens.means, past, priced))
    seconds = _row_seconds(expected.seconds, past)
    took, held_by = run_seconds(lines, catalog, tokens.rows, AT_ONCE, seconds)
    row_worst = worst_in(recipe, catalog, known_prices(recipe, catalog), tokens.largest_row, proven=True)
    return NightEstimate(
        rows=tokens.rows,
        tokens=tokens,
        lines=lines,
        seconds=seconds,
        row_worst=row_worst,
        run_worst_usd=_worst_usd(recipe, catalog, known_prices(recipe, catalog), tokens, row_worst),
        past=past,
        run_seconds=took,
        held_by=held_by,
    )


def _row_seconds(supposed: float, past: PastRows) -> float:
    known = len(past.seconds)
    return (PRIOR_ROWS * supposed + sum(past.seconds)) / (PRIOR_ROWS + known)


def _worst_usd(
    recipe: Recipe,
    catalog: Catalog,
    priced: dict[str, Price | None],
    tokens: CellTokens,
    largest: WorstCase,
) -> float | None:
    """Of all rows: a row's worst case bends upwards with its tokens, so it lies below the line from none to the most."""
    if largest.usd is None:
        return None
    none = worst_in(recipe, catalog, priced, 0, proven=True).usd or 0.0
    share = tokens.mean_row / tokens.largest_row if tokens.largest_row else 0.0
    return tokens.rows * (none + share * (largest.usd - none))
