"""Metadata at the end of a plain text: a stated confidence, sources, warnings, suggestions. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class _Part:
    """Metadata at the end of a text: lines from start to stop, and what a heading of the same kind looks like."""

    name: str
    start: int
    stop: int
    value: Any
    rival: re.Pattern[str] | None


def without_end(text: str) -> tuple[str, dict[str, Any]]:
    """A text without the metadata at its end, and these.

    Warnings and suggestions may be a section of the text itself. They are metadata if a confidence stands
    beside them, or as a list under a heading that is the only one of its kind.
    """
    lines = text.split("\n")
    end, parts = len(lines), dict[str, _Part]()
    while (part := _part(lines, end)) and part.name not in parts:
        parts[part.name], end = part, part.start
    body, rest, stated = lines[:end], list[str](), dict[str, Any]()
    if not body or sum(line.lstrip().startswith(("```", "~~~")) for line in body) % 2:
        return text, {}
    for name, part in reversed(parts.items()):
        alone = part.rival is not None and not any(map(part.rival.match, body))
        if name == "sources" or not (alone or "confidence" in parts):
            rest += lines[part.start : part.stop]
        if name == "sources" or alone or "confidence" in parts:
            stated[name] = part.value
    is_cut = bool(stated.keys() - {"sources"})
    while not rest and len(body) > 1 and (not body[-1].strip() or _RULE.match("\n".join(body[-2:]))):
        body.pop()
    return "\n".join(body + rest).rstrip() if is_cut else text, stated


def _part(lines: Sequence[str], stop: int) -> _Part | None:
    """The metadata that the lines before `stop` end in."""
    last = stop - 1
    while last > 0 and not lines[last].strip():
        last -= 1
    label = _LABEL.fullmatch(lines[last].strip()) if last > 0 else None
    if label and label["rest"] and ":" in label["sign"]:
        name, value = _read(label, label["rest"])
        return _Part(name, last, stop, value, None) if value is not None else None
    start = last
    while start > 0 and (
        _IN_LIST.match(lines[start]) or (start == last and share_in(lines[start]) is not None)
    ):
        start -= 1
    label = _LABEL.fullmatch(lines[start].strip()) if start < last else None
    if label is None or label["rest"] or not (label["mark"] or label["bold"] or ":" in label["sign"]):
        return None
    name, value = _read(label, "\n".join(lines[start + 1 : last + 1]))
    rival = _RIVALS.get((label["mark"] or "").strip()[:2], _RIVALS[""])
    return _Part(name, start, stop, value, rival) if value is not None else None


def _read(label: re.Match[str], block: str) -> tuple[str, float | list[str] | None]:
    """The field that a label names, and what it holds; None if it is no confidence."""
    name = label["name"].lower()
    if name == "confidence":
        return name, share_in(block)
    return {"r": "sources", "w": "warnings"}.get(
        name[0], "sources" if name[1] == "o" else "suggestions"
    ), items_in(block)


def items_in(block: str) -> list[str]:
    """The texts of a list, one of each item or, without marks, of each line."""
    block = _ITEM_TAG.sub("\n", block)
    pieces = _MARKER.split(block) if _MARKER.search(block) else block.split("\n")
    texts = [" ".join(piece.split()) for piece in pieces]
    return [text for text in texts if text.strip("*_.- ").casefold() not in {"", "none", "n/a"}]


def share_in(text: str) -> float | None:
    """A confidence from 0 to 1: `0.8`, `80%`, `8/10`, high, medium or low; None for anything else."""
    text = text.strip(" \t\n*_`.").casefold()
    if text in _WORDS:
        return _WORDS[text]
    found = _SHARE.fullmatch(text)
    if found is None:
        return None
    share = float(found[1].replace(",", ".")) / (100 if found[2] == "%" else int(found[3] or 1))
    return share if share <= 1 else None


_WORDS = MappingProxyType({"high": 0.9, "medium": 0.6, "low": 0.3})
_SHARE = re.compile(r"([0-9]{1,3}(?:[.,][0-9]{1,6})?)\s?(%|/\s?(100|10|5))?")
_ITEM_TAG = re.compile(r"</?(?:source|warning|suggestion|item|li)\s*>", re.IGNORECASE)
_MARKER = re.compile(r"^[ \t]*(?:[-*+•]|[0-9]{1,3}[.)]|\[[0-9]{1,3}\])[ \t]+", re.MULTILINE)
_IN_LIST = re.compile(rf"{_MARKER.pattern}|\s|\Z")
_RULE = re.compile(r"\s*\n[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*\Z")
_LABEL = re.compile(
    r"(?P<mark>#{1,6}[ \t]+|[-*][ \t]+)?(?P<bold>\*\*|__)?"
    r"(?P<name>confidence|sources?|references|warnings?|suggestions?)(?:[ ](?:score|level|rating))?"
    r"(?P<sign>[:*_ \t]{0,8})(?P<rest>.*)",
    re.IGNORECASE,
)
_RIVALS = MappingProxyType(
    {
        "#": re.compile(r"[ \t]*#{1,6}[ \t]"),
        "##": re.compile(r"[ \t]*#{2,6}[ \t]"),
        "": re.compile(r"[ \t]*(?:\*\*|__)?\w[^:*_\n]{0,40}(?::(?:\*\*|__)?|(?:\*\*|__):?)\s*\Z"),
    }
)
