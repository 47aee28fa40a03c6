"""One call under way, from its arrival to the end of its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from deployments.simulator.asked import Asked
    from deployments.simulator.config import Profile
    from deployments.simulator.wires import Wire


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came, how it is to be answered, and whether it came before.

    Attributes:
        hash: of api, model and body; equal hashes are the very same request.
        attempt: how often this request came, this time included.
    """

    request: web.BaseRequest
    wire: Wire
    asked: Asked
    profile: Profile
    hash: bytes
    attempt: int
