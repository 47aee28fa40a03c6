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
class _Lead:
    """The call that is, or was, ahead.

    Attributes:
        until: when waiting for it is over, however it goes on; in the event loop's time.
        failed: it has ended, and wrote nothing.
    """

    until: float
    failed: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Leaders:
    """Of the calls that begin alike the first goes ahead, so that the others can read what it writes to the cache.

    Sent at the same time, each would write it, and pay for that. If the first fails, one of the others goes ahead.
    """

    _leads: dict[bytes, _Lead] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, prefix: bytes | None) -> AsyncIterator[None]:
        """Begins at once for the first call with `prefix`, and for others when one has succeeded.

        None waits longer than until `LONGEST_WAIT_SECONDS` after the start of the call that was ahead when it came.
        """
        if prefix is None:
            yield
            return
        lead = await self._goes_ahead(prefix)
        try:
            yield
        except BaseException:
            if lead is not None and not lead.ended.is_set():
                lead.failed = True
                lead.ended.set()
            raise
        written = self._leads[prefix]
        written.failed = False
        written.ended.set()

    async def _goes_ahead(self, prefix: bytes) -> _Lead | None:
        """Waits for whoever is ahead; this call's own lead if it is to go ahead itself."""
        now = asyncio.get_running_loop().time
        longest: float | None = None
        while True:
            ahead = self._leads.get(prefix)
            if ahead is None or ahead.failed:
                mine = self._leads[prefix] = _Lead(now() + LONGEST_WAIT_SECONDS)
                return mine
            longest = ahead.until if longest is None else longest
            if ahead.ended.is_set() or now() >= longest:
                return None
            with suppress(TimeoutError):
                async with asyncio.timeout_at(longest):
                    await ahead.ended.wait()
