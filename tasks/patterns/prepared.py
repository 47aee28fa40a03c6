"""A question on its way out: slimmed, fitted to its model's window, and marked for the provider's cache. No I/O."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tasks.calling.route import estimated_tokens
from tasks.patterns.slimming import UNSLIMMED, Slimmer, Texts
from tasks.patterns.trimming import fitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tasks.calling.messages import Ask, Message
    from tasks.patterns.scope import Scope

    Build = Callable[[Slimmer, Texts], Ask]


def prepared(scope: Scope, model: str, build: Build, texts: Texts) -> tuple[Ask, int]:
    """What is sent, and how many tokens were left out of it, estimated.

    Args:
        model: that is asked first; what follows it may have another window.
        build: makes the question of `texts`, slimming as it is told.
        texts: what may be shortened where the model's window is too small, the least needed first.
    """
    known = scope.setting.models.get(model)
    touched: list[bool] = []
    ask, cut = fitted(partial(build, _watched(scope.setting.slimmer, touched)), texts, known)
    if cut:
        scope.warn(
            f"the question is longer than {model} can read, so parts of these were left out: {', '.join(cut)}"
        )
    if not cut and not any(touched):
        return ask, 0
    plain = build(UNSLIMMED, texts)
    return ask, max(0, estimated_tokens(plain) - estimated_tokens(ask))


def _watched(slimmer: Slimmer, touched: list[bool]) -> Slimmer:
    """The same, which notes for each text whether it changed: the plain question is seldom wanted, and not free."""

    def tidy(text: str, kept: Iterable[str]) -> str:
        tidied = slimmer.tidy(text, kept)
        touched.append(tidied != text)
        return tidied

    def once(texts: Texts) -> dict[str, str]:
        said = slimmer.once(texts)
        touched.append(said != texts)
        return said

    def quoted_once(texts: Iterable[str], quotes: Iterable[str]) -> list[str]:
        said = list(texts)
        quoted = slimmer.quoted_once(said, quotes)
        touched.append(quoted != said)
        return quoted

    return Slimmer(tidy, once, quoted_once)


def marked(messages: Sequence[Message], rows: int) -> tuple[Message, ...]:
    """With a system text that is the same for every row marked as such, where there are several rows."""
    first, *others = messages
    if rows > 1 and first.role == "system":
        first = replace(first, common=len(first.content))
    return (first, *others)
