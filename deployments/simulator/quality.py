"""How good the texts in a judge's prompt are: the simulator knows its own flaws and counts them. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b

from deployments.simulator.composing_rules import FLAW_SHARE
from deployments.simulator.prose.languages import PROSE
from deployments.simulator.reading import SIMULATED_MARK

_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？]")
_QUOTING = re.compile(r"<(?:text|first|second)>\n")
_FEWEST_SENTENCES = 5
LOWEST, HIGHEST = 0.05, 0.98


def qualities_of(prompt: str) -> tuple[float, ...]:
    """One quality (0..1) per simulated text in the prompt, in order; one for the whole prompt if there is none.

    A text that the prompt quotes in a tag is judged without what stands around it. A foreign text has no flaws to count;
    its quality is drawn from 0.6 to 0.9 by its content.
    """
    texts = _texts(prompt)
    if not texts:
        flaws = _flaws(prompt)
        return (_quality(prompt, flaws) if flaws else 0.6 + 0.3 * _drawn(prompt),)
    return tuple(_quality(text, _flaws(text)) for text in texts)


def lengths_of(prompt: str) -> tuple[int, ...]:
    """Words of the same texts."""
    return tuple(len(text.split()) for text in _texts(prompt) or [prompt])


def _texts(prompt: str) -> list[str]:
    """The simulated texts of a prompt, each from its tag on, or from where the one before ended."""
    return [_QUOTING.split(text)[-1] for text in prompt.split(SIMULATED_MARK)[:-1]]


def _quality(text: str, flaws: int) -> float:
    sentences = max(_FEWEST_SENTENCES, len(_SENTENCE_END.findall(text)))
    return min(HIGHEST, max(LOWEST, 1 - flaws / sentences / FLAW_SHARE))


def _flaws(text: str) -> int:
    return sum(map(text.count, _fragments()))


def _drawn(text: str) -> float:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=1).digest()[0] / 256


@lru_cache(maxsize=1)
def _fragments() -> tuple[str, ...]:
    """The longest fixed part of every flawed sentence, which no sound sentence has."""
    templates = {template for prose in PROSE.values() for template in prose.flaws}
    return tuple(sorted(max(template.split("{p}"), key=len).strip() for template in templates))
