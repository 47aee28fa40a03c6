"""Which of many voters to ask: as few as come to what the best panel does. No I/O.

Who is known to be much weaker than the best is refused first; then the voter is added that helps most, as long as the vote
gets better. Of the panels on the way the smallest is taken that is within one standard error of the best one (Breiman
and others 1984): a member has to earn what it costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from tasks.choosing.belief import FEWEST, learnt_belief
from tasks.judging.voting import weak_members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tasks.choosing.panel import Panel

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

MOST: Final = 6


def chosen_members(panel: Panel, folds: Places, most: int = MOST) -> tuple[str, ...]:
    """The members, the best first.

    Args:
        panel: with what is known to be right.
        folds: of each request; a panel is tried on each fold with what was learnt on the others.
    """
    skills = dict(zip(panel.voters, np.nan_to_num(panel.right).mean(axis=0), strict=True))
    weak = set(weak_members(skills))
    left = sorted((name for name in panel.voters if name not in weak), key=lambda name: -skills[name])
    path = [_tried(panel, left[:1], folds)]
    members = left[:1]
    del left[:1]
    while left and len(members) < most and panel.n >= FEWEST:
        found = [_tried(panel, [*members, name], folds) for name in left]
        best = int(np.argmax([each.mean() for each in found]))
        members = [*members, left.pop(best)]
        path.append(found[best])
    means = np.array([each.mean() for each in path])
    top = path[int(means.argmax())]
    for size, each in enumerate(path, 1):
        behind = top - each
        if behind.mean() <= behind.std() / np.sqrt(len(behind)):
            return tuple(members[:size])
    return tuple(members)


def _tried(panel: Panel, members: Sequence[str], folds: Places) -> Floats:
    """How right the most likely answer of these members is, for each request."""
    some = panel.of(members)
    score = np.zeros(panel.n)
    for fold in np.unique(folds):
        held, rest = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        found = learnt_belief(some.rows(rest)).believed(some.rows(held))
        right = np.nan_to_num(some.right[held])[np.arange(len(held)), np.maximum(found.best, 0)]
        score[held] = np.where(found.best >= 0, right, 0.0)
    return score
