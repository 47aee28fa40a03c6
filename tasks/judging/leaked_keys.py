"""Keys in a text: those that this run uses, and what has the shape of one. No I/O.

The shapes are those that providers document; what stands for a key in an example (`sk-xxxx…`, `AKIA…EXAMPLE`) is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST_SECRET: Final = 8
"""A local server's key may be an ordinary word."""
FEWEST_SIGNS: Final = 8
OWN: Final = "a key of this run"

SHAPES: Final = (
    r"\b(?:sk|pk|rk|gsk|hf|xai|nvapi|r8)[-_][A-Za-z0-9_-]{20,200}"
    r"|\bAIza[A-Za-z0-9_-]{30,60}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{30,255}|glpat-[A-Za-z0-9_-]{20,60})"
    r"|\bxox[abprs]-[A-Za-z0-9-]{20,255}"
    r"|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"
)
"""One expression, in the syntax that both Python and RE2 read."""


def keys_in(text: str, secrets: Iterable[str]) -> list[str]:
    """Everything in the text that is or looks like a key, each once; the run's own first.

    Args:
        secrets: the keys in use.
    """
    own = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET and secret in text]
    shaped = (match[0] for match in _SHAPES.finditer(text))
    return list(dict.fromkeys([*own, *filter(_is_no_example, shaped)]))


def told_key(key: str, secrets: Iterable[str]) -> str:
    """How a warning names a key without giving it away."""
    return OWN if key in secrets else f"'{key[:4]}…', {len(key)} characters"


def without_keys(text: str, keys: Iterable[str]) -> str:
    """The text with each key masked."""
    for key in keys:
        text = text.replace(key, "[key]")
    return text


def _is_no_example(key: str) -> bool:
    if key.startswith("-"):
        return True
    lower = key.lower()
    stands_for = any(word in lower for word in ("example", "your", "xxxx", "placeholder"))
    has_both = any(map(str.isdigit, key)) and any(map(str.isalpha, key))
    return has_both and not stands_for and len(set(key)) >= FEWEST_SIGNS


_SHAPES: Final = re.compile(SHAPES)
