"""The HTML report's tables. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.landing.escaping import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.landing.sheet import Sheet

MOST_ROWS: Final = 2_000


def table_html(sheet: Sheet) -> Iterator[str]:
    """The table alone, its texts escaped; what is too much is counted below it."""
    kinds = ["number" if sheet.is_number(place) else "text" for place in range(len(sheet.columns))]
    heads = "".join(
        f'<th class="{kind}" scope="col">{page(title)}</th>'
        for kind, title in zip(kinds, sheet.columns, strict=True)
    )
    yield (
        f'<div class="wide" tabindex="0" role="region" aria-label="{page(sheet.title)}"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>\n"
    )
    for place, row in enumerate(sheet.rows[:MOST_ROWS]):
        bar = _bar(sheet.shares[place]) if sheet.shares else ""
        cells = "".join(
            f'<td class="{kind}">{page(cell)}{"" if column else bar}</td>'
            for column, (kind, cell) in enumerate(zip(kinds, row, strict=True))
        )
        yield f"<tr>{cells}</tr>\n"
    yield "</tbody></table></div>"
    more = len(sheet.rows) - MOST_ROWS
    if more > 0:
        yield f'<p class="note">And {more:,} more.</p>'


def _bar(share: float) -> str:
    return f'<span class="bar"><span style="width:{100 * min(1.0, max(0.0, share)):.1f}%"></span></span>'
