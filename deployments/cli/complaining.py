"""How the command line says what went wrong: one message on standard error, its text untouched."""

from __future__ import annotations

from rich.console import Console


def complain(word: str, error: Exception) -> None:
    """Print `word` in red and the error after it; what looks like markup in a path stays as it is."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[red]{word}[/]:", end=" ")
    console.print(str(error), markup=False)
