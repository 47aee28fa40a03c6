"""What a store knows of a file beside its content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class FileStat:
    """Size, and when it was last written, in UTC."""

    size_bytes: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A file that was begun and not finished; `upload` tells uploads to one path apart."""

    path: str
    upload: str = ""
