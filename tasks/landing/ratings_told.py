"""What became of a file of ratings, in words. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.landing.wording import times
from tasks.storing.errors import near_miss
from tasks.storing.rating_files import KNOWN
from tasks.storing.rating_values import SPELLED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.landing.rating_ingest import Ingested


def summary(told: Ingested) -> str:
    """One line: how many came, how they were read, how many did not come."""
    if told.skipped:
        return f"{told.file}: taken in before"
    merged = told.merged
    counts = ((merged.new, "new"), (merged.changed, "changed"), (merged.known, "known already"))
    said = ", ".join(f"{number:,} {word}" for number, word in counts if number) or "none"
    scale = f"; read as {SPELLED[told.scale]}" if told.scale else ""
    rejected = f"; {times(len(told.rejected), 'row')} rejected" if told.rejected else ""
    return f"{told.file}: ratings: {said}{scale}{rejected}"


def rejected_lines(told: Ingested, most: int) -> Iterator[str]:
    """A line for each of the first rejected rows, with its place, then where all of them are kept."""
    for each in told.rejected[:most]:
        yield f"{told.file}:{each.line}: {each.reason}"
    if told.rejected:
        more = len(told.rejected) - most
        yield (f"and {more:,} more; " if more > 0 else "") + f"rejected rows are kept in {told.rejected_url}"


def unused_line(told: Ingested) -> str:
    """Which columns nothing was taken of, with what they may have been meant to be; empty without any."""
    if not told.unused:
        return ""
    hints = {name: near_miss(name, KNOWN) for name in told.unused}
    said = (f"{name!r}" + (f" ({hint})" if hint.startswith("did") else "") for name, hint in hints.items())
    return f"{told.file}: not used: {', '.join(said)}"
