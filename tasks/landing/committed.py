"""Finding a committed run: its manifest, and the recipe it was made with."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
from pydantic import ValidationError

from tasks.landing.plan import read_manifest, read_plan
from tasks.landing.run_paths import checked_run_name
from tasks.patterns.recipe import Recipe
from tasks.storing.errors import UserError, near_miss
from tasks.storing.parts import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from tasks.storing.filesystem import Store

MANIFEST = re.compile(r"_runs/([^/]+)\.json")
READERS = 16
LONGEST_HINT = 400


@dataclass(frozen=True, slots=True)
class Committed:
    """A committed run.

    Attributes:
        recipe: None where the plan has been replaced since, or is of a version that this one cannot read.
    """

    store: Store
    manifest: dict[str, Any]
    recipe: Recipe | None

    @property
    def run(self) -> str:
        return str(self.manifest["run"])

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The run's own rows of a table, in the order they were landed, at most a row group in memory.

        A part that housekeeping has joined holds rows of other runs as well.
        """
        for part in self.manifest["parts"].get(table, []):
            if "joined" not in part:
                yield from read_rows(self.store, part["path"], columns)
                continue
            for batch in read_rows(self.store, part["path"], [*columns, "run"]):
                yield batch.filter(pc.equal(batch["run"], self.run)).select(list(columns))


def open_committed(store: Store, run: str = "") -> Committed:
    """The run as it was last committed; without a name, the run that was committed last of all.

    Raises:
        UserError: there is no such run, or none at all.
    """
    name = checked_run_name(run) if run else last_committed(store)
    manifest = read_manifest(store, name)
    if manifest is None:
        raise _not_there(store, name)
    return Committed(store, manifest, _recipe(store, manifest))


def committed_runs(store: Store) -> list[str]:
    """Names of all runs that have committed."""
    return [found[1] for path in store.list("_runs") if (found := MANIFEST.fullmatch(path))]


def last_committed(store: Store) -> str:
    """The run that was committed last.

    Raises:
        UserError: none has been.
    """
    with ThreadPoolExecutor(READERS) as readers:
        manifests = [
            each for each in readers.map(partial(read_manifest, store), committed_runs(store)) if each
        ]
    if not manifests:
        raise UserError(
            "no run has been committed to this store", where=store.url, hint="`nightpress run` makes one"
        )
    return str(max(manifests, key=lambda each: datetime.fromisoformat(each["committed_at"]))["run"])


def _not_there(store: Store, run: str) -> UserError:
    if read_plan(store, run) is not None:
        return UserError(
            f"run {run!r} has not been committed yet",
            where=store.url,
            hint="start it again, it goes on from there",
        )
    hint = near_miss(run, committed_runs(store))
    return UserError(
        f"there is no run {run!r}", where=store.url, hint=hint if len(hint) <= LONGEST_HINT else ""
    )


def _recipe(store: Store, manifest: dict[str, Any]) -> Recipe | None:
    try:
        plan = read_plan(store, manifest["run"])
        return Recipe.from_frozen(plan.recipe) if plan and plan.hash == manifest["plan"] else None
    except ValidationError:
        return None
