"""How wide a line of text is, near enough to keep it within its room whatever the reader's font. No I/O.

On the wide side of what is commonly installed as system-ui: DejaVu Sans, Segoe UI, San Francisco, Roboto.
"""

from __future__ import annotations

from typing import Final
from unicodedata import east_asian_width

from tasks.landing.wording import CUT

TEXT_PX: Final = 12
NARROW: Final = frozenset("fijlrtI.,:;|!'()[]/\\ ")
BROAD: Final = frozenset("mwMW@%&<>+=~\u2013\u2014\u2026")


def wide_px(text: str) -> float:
    """Pixels that a line of TEXT_PX takes at most, nearly always."""
    return TEXT_PX * sum(map(_wide, text))


def within(text: str, room: float | None) -> str:
    """The text, cut at its end if it is wider than so many pixels."""
    if room is None or wide_px(text) <= room:
        return text
    left = room / TEXT_PX - _wide(CUT)
    kept = 0
    for each in text:
        left -= _wide(each)
        if left < 0:
            break
        kept += 1
    return text[:kept] + CUT


def end_within(text: str, room: float) -> str:
    """The text, cut at its beginning if it is wider: paths differ at their ends."""
    cut = within(text[::-1], room)
    return cut[::-1] if cut.endswith(CUT) else text


def _wide(letter: str) -> float:
    if letter in NARROW:
        return 0.43
    if letter in BROAD:
        return 1.0
    if east_asian_width(letter) in "WF" or ord(letter) > 0xFFFF:
        return 1.1
    return 0.78 if letter.isupper() else 0.645
