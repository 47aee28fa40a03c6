"""Under which names the judging of what is delivered stands in the tables: no step of a recipe can be called so."""

from __future__ import annotations

from typing import Final

FINAL: Final = "@final"
PAIR: Final = "@pair"
