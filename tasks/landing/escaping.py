"""Foreign text made harmless: in Markdown, in Mermaid, in HTML. No I/O.

Texts of models, requests and providers may hold anything; none may become a table's edge, a tag, a link or code.
"""

from __future__ import annotations

import html
import re
from typing import Final

from tasks.landing.wording import UNSHOWN, one_line

LONGEST_CELL: Final = 300

# As entities, which mean the same in every dialect. Inside a word `_` is nothing but itself.
_IN_MARKDOWN: Final = re.compile(r"[\\`*\[\]<>&|~]|(?<![^\W_])_|_(?![^\W_])")
_IN_MERMAID: Final = re.compile(r"[^\w .,:;/()+=@?'·–…×→-]|(?<=-)-|^\d+\.(?=\s)|^-(?=\s)")


def markdown(text: str, longest: int = LONGEST_CELL) -> str:
    """One line of Markdown that shows the text as it is, in a table's cell too."""
    return _IN_MARKDOWN.sub(lambda found: f"&#{ord(found[0])};", one_line(text, longest))


def mermaid(text: str) -> str:
    """The inside of a quoted Mermaid label that shows the text as it is."""
    shown = " ".join(text.split())
    return _IN_MERMAID.sub(lambda found: "".join(f"#{ord(each)};" for each in found[0]), shown)


def page(text: str) -> str:
    """Text or a quoted attribute of HTML."""
    return html.escape(UNSHOWN.sub(" ", text))
