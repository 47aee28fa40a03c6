"""Texts within a JSON schema's format, pattern and length. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

_MOST_PATTERN_CHARACTERS = 200


def formatted(schema: dict[str, Any], random: Random) -> str | None:
    """A text of the schema's `format`, None if it has none that is known."""
    number = random.randrange(1 << 32)
    match schema.get("format"):
        case "date":
            return f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
        case "date-time":
            return f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}T08:00:00Z"
        case "time":
            return f"{number % 24:02d}:{number % 60:02d}:00Z"
        case "email" | "idn-email":
            return f"simulated{number % 1000}@example.org"
        case "uri" | "url" | "iri":
            return f"https://example.org/simulated/{number % 100_000}"
        case "hostname":
            return "simulated.example.org"
        case "ipv4":
            return f"192.0.2.{number % 254 + 1}"
        case "ipv6":
            return f"2001:db8::{number % 65_535:x}"
        case "uuid":
            return f"{number:08x}-0000-4000-8000-{number:012x}"
        case "duration":
            return "P1D"
    return None


def fit_text(text: str, schema: dict[str, Any], random: Random) -> str:
    """The text made longer or shorter as the schema wants, or one that matches its pattern."""
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and len(pattern) <= _MOST_PATTERN_CHARACTERS:
        return _matching(pattern, text, random)
    least, most = int(schema.get("minLength") or 0), schema.get("maxLength")
    while len(text) < least:
        text = f"{text} {text}" if text else "simulated"
    if most is None or len(text) <= int(most):
        return text
    shorter = text[: int(most)]
    cut = shorter.rsplit(" ", 1)[0]
    return cut if len(cut) >= max(least, 1) else shorter


def _matching(pattern: str, text: str, random: Random) -> str:
    """One of a few usual shapes that matches; `text` itself if none does."""
    number = random.randrange(1, 10)
    shapes = (
        text,
        text.lower(),
        re.sub(r"\W+", "-", text.lower()).strip("-"),
        re.sub(r"\W+", "_", text.lower()).strip("_"),
        *(f"{letter}{number}" for letter in ("t", "T", "s", "step", "task", "task-", "q")),
        *("0" * (zeros - 1) + str(number) for zeros in range(1, 7)),
        *("A" * count for count in range(1, 7)),
        *("a" * count for count in range(1, 7)),
        f"2026-01-0{number}",
        f"{number}.0",
        f"{number}.{number}.{number}",
        f"https://example.org/{number}",
        f"#{number}{number}{number}aaa",
    )
    compiled = re.compile(pattern)
    return next((shape for shape in shapes if compiled.search(shape)), text)
