"""A model's Markdown quoted inside ours: it reads as it was meant, and cannot break out, embed or load anything.

No I/O.
"""

from __future__ import annotations

import re
from typing import Final

from tasks.landing.wording import UNSHOWN

LONGEST: Final = 24_000
CUT: Final = "*The rest is in the table `outputs`.*"

_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_CODE: Final = re.compile(r"(`+)(?:(?!\1).)+\1(?!`)")
_TAG: Final = re.compile(r"<(?=[A-Za-z/!?])")
_IMAGE: Final = re.compile(r"!(?=\[)")
_REMOTE: Final = re.compile(r"!(?=\[[^\]]*\]\(\s*<?(?:https?:)?//)", re.IGNORECASE)
_DEFINITION: Final = re.compile(r"^(\s*(?:>\s*)*)\[(?=[^\]]*\]:)")


def quoted(content: str) -> str:
    """A block quote of the text: no image is loaded, no tag is one, an open fence ends with it."""
    cut = len(content) > LONGEST
    lines = [f"> {line}".rstrip() for line in _harmless(content[:LONGEST].splitlines())]
    return "\n".join([*lines, "", CUT] if cut else lines)


def _harmless(lines: list[str]) -> list[str]:
    """Images and the targets they may have are never needed; tags and brackets stay as they are in code.

    Where a fence opens and closes is read roughly, so what would load something is broken there too.
    """
    found, fence = [], ""
    for written in lines:
        line = UNSHOWN.sub(" ", written)
        bare = _DEFINITION.sub(r"\1&#91;", _IMAGE.sub("&#33;", line))
        opened = _FENCE.match(line)
        if fence:
            found.append(_REMOTE.sub("&#33;", line))
            if opened and opened[1].startswith(fence) and not opened[2].strip():
                fence = ""
        elif opened and not (opened[1][0] == "`" and "`" in opened[2]):
            fence = opened[1]
            found.append(line)
        else:
            found.append(_outside_code(bare))
    return found


def _outside_code(line: str) -> str:
    done, at = [], 0
    for code in _CODE.finditer(line):
        done += [_TAG.sub("&lt;", line[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*done, _TAG.sub("&lt;", line[at:])])
