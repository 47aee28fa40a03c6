"""Which part of a prompt a provider would have read from its prompt cache. Pure but for its own memory."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import orjson

from deployments.simulator.tokens import count_tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from deployments.simulator.asked import Asked

LEAST_TOKENS = 1024
STEP_CHARACTERS = 512
_MOST_PREFIXES = 200_000


class PromptCache:
    """Remembers prefixes of long prompts; OpenAI and Gemini cache by themselves, Anthropic where it is marked.

    A prefix can be read once a call that has it was answered: calls at the same time all write it.
    """

    def __init__(self) -> None:
        self._known: set[bytes] = set()

    def read_and_written(self, asked: Asked, tokens_in: int) -> tuple[int, int]:
        """(tokens read from the cache, tokens written to it); only Anthropic counts, and bills, the second."""
        if tokens_in < LEAST_TOKENS:
            return 0, 0
        longest = read = 0
        for end, key in _prefixes(asked):
            longest = end
            read = end if key in self._known else read
        tokens_read, tokens_longest = (self._cacheable(asked.prompt[:end]) for end in (read, longest))
        tokens_read = min(tokens_read, tokens_in - 1)
        return tokens_read, max(0, tokens_longest - tokens_read) if asked.api == "anthropic" else 0

    def answered(self, asked: Asked) -> None:
        """From now on the prefixes of `asked` can be read."""
        if len(self._known) > _MOST_PREFIXES:
            self._known.clear()
        self._known.update(key for _, key in _prefixes(asked))

    @staticmethod
    def _cacheable(prefix: str) -> int:
        tokens = count_tokens(prefix)
        return tokens if tokens >= LEAST_TOKENS else 0


def _prefixes(asked: Asked) -> Iterator[tuple[int, bytes]]:
    """(where it ends, its digest) of each prefix that is kept, the shortest first; the answer's schema counts."""
    prompt = asked.prompt
    if len(prompt) < LEAST_TOKENS:
        return
    ends: Iterable[int] = range(STEP_CHARACTERS, len(prompt) + 1, STEP_CHARACTERS)
    if asked.api == "anthropic":
        ends = sorted(set(asked.cache_marks))
    digest = blake2b(asked.model.encode() + orjson.dumps(asked.form), digest_size=12)
    start = 0
    for end in ends:
        digest.update(prompt[start:end].encode("utf-8", "surrogatepass"))
        start = end
        yield end, digest.digest()
