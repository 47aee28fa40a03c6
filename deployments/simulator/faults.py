"""Decides which fault strikes a request and which scripted reply it gets. Pure but for its own counters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployments.simulator.asked import Asked
    from deployments.simulator.config import Fault, Match, Script, Scripted


class Matcher:
    """One `Match`, compiled."""

    def __init__(self, match: Match) -> None:
        self._model = match.model
        self._any_model = match.model == "*"
        self._api = match.api
        self._prompt = re.compile(match.prompt) if match.prompt is not None else None

    def fits(self, asked: Asked) -> bool:
        """Whether every given condition holds."""
        if self._api is not None and asked.api != self._api:
            return False
        if not self._any_model and not fnmatchcase(asked.model, self._model):
            return False
        return self._prompt is None or self._prompt.search(asked.prompt) is not None


@dataclass(slots=True)
class _Counted:
    fault: Fault
    matcher: Matcher
    met: int = 0


class Faults:
    """The configured faults in order; the first that strikes wins."""

    def __init__(self, faults: Iterable[Fault], seed: int) -> None:
        self._faults = [_Counted(fault, Matcher(fault)) for fault in faults]
        self._seed = seed

    def strike(self, asked: Asked, request_hash: bytes, attempt: int) -> Fault | None:
        """The fault that this attempt (from 1) meets, if any; every fault that fits counts the request."""
        struck: Fault | None = None
        for index, counted in enumerate(self._faults):
            if counted.matcher.fits(asked):
                counted.met += 1
                if struck is None and self._strikes(index, counted, request_hash, attempt):
                    struck = counted.fault
        return struck

    def _strikes(self, index: int, counted: _Counted, request_hash: bytes, attempt: int) -> bool:
        fault = counted.fault
        if fault.first is not None:
            return counted.met <= fault.first
        if fault.every is not None:
            return counted.met % fault.every == 0
        return (
            fault.share is None or draw(f"fault {self._seed} {index} {attempt}", request_hash) < fault.share
        )


@dataclass(slots=True)
class _Played:
    script: Script
    matcher: Matcher
    next: int = 0


class Scripts:
    """Scripted replies; of several scripts that fit the newest added answers first."""

    def __init__(self, scripts: Iterable[Script]) -> None:
        self._played: list[_Played] = []
        for script in scripts:
            self.add(script)

    def add(self, script: Script) -> None:
        self._played.insert(0, _Played(script, Matcher(script)))

    def next_reply(self, asked: Asked) -> Scripted | None:
        """The reply whose turn it is, or None if no script fits or all that fit are exhausted."""
        for played in self._played:
            replies = played.script.replies
            if played.next >= len(replies) and played.script.then == "exhaust":
                continue
            if played.matcher.fits(asked):
                reply = replies[min(played.next, len(replies) - 1)]
                played.next += 1
                return reply
        return None


def draw(purpose: str, key: bytes) -> float:
    """A number in [0, 1) that is a pure function of both arguments."""
    digest = blake2b(key, digest_size=8, key=purpose.encode()[:64]).digest()
    return int.from_bytes(digest) / 2**64
