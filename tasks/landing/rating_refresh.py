"""A committed run's figures brought up to what people say of it: its rows of `metrics`, and what is learnt of its models.

The run's part of `metrics` is replaced whole under its own name, and the manifest, or the record of the joined part,
then has its checksum. It is a move like housekeeping's: written down before, ended by whoever comes next. A run that is
being worked is left to its commit, which reads the ratings itself.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tasks.landing.committed import Committed
from tasks.landing.joining import joined_of, part_entry
from tasks.landing.moves import Move, begin, end, is_in_work, new_id, read_joined, write_joined
from tasks.landing.plan import read_manifest
from tasks.landing.rated_texts import RatedTexts, satisfaction, with_satisfaction
from tasks.landing.rating_evidence import NEEDED, evidence, keep_evidence, labels_of_run
from tasks.landing.ratings import merge
from tasks.landing.run_paths import manifest_path
from tasks.storing.parts import described, read_rows, write_part
from tasks.storing.records import write_json
from tasks.storing.schemas import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasks.landing.rated_texts import Satisfaction
    from tasks.landing.ratings import Merged
    from tasks.landing.store_lock import Lease
    from tasks.storing.filesystem import Store

WAITING = "_ratings/waiting"
WHICH = ["model", "host", "model_id", "simulated"]


def take_in(store: Store, lease: Lease, run: str, run_date: date, given: Iterable[dict[str, Any]]) -> Merged:
    """Merge ratings of a run into the table, and bring its figures up to them.

    Raises:
        StoreBusy: the lease has run out; whoever comes next brings the figures up to what was merged.
    """
    move = Move(id=new_id(), kind="rate", run_date=run_date, runs=(run,))
    begin(store, move)
    merged = merge(store, lease, run, run_date, given)
    _refresh(store, lease, run)
    end(store, move)
    return merged


def finish_rate(store: Store, lease: Lease, move: Move) -> None:
    """Do what is left to do of it.

    Raises:
        StoreBusy: the lease has run out; another may finish it.
    """
    (run,) = move.runs
    take_in(store, lease, run, move.run_date, ())  # a killed one may have left a rating in two places
    end(store, move)


def refresh_waiting(store: Store, lease: Lease) -> None:
    """Bring up the runs that were being worked when ratings of them came, and have committed since."""
    for path in store.list(WAITING):
        run = path.removeprefix(f"{WAITING}/").removesuffix(".json")
        manifest = read_manifest(store, run)
        if manifest is not None and not is_in_work(store, run, manifest):
            take_in(store, lease, run, date.fromisoformat(manifest["run_date"]), ())


def _refresh(store: Store, lease: Lease, run: str) -> None:
    manifest, waiting = read_manifest(store, run), f"{WAITING}/{run}.json"
    if manifest is None or is_in_work(store, run, manifest):
        write_json(store, waiting, {})
        return
    committed = Committed(store, manifest, None)
    texts = list(RatedTexts.of(store, run).joined(committed.rows("outputs", NEEDED)))
    _replace_metrics(store, lease, manifest, satisfaction(texts))
    labelled = labels_of_run(store, run, manifest["plan"]) if texts else None
    rows = evidence(texts, *labelled) if labelled else []
    which = [row for batch in committed.rows("model_metrics", WHICH) for row in batch.to_pylist()]
    lease.keep()
    keep_evidence(store, run, date.fromisoformat(manifest["run_date"]), rows, which)
    store.delete([waiting])


def _replace_metrics(
    store: Store, lease: Lease, manifest: dict[str, Any], of: dict[tuple[Any, ...], Satisfaction]
) -> None:
    """The part with this run's rows as they should be, others' as they are; then its checksum where that is kept."""
    (named,) = manifest["parts"]["metrics"]
    there = [row for batch in read_rows(store, named["path"]) for row in batch.to_pylist()]
    rows = [with_satisfaction([row], of)[0] if row["run"] == manifest["run"] else row for row in there]
    lease.keep()
    if rows != [{**dict.fromkeys(row), **known} for row, known in zip(rows, there, strict=True)]:
        part = write_part(store, named["path"], METRICS, rows)
    else:
        part = described(store, named["path"])  # a killed one may have got this far
    joined = joined_of(manifest)
    if joined is None:
        if named != part_entry(part):
            parts = {**manifest["parts"], "metrics": [part_entry(part)]}
            write_json(store, manifest_path(manifest["run"]), {**manifest, "parts": parts})
        return
    record = read_joined(store, joined)
    if record is not None and record.parts["metrics"] != part:
        write_joined(store, record.model_copy(update={"parts": {**record.parts, "metrics": part}}))
