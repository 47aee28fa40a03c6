"""Numbers within a JSON schema's limits, and the scale that a score is on. Pure."""

from __future__ import annotations

import re
from math import ceil, floor
from typing import Any

_SCALE = re.compile(r"\b([01])\s*(?:-|–|to|and|\.\.\.?)\s*(1|5|10|100)(?:\.0)?\b")
COUNTED = re.compile(
    r"count|number|rounds?$|words?$|^n$|minutes|hours|total|position|order|priority", re.IGNORECASE
)

_TINY = 1e-3


def scale_of(name: str, schema: dict[str, Any], prompt: str, *, whole: bool) -> tuple[float, float]:
    """(lowest, highest): by the schema's limits, its description or the prompt's words, else 0..1, or 0..10 if whole."""
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is not None and high is not None:
        return low, high
    if COUNTED.search(name):
        return (low or 0), (high if high is not None else 5)
    told = _SCALE.search(str(schema.get("description", "")))
    if not told and whole:
        told = _SCALE.search(prompt)
    if told:
        return float(told[1]), float(told[2])
    return (low if low is not None else 0), (high if high is not None else (10 if whole else 1))


def in_range(value: float, schema: dict[str, Any], *, whole: bool) -> float:
    """The value moved as little as needed for the schema's limits and steps; at most three decimals."""
    step = schema.get("multipleOf") or (1 if whole else None)
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if isinstance(above, int | float) and not isinstance(above, bool):
        low = above + (step or _TINY)
    if isinstance(below, int | float) and not isinstance(below, bool):
        high = below - (step or _TINY)
    if step:
        value = round(value / step) * step
        low = ceil(low / step) * step if low is not None else None
        high = floor(high / step) * step if high is not None else None
    value = max(value, low) if low is not None else value
    value = min(value, high) if high is not None else value
    if whole:
        return int(value)
    return value if step else round(value, 3)
