"""What a comparison came to, arm by arm, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployments.cli.sheets_shown import show_sheet, tell
from tasks.landing.bought import SIDE_BY_SIDE
from tasks.landing.compared import compared_sheet, compared_words

if TYPE_CHECKING:
    from rich.console import Console


def show_arms(manifest: dict[str, Any], console: Console) -> None:
    """Print a line per arm of a committed comparison, and what each says in words; nothing where nothing was compared."""
    if not manifest.get("arms"):
        return
    sheet = compared_sheet(manifest, SIDE_BY_SIDE)
    show_sheet(sheet, console)
    tell(console, "", sheet.note.replace("`", ""))
    console.print()
    for said in compared_words(manifest):
        tell(console, "", said)
