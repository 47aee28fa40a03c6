"""The pairs of a recipe's last nights together: where a share of a small table gives too few a night to tell. No I/O.

Only nights count that compare the same: the same work, baseline, judges and criteria, by the same models. A request that
several nights compared is one observation, the mean of its nights, as its nights are alike and would count for more than
they tell. Nights of the same table thus add nothing but steadier scores; nights of other requests add pairs. The interval is
that of one look: who looks every night until it says something looks too often.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from math import isnan, nan
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tasks.judging.uplift import uplift
from tasks.judging.verdict import pay, verdict
from tasks.landing.made_with import compares_alike

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tasks.judging.uplift import Uplift
    from tasks.judging.verdict import Verdict
    from tasks.landing.pairs import Pairs

MOST_KEPT: Final = 400  # of one night, by which a night tells alone
DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class Pooled:
    """What the last nights say together.

    Attributes:
        nights: that compared the same, the last one included.
        found: over requests.
    """

    nights: int
    found: Uplift
    said: Verdict

    @property
    def words(self) -> str:
        return f"Over the last {self.nights} nights together: {self.said.answer}: {self.said.words}"


def kept_pairs(pairs: Pairs) -> dict[str, Any]:
    """For the manifest: {judges, of: request → difference by each judge}, of the smallest digests of request ids."""
    judges, table = pairs.table()
    rows = sorted(
        (sha256(pair.request_id.encode()).hexdigest()[:DIGITS], row)
        for pair, row in zip(pairs.pairs, table, strict=True)
    )
    return {
        "judges": judges,
        "of": {
            digest: [None if isnan(each) else round(each, 4) for each in row]
            for digest, row in rows[:MOST_KEPT]
        },
    }


def pooled(manifests: Sequence[Mapping[str, Any]], against: str = "the single call") -> Pooled | None:
    """What the last of these nights and those before it that compare the same say; None if it is alone, or compared nothing.

    Args:
        manifests: in order of the nights.
    """
    alike = [
        (each, found)
        for each in manifests
        if (found := each.get("uplift")) and found.get("pairs") and compares_alike(each, manifests[-1])
    ]
    if len(alike) < 2 or alike[-1][0] is not manifests[-1]:
        return None
    uplifts = [found for _, found in alike]
    together = uplift(_table([each["pairs"] for each in uplifts]))
    if together is None:
        return None
    price = pay(together, _mean(uplifts, "usd_extra", "n"), _mean(uplifts, "seconds_extra", "seconds_n"))
    return Pooled(len(alike), together, verdict(together, price, against))


def _table(nights: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """A row for each request, a column for each judge: the mean over the nights."""
    judges = sorted({judge for night in nights for judge in night["judges"]})
    seen: dict[str, dict[str, list[float]]] = {}
    for night in nights:
        for request, row in night["of"].items():
            for judge, difference in zip(night["judges"], row, strict=True):
                if difference is not None:
                    seen.setdefault(request, {}).setdefault(judge, []).append(difference)
    table = [[_mean_of(by[judge]) if judge in by else nan for judge in judges] for by in seen.values()]
    return np.array(table, dtype=np.float64).reshape(len(table), len(judges))


def _mean_of(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _mean(uplifts: Iterable[Mapping[str, Any]], name: str, count: str) -> float | None:
    """Over all pairs; None as soon as a night's is not known, but for one that says it is of no pairs."""
    known = [(each[name], each[count]) for each in uplifts if each[count]]
    if not known or any(value is None for value, _ in known):
        return None
    return float(sum(value * number for value, number in known) / sum(number for _, number in known))
