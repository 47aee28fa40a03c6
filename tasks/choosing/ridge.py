"""Linear regression on groups of features, each group as strong as the rows themselves show it to be. No I/O.

The strength of a group, the variance of its weights over the noise's, is the one under which what was observed is
likeliest (MacKay, Neural Computation 4, 1992): a group that tells nothing drops out, and with few rows all are weak. So
there is nothing to set by hand, and no row has to be held out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]
    Likely = Callable[[Sequence[float]], float]

STRENGTHS: Final = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
START: Final = 0.01
ROUNDS: Final = 2
LEAST: Final = 1e-12


def solved(groups: Sequence[Numbers], strengths: Sequence[float], values: Numbers) -> Numbers:
    """The weights of all groups' features, one after another.

    Args:
        groups: of one row per observation each, with rows of length about 1.
        strengths: of each group; one of 0 has no say.
        values: what was observed, with a mean near 0.
    """
    scale = _scale(groups, strengths)
    scaled = np.concatenate(list(groups), axis=1) * scale
    if len(values) < scaled.shape[1]:
        weights = scaled.T @ np.linalg.solve(_plus_one(scaled @ scaled.T), values)
    else:
        weights = np.linalg.solve(_plus_one(scaled.T @ scaled), scaled.T @ values)
    return (weights * scale).astype(np.float32)


def strengths_of(groups: Sequence[Numbers], values: Numbers) -> list[float]:
    """The strength of each group under which the values are likeliest; one group after another is set, twice.

    All are 0 where nothing can be told: values that do not differ from 0.
    """
    if not np.any(values):
        return [0.0 for _ in groups]
    features = sum(each.shape[1] for each in groups)
    likely = _by_rows(groups, values) if len(values) < features else _by_features(groups, values)
    found = [START for _ in groups]
    best = likely(found)
    for _ in range(ROUNDS):
        start = found
        for place in range(len(groups)):
            for strength in (each for each in STRENGTHS if each != start[place]):
                tried = [*found[:place], strength, *found[place + 1 :]]
                evidence = likely(tried)
                if evidence > best:
                    best, found = evidence, tried
        if found == start:
            break
    return found


def _by_rows(groups: Sequence[Numbers], values: Numbers) -> Likely:
    """The logarithm of the values' likelihood, without constants, for fewer rows than features."""
    alike = [(each @ each.T).astype(np.float64) for each in groups]

    def likely(strengths: Sequence[float]) -> float:
        together = np.zeros_like(alike[0])
        for strength, each in zip(strengths, alike, strict=True):
            together += strength * each
        explained, log_roots = _against(_plus_one(together), values.astype(np.float64))
        return _log_likelihood(len(values), explained, log_roots)

    return likely


def _by_features(groups: Sequence[Numbers], values: Numbers) -> Likely:
    """The same, for more rows than features."""
    together = np.concatenate(list(groups), axis=1)
    gram, towards = (together.T @ together).astype(np.float64), (together.T @ values).astype(np.float64)
    total = float(values @ values)

    def likely(strengths: Sequence[float]) -> float:
        scale = _scale(groups, strengths).astype(np.float64)
        kept = scale > 0
        scale = scale[kept]
        matrix = _plus_one(gram[np.ix_(kept, kept)] * scale[:, None] * scale)
        explained, log_roots = _against(matrix, scale * towards[kept])
        return _log_likelihood(len(values), total - explained, log_roots)

    return likely


def _against(matrix: NDArray[np.float64], vector: NDArray[np.float64]) -> tuple[float, float]:
    """The vector's square against the inverse of a matrix that is 1 and more, and half the logarithm of its determinant.

    Both from one Cholesky root, of the matrix with the vector beside it: its last corner is what the inverse leaves.
    """
    corner = float(vector @ vector) + 1.0
    root = np.linalg.cholesky(np.block([[matrix, vector[:, None]], [vector[None, :], np.array([[corner]])]]))
    diagonal = np.diag(root)
    return corner - float(diagonal[-1]) ** 2, float(np.log(diagonal[:-1]).sum())


def _log_likelihood(n: int, left_over: float, log_roots: float) -> float:
    """With the noise that is likeliest."""
    return float(-n / 2 * np.log(max(left_over, LEAST)) - log_roots)


def _scale(groups: Sequence[Numbers], strengths: Sequence[float]) -> Numbers:
    return np.repeat(np.sqrt(np.array(strengths, dtype=np.float32)), [each.shape[1] for each in groups])


def _plus_one(matrix: NDArray[Any]) -> NDArray[Any]:
    matrix[np.diag_indices(len(matrix))] += 1
    return matrix
