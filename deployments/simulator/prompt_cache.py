"""Which part of a prompt a provider would have read from its prompt cache. Pure but for its own memory."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from deployments.simulator.tokens import count_tokens

if TYPE_CHECKING:
    from deployments.simulator.asked import Asked

LEAST_TOKENS = 1024
STEP_CHARACTERS = 512
_LEAST_CHARACTERS = LEAST_TOKENS
_MOST_PREFIXES = 200_000


class PromptCache:
    """Remembers prefixes of long prompts; OpenAI and Gemini cache by themselves, Anthropic where it is marked."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()

    def read_and_write(self, asked: Asked, tokens_in: int) -> tuple[int, int]:
        """(tokens read from the cache, tokens written to it); only Anthropic counts the second."""
        if tokens_in < LEAST_TOKENS or (asked.api == "anthropic" and not asked.cache_marks):
            return 0, 0
        prompt = asked.prompt
        if len(prompt) < _LEAST_CHARACTERS:
            return 0, 0
        if len(self._known) > _MOST_PREFIXES:
            self._known.clear()
        cached = self._longest_known(asked.model, prompt)
        tokens = min(count_tokens(prompt[:cached]), tokens_in - 1)
        tokens = tokens if tokens >= LEAST_TOKENS else 0
        return tokens, (tokens_in - tokens if asked.api == "anthropic" and tokens < LEAST_TOKENS else 0)

    def _longest_known(self, model: str, prompt: str) -> int:
        """Characters of the longest known prefix; all prefixes of `prompt` are known afterwards."""
        digest = blake2b(model.encode(), digest_size=12)
        longest = 0
        for end in range(STEP_CHARACTERS, len(prompt) + 1, STEP_CHARACTERS):
            digest.update(prompt[end - STEP_CHARACTERS : end].encode("utf-8", "surrogatepass"))
            key = digest.digest()
            if key in self._known:
                longest = end
            else:
                self._known.add(key)
        return longest
