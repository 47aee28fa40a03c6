"""Numbers that composer and judge share."""

from __future__ import annotations

FLAW_SHARE = 0.6
"""Share of flawed sentences at skill 0; a judge turns the share it finds back into a skill."""
