"""A store kept in order: joined, pruned, relieved of what is too old and of what kills left. No Prefect."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from tasks.calling.key_joining import Wanted, count_keys, join_keys
from tasks.calling.pruned import read_pruned
from tasks.landing.aging import aged_parts
from tasks.landing.joinable import TABLES_OF_RUN, joinable
from tasks.landing.joining import join
from tasks.landing.left_overs import SETTLED, left_overs, remove
from tasks.landing.moves import may_go_on
from tasks.landing.retention import blank_texts, drop_part, due_rows
from tasks.landing.settling import settle
from tasks.landing.store_lock import store_lock
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from tasks.storing.filesystem import Store


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What is kept, for how many days; None is for ever.

    Attributes:
        dry_run: say what would be done, and do nothing.
    """

    keep_keys_days: int | None = None
    compact_after_days: int = 2
    keep_calls_days: int | None = None
    keep_prompts_days: int | None = None
    keep_open_days: int = 90
    dry_run: bool = False


@dataclass(slots=True)
class Amount:
    """Files, rows and bytes."""

    files: int = 0
    rows: int = 0
    size_bytes: int = 0

    def add(self, files: int, rows: int, size_bytes: int) -> None:
        self.files += files
        self.rows += rows
        self.size_bytes += size_bytes


@dataclass(slots=True)
class Tidied:
    """What was done to one thing: a table, the keys, what was left behind.

    Attributes:
        refusal: why it could not be done, in a line; empty where it was.
    """

    what: str
    before: Amount = field(default_factory=Amount)
    after: Amount = field(default_factory=Amount)
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class House:
    """One round through a store, at one moment."""

    store: Store
    upkeep: Upkeep
    now: datetime

    def tidy(self) -> list[Tidied]:
        """Do all of it, in the order that never shows too little; one entry per thing, also where nothing was done.

        Raises:
            StoreBusy: another process moves rows, and does not end.
        """
        if not self.upkeep.dry_run:
            with store_lock(self.store) as lease:
                settle(self.store, lease)
        return [*self.join(), self.prune_keys(), self.blank(), self.drop(), *self.clear()]

    def join(self) -> list[Tidied]:
        """Small parts become few; before the keys, which then lose those of the parts that went."""
        told = {table: Tidied(table) for table in TABLES_OF_RUN}
        for group in joinable(self.store, self._since(self.upkeep.compact_after_days)):
            made = None
            if not self.upkeep.dry_run:
                with store_lock(self.store) as lease:
                    made = join(self.store, lease, group)
                if made is None:
                    continue
            for table, each in told.items():
                rows, size_bytes = group.rows(table), group.size_bytes(table)
                each.before.add(len(group.parts[table]), rows, size_bytes)
                each.after.add(1, rows, made.parts[table].size_bytes if made else size_bytes)
        return list(told.values())

    def prune_keys(self) -> Tidied:
        """Keys go before the texts they lead to."""
        upkeep = self.upkeep
        texts = [each for each in (upkeep.keep_calls_days, upkeep.keep_prompts_days) if each is not None]
        wanted = Wanted(
            since=self._since(upkeep.keep_keys_days) if upkeep.keep_keys_days is not None else None,
            text_since=self._since(min(texts)) if texts else None,
            may_go_on=partial(may_go_on, self.store),
            pruned=read_pruned(self.store),
        )
        done = (count_keys if self.upkeep.dry_run else join_keys)(self.store, wanted)
        return Tidied(
            "ledger keys",
            Amount(done.files_before, done.keys_before, done.bytes_before),
            Amount(done.files_after, done.keys_after, done.bytes_after),
        )

    def blank(self) -> Tidied:
        """The rows told are calls that had a text; a part that is to go whole keeps its texts until then."""
        told = Tidied("texts of calls")
        days = [
            each for each in (self.upkeep.keep_prompts_days, self.upkeep.keep_calls_days) if each is not None
        ]
        if not days:
            return told
        before = self._since(min(days))
        for part in aged_parts(self.store):
            if part.oldest_text_at is None or part.oldest_text_at >= before or self._goes(part.youngest_at):
                continue
            rows = due_rows(self.store, part.path, before)
            if rows and not self.upkeep.dry_run:
                with store_lock(self.store) as lease:
                    rows = rows if blank_texts(self.store, lease, part, before) else 0
            told.before.add(bool(rows), rows, part.size_bytes if rows else 0)
            if rows:
                size_bytes = self.store.stat(part.path).size_bytes
                told.after.add(1, 0, size_bytes)
        return told

    def drop(self) -> Tidied:
        """Parts of `calls` all of whose rows are too old."""
        told = Tidied("calls removed")
        if self.upkeep.keep_calls_days is None:
            return told
        before = self._since(self.upkeep.keep_calls_days)
        for part in aged_parts(self.store):
            goes = self._goes(part.youngest_at)
            if goes and not self.upkeep.dry_run:
                with store_lock(self.store) as lease:
                    goes = drop_part(self.store, lease, part, before)
            if goes:
                told.before.add(1, part.rows, part.size_bytes)
        return told

    def clear(self) -> list[Tidied]:
        """What kills left."""
        found = left_overs(self.store, self.now, timedelta(days=self.upkeep.keep_open_days))
        told = [Tidied("runs never committed"), Tidied("working files left behind")]
        told[0].before.add(sum(len(paths) for paths in found.abandoned.values()), len(found.abandoned), 0)
        told[1].before.add(len(found.working), 0, 0)
        if not self.upkeep.dry_run:
            remove(self.store, found)
        return [*told, self.discard()]

    def discard(self) -> Tidied:
        """What killed writers left; keys that may not list or end uploads are no reason to fail."""
        told = Tidied("unfinished files")
        try:
            for each in self.store.unfinished(self.now - SETTLED):
                if not self.upkeep.dry_run:
                    self.store.discard([each])
                told.before.add(1, 0, 0)
        except (UserError, OSError) as error:
            told.refusal = " ".join((error.what if isinstance(error, UserError) else str(error)).split())
        return told

    def _since(self, days: int) -> datetime:
        return self.now - timedelta(days=days)

    def _goes(self, youngest_at: datetime) -> bool:
        days = self.upkeep.keep_calls_days
        return days is not None and youngest_at < self._since(days)
