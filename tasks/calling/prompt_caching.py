"""Which part of a question a provider is told to cache, where it has to be told: Anthropic. No I/O.

OpenAI, Gemini and their like cache by themselves what calls begin with. What is written to a cache costs a quarter more
than what is only read by the model, and a tenth when it is read from there again: so what is marked should be long
enough, and come again.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tasks.calling.messages import Ask, Message

MARKED: Final = frozenset({"anthropic"})
"""The wire formats that cache what is marked, and nothing else."""
MOST_MARKS: Final = 4
CHARACTERS_PER_TOKEN: Final = 4.0
"""On the low side, unlike `estimated_tokens`: a prefix that is too short is not cached, and would be waited for in vain."""

# platform.claude.com/docs/en/build-with-claude/prompt-caching; the longer one where its pages do not agree.
_LEAST_TOKENS: Final = (
    (re.compile(r"haiku-4-5|opus-4-[567]"), 4096),
    (re.compile(r"haiku-3|3-5-haiku|3-haiku|sonnet-4-6"), 2048),
)
_LEAST_TOKENS_ELSE: Final = 1024


def marks(api: str, model_id: str, ask: Ask) -> dict[int, int]:
    """Where a question is to be marked: message number → how many of its first characters are common to many calls.

    At most four, and only behind what is long enough for the model's cache.
    """
    if api not in MARKED or not any(message.common for message in ask.messages):
        return {}
    least = _least_tokens(model_id) * CHARACTERS_PER_TOKEN
    found: dict[int, int] = {}
    before = 0
    for number, message in in_order(ask):
        if message.common and before + message.common >= least:
            found[number] = message.common
        before += len(message.content)
    return dict(list(found.items())[-MOST_MARKS:])


def in_order(ask: Ask) -> list[tuple[int, Message]]:
    """The messages with their numbers as they are sent: system messages first."""
    return sorted(enumerate(ask.messages), key=lambda each: each[1].role != "system")


def prefix_of(api: str, model_id: str, ask: Ask) -> bytes | None:
    """Digest of what is cached of a question; None if nothing is marked."""
    marked = marks(api, model_id, ask)
    if not marked:
        return None
    digest = blake2b(model_id.encode(), digest_size=16)
    last = list(marked)[-1]
    for number, message in in_order(ask):
        text = message.content[: marked[number]] if number == last else message.content
        digest.update(f"\0{message.role}\0{text}".encode("utf-8", "surrogatepass"))
        if number == last:
            break
    return digest.digest()


def _least_tokens(model_id: str) -> int:
    return next((tokens for named, tokens in _LEAST_TOKENS if named.search(model_id)), _LEAST_TOKENS_ELSE)
