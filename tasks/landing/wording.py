"""Figures in words, the same in every form of the report. What is not known is `unknown`, what there is none of `–`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = "unknown"
NONE = "–"
CUT = "…"
SMALLEST_USD = 0.0001
UNITS = ("B", "kB", "MB", "GB", "TB")
# Control characters, what turns the direction of writing, and halves of characters: no place can show them.
UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def usd(amount: float | None) -> str:
    """USD with as many digits as say something; None is an unknown price."""
    if amount is None:
        return UNKNOWN
    if 0 < amount < SMALLEST_USD:
        return f"<${SMALLEST_USD}"
    return f"${amount:,.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}"


def expected_usd(estimate: Mapping[str, Any]) -> str:
    """What a run was expected to cost, as its plan has it; empty where there is no estimate."""
    if estimate.get("usd") is None:
        return ""
    between = f"{usd(estimate['usd_low'])} to {usd(estimate['usd_high'])}"
    return f"{usd(estimate['usd'])} ({between}; {estimate['basis']})"


def count(number: int | None) -> str:
    """A whole number; None is unknown."""
    return UNKNOWN if number is None else f"{number:,}"


def seconds(value: float | None) -> str:
    """A time in seconds; None where nothing was timed."""
    if value is None:
        return NONE
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def score(value: float | None) -> str:
    """A score from 0 to 1; None where nobody judged."""
    return NONE if value is None else f"{value:.2f}"


def percent(part: float | None, whole: float) -> str:
    """A share of `whole`; of nothing there is none, None is unknown."""
    if not whole:
        return NONE
    return UNKNOWN if part is None else f"{100 * part / whole:.0f}%"


def one_line(text: str | None, longest: int) -> str:
    """A text as one line of at most so many characters, without what cannot be shown."""
    if not text:
        return ""
    seen = text[: longest * 4]
    words = " ".join(UNSHOWN.sub(" ", seen).split())
    return words if len(words) <= longest and seen == text else words[: longest - 1] + CUT


def times(number: int, noun: str) -> str:
    """`1 call`, `2 calls`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(size_bytes: int) -> str:
    """Bytes for people."""
    value, unit = float(size_bytes), 0
    while value >= 1000 and unit < len(UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if unit == 0 or value >= 100 else f"{value:.1f} {UNITS[unit]}"


def gain(value: float | None) -> str:
    """A difference of two scores, with its sign; None where nothing was compared."""
    return NONE if value is None else f"{value:+.3f}"


def gain_between(value: float | None, low: float | None, high: float | None) -> str:
    """A difference and the ends of its interval."""
    return gain(value) if low is None or high is None else f"{gain(value)} ({gain(low)} to {gain(high)})"


def usd_extra(amount: float | None) -> str:
    """USD more or less, with its sign; None is an unknown price."""
    return usd(None) if amount is None else f"{'-' if amount < 0 else '+'}{usd(abs(amount))}"
