"""Simulated voters whose skills, likeness and costs are known."""

from __future__ import annotations

import numpy as np

from tasks.choosing.panel import Panel

KINDS = np.array(["law", "math"], dtype=object)


def panel(
    n: int = 2000, skills: dict[str, tuple[float, float]] | None = None, seed: int = 1, options: int = 10
) -> Panel:
    """Independent voters over ten answers; `skills` are those for law and for math."""
    random = np.random.default_rng(seed)
    skills = skills or {"a": (0.8, 0.8), "b": (0.6, 0.6), "c": (0.6, 0.6)}
    kind, truth = random.integers(0, 2, n), random.integers(0, options, n)
    codes = np.empty((n, len(skills)), dtype=int)
    for place, both in enumerate(skills.values()):
        wrong = (truth + random.integers(1, options, n)) % options
        codes[:, place] = np.where(random.random(n) < np.array(both)[kind], truth, wrong)
    return of(tuple(skills), codes, truth, KINDS[kind])


def of(
    voters: tuple[str, ...], codes: np.ndarray, truth: np.ndarray, kinds: np.ndarray | None = None
) -> Panel:
    said = np.array([[f"{code}" for code in row] for row in codes], dtype=object)
    kinds = np.full(len(truth), None, dtype=object) if kinds is None else kinds
    right = (codes == truth[:, None]) * 1.0
    return Panel(voters, said, kinds, np.full((*codes.shape, 1), np.nan), right)


def halves(known: Panel) -> tuple[Panel, Panel]:
    places = np.arange(known.n)
    return known.rows(places[::2]), known.rows(places[1::2])


def scored(known: Panel, best: np.ndarray) -> float:
    return float(known.right[np.arange(known.n), best].mean())
