"""A child process that ends when its parent does, however that ended.

The parent holds the other end of the child's standard input: a line `go` lets the child begin, the end of it means
that the parent is gone, also after a `kill -9`.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

GO = b"go\n"
PARENT_GONE = 70
STDIN = 0


def wait_for_go(then: Callable[[], None] = lambda: None) -> None:
    """Return when the parent says go, or at once where nobody holds the line; `then` is done when the parent is gone."""
    if _line() == GO:
        threading.Thread(target=_end_with_parent, args=(then,), name="lifeline", daemon=True).start()


def _line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(STDIN, 1)  # sys.stdin's lock would be held by the thread when the interpreter ends
        if not byte:
            break
        line += byte
    return line


def _end_with_parent(then: Callable[[], None]) -> None:
    while os.read(STDIN, 64):
        pass
    then()
    os._exit(PARENT_GONE)
