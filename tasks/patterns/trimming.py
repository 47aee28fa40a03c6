"""Shortening a question that its model could not read whole, by rule: what is least needed first. No I/O.

Each text that may be shortened keeps its head and its tail. Instructions and the request's own cells are never touched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tasks.calling.route import TOKENS_PER_MESSAGE, estimated_tokens, text_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tasks.calling.catalog import Model
    from tasks.calling.messages import Ask

LEAST_CHARACTERS: Final = 600
"""What is always left of a text, so that it can still be seen what it was."""
HEAD_SHARE: Final = 0.67
MARK_TOKENS: Final = 16


def fitted(
    build: Callable[[Mapping[str, str]], Ask], texts: Mapping[str, str], model: Model | None
) -> tuple[Ask, tuple[str, ...]]:
    """What `build` makes of the texts, and the names of those that had to be shortened.

    A question that is too long even then is left as it is: the next model may read more.

    Args:
        texts: what may be shortened, in this order, each only if the one before was not enough.
    """
    ask = build(texts)
    if not texts or _over(ask, model) <= 0:
        return ask, ()
    given, cut = dict(texts), []
    over = _over(ask, model)
    for name, text in texts.items():
        given[name] = shortened(text, over)
        if given[name] == text:
            continue
        cut.append(name)
        shorter = build(given)
        over = _over(shorter, model)
        if over <= 0:
            return shorter, tuple(cut)
    return ask, ()


def shortened(text: str, tokens: int) -> str:
    """`text` with at least so many tokens taken out of its middle, as far as it has them."""
    whole = text_tokens(text)
    if whole <= 0 or len(text) <= LEAST_CHARACTERS:
        return text
    share = max(0.0, 1 - (tokens + MARK_TOKENS) / whole)
    kept = max(LEAST_CHARACTERS, int(len(text) * share))
    head = text[: int(kept * HEAD_SHARE)]
    tail = text[len(text) - (kept - len(head)) :]
    head, tail = _WORD_CUT_OFF.sub("", head), _WORD_CUT_AT.sub("", tail)
    left_out = len(text[len(head) : len(text) - len(tail)].split())
    mark = f"\n\n[… {left_out:,} {'word' if left_out == 1 else 'words'} left out …]\n\n"
    return f"{head.rstrip()}{mark}{tail.lstrip()}" if kept + len(mark) < len(text) else text


def _over(ask: Ask, model: Model | None) -> int:
    """Tokens by which a question and its answer are more than the model's window, by a high estimate."""
    if model is None or model.context is None:
        return 0
    answer = min(ask.max_tokens, model.max_output or ask.max_tokens)
    room = model.context - answer
    # A character is a token at most, and counting characters is cheap.
    schema = 0 if isinstance(ask.format, str) else room
    most = sum(len(message.content) for message in ask.messages) + TOKENS_PER_MESSAGE * (
        len(ask.messages) + 1
    )
    return 0 if most + schema <= room else estimated_tokens(ask) - room


_WORD_CUT_OFF: Final = re.compile(r"(?<=\s)\S{1,40}\Z")
_WORD_CUT_AT: Final = re.compile(r"\A\S{1,40}(?=\s)")
