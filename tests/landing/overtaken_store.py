"""A store in which something happens right after a folder was listed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tasks.storing.filesystem import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from tasks.storing.filesystem import Files


@dataclass
class OvertakenFiles:
    """The files of a real store; `happens` once, after the first listing of `folder`.

    Attributes:
        always: paths that the folder's listing shows whether they are there or not.
    """

    real: Files
    folder: str
    happens: Callable[[], object]
    always: list[str] = field(default_factory=list)
    listings: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def list(self, folder: str) -> list[str]:
        found = self.real.list(folder)
        if folder != self.folder:
            return found
        self.listings += 1
        if self.listings == 1:
            self.happens()
        return sorted({*found, *self.always})


def overtaken(store: Store, folder: str, happens: Callable[[], object], *always: str) -> Store:
    """The same store, where that happens once the folder is listed."""
    return Store(store.url, OvertakenFiles(store.files, folder, happens, list(always)))  # type: ignore[arg-type]
