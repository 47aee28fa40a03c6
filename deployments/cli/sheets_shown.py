"""Tables of words in the terminal, or in a pipe, where nothing is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from tasks.landing.wording import one_line, times

if TYPE_CHECKING:
    from tasks.landing.sheet import Sheet

LONGEST_CELL = 300
INDENT = 2
PIPE_COLUMNS = 240
WIDE_COLUMNS = 150


def wide_console() -> Console:
    """A console that cuts nothing off where the output goes into a file or a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPE_COLUMNS)


def tell(console: Console, title: str, said: str, room: int = 0) -> None:
    """Print words, indented; their further lines stand below the first. Off a terminal it is one line.

    Args:
        title: before the words, in a column of `room` characters.
    """
    begin = f"{title:<{room}} " if room else ""
    if not console.is_terminal:
        console.print(f"{' ' * INDENT}{begin}{said}", soft_wrap=True, markup=False)
        return
    hang = INDENT + len(begin)
    lines = Text(said).wrap(console, max(20, console.width - hang))
    for number, line in enumerate(lines):
        line.rstrip()
        console.print(Text(" " * hang if number else f"{' ' * INDENT}{begin}") + line)


def show_sheet(sheet: Sheet, console: Console, *, most_rows: int | None = None) -> None:
    """Print a table, its lesser columns only where there is room, and how many rows were left out."""
    sheet = sheet if console.width >= WIDE_COLUMNS else sheet.narrow
    console.print()
    console.print(sheet_table(sheet, most_rows))
    if most_rows is not None and len(sheet.rows) > most_rows:
        console.print(f"and {times(len(sheet.rows) - most_rows, 'row')} more")


def sheet_table(sheet: Sheet, most_rows: int | None = None) -> Table:
    """The table as rich prints it."""
    table = Table(title=sheet.title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for place, title in enumerate(sheet.columns):
        number = sheet.is_number(place)
        table.add_column(
            title, justify="right" if number else "left", no_wrap=number, overflow="fold", min_width=3
        )
    for row in sheet.rows[:most_rows]:
        table.add_row(*(escape(one_line(cell, LONGEST_CELL)) for cell in row))
    return table
