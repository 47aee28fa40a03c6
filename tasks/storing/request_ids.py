"""The ids of requests: given in the table, or made from what the row says. No I/O."""

from __future__ import annotations

from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ID_COLUMN: Final = "request_id"

_LONGEST: Final = 200


class SeenIds:
    """The ids of one table so far, as 16-byte digests with the row of each."""

    def __init__(self) -> None:
        self._rows: dict[bytes, int] = {}
        self._repeats: dict[bytes, int] = {}

    def take(self, request_id: str, row: int) -> None:
        """Keeps a given id for this row.

        Raises:
            ValueError: an earlier row has it.
        """
        first = self._rows.setdefault(_digest(request_id), row)
        if first != row:
            raise ValueError(f"duplicate {ID_COLUMN} {request_id!r}, first in row {first}")

    def make(self, content: bytes, row: int) -> str:
        """An id for a row without one: 16 hex digits of sha256, with `-2`, `-3` where it is taken."""
        base = sha256(content).hexdigest()[:16]
        seen = _digest(base)
        repeat = self._repeats.get(seen, 1)
        request_id = base if repeat == 1 else f"{base}-{repeat}"
        while self._rows.setdefault(_digest(request_id), row) != row:
            repeat += 1
            request_id = f"{base}-{repeat}"
        if repeat > 1:
            self._repeats[seen] = repeat
        return request_id


def given_id(cells: Mapping[str, Any]) -> str | None:
    """The id that a row brings along, None where its cell is empty or the column absent.

    Raises:
        ValueError: not 1 to 200 printable characters; it must be fit for tables and reports.
    """
    value = cells.get(ID_COLUMN)
    if value is None:
        return None
    request_id = str(value)
    if isinstance(value, str | int) and not isinstance(value, bool) and _is_usable(request_id):
        return request_id
    raise ValueError(f"{ID_COLUMN} is not 1 to {_LONGEST} printable characters")


def _is_usable(request_id: str) -> bool:
    printable = request_id.isprintable() and not request_id.isspace()
    return printable and 1 <= len(request_id) <= _LONGEST


def _digest(request_id: str) -> bytes:
    return blake2b(request_id.encode(), digest_size=16).digest()
