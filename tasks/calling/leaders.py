"""Who goes first of calls that begin alike, so that what it writes to the provider's cache is written once."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LONGEST_WAIT_SECONDS: Final = 60.0


@dataclass(slots=True)
class Leaders:
    """Of the calls that begin alike the first goes ahead, so that the others can read what it writes to the cache.

    Sent at the same time, each would write it, and pay for that.
    """

    _done: dict[bytes, asyncio.Event] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, prefix: bytes | None) -> AsyncIterator[None]:
        """Begins at once for the first call with `prefix`, and for others when that has ended, however it ended."""
        if prefix is None:
            yield
            return
        done = self._done.get(prefix)
        if done is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), LONGEST_WAIT_SECONDS)
            yield
            return
        done = self._done[prefix] = asyncio.Event()
        try:
            yield
        finally:
            done.set()
