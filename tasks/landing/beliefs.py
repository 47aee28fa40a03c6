"""What was learnt of models together, kept in the store: `nightpress fit --together` writes it, every run reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from tasks.choosing.belief import Belief

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasks.calling.catalog import Catalog
    from tasks.storing.filesystem import Store

PATH: Final = "_learnt/beliefs.json"


def kept_beliefs(store: Store, catalog: Catalog) -> tuple[Belief, ...]:
    """Those whose voters the catalog has, by name, the newest last; none if they cannot be read."""
    return tuple(each for each in _read(store) if set(each.voters) <= set(catalog.models))


def keep_beliefs(store: Store, beliefs: Iterable[Belief]) -> None:
    """Beside those that are kept already; of the same voters the newest stays."""
    found = {frozenset(each.voters): each for each in _read(store)}
    for each in beliefs:
        found.pop(frozenset(each.voters), None)
        found[frozenset(each.voters)] = each
    store.write(PATH, orjson.dumps([each.plain() for each in found.values()]))


def _read(store: Store) -> list[Belief]:
    try:
        return [Belief.from_plain(each) for each in orjson.loads(store.read(PATH))]
    except (OSError, ValueError, KeyError, TypeError):
        return []
