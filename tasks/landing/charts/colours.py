"""The charts' colours as the page's style sheet names them. No I/O.

A chart is drawn once for light and dark: matplotlib gets a stand-in for each colour, and the page a CSS variable.
"""

from __future__ import annotations

from typing import Final

INK: Final = "#010101"
SOFT: Final = "#020202"
LINE: Final = "#030303"
CARD: Final = "#040404"
MADE: Final = "#050501"
BASELINE: Final = "#050502"
SERIES: Final = (MADE, BASELINE, "#050503", "#050504", "#050505", "#050506", "#050507")
LOSS: Final = BASELINE

VARIABLES: Final[dict[str, str]] = {
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    LINE: "var(--line)",
    CARD: "var(--card)",
    **{colour: f"var(--c{number})" for number, colour in enumerate(SERIES, 1)},
}
