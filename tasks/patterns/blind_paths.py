"""Under which names the judging of what is delivered stands in the tables: no step of a recipe can be called so."""

from __future__ import annotations

from typing import Final

FINAL: Final = "@final"
PAIR: Final = "@pair"
BATCH: Final = "@batch"


def is_proof(step: str) -> bool:
    """Whether calls of a step prove what the recipe's own are worth: other arms and their judges."""
    return step.startswith("@") and not step.startswith(BATCH)
