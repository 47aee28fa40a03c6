"""The tables, column by column. Analysts read them by name: add columns, never rename or retype one.

`run_date` (`rated_date` for ratings) is the partition folder and no column. Every column may be null: unknown
is null, never 0. JSON texts, ids and closed choices are plain strings.
"""

from __future__ import annotations

import pyarrow as pa

SCHEMA_VERSION = "1"

TEXT = pa.string()
TEXTS = pa.list_(pa.string())
COUNT = pa.int32()
SUM = pa.int64()
NUMBER = pa.float64()
FLAG = pa.bool_()
TIME = pa.timestamp("us", tz="UTC")
NUMBERS_BY_NAME = pa.map_(pa.string(), pa.float64())
COUNTS_BY_NAME = pa.map_(pa.string(), pa.int64())
STEPS = pa.list_(
    pa.struct(
        [
            ("path", TEXT),
            ("role", TEXT),
            ("model", TEXT),
            ("quality", NUMBER),
            ("usd", NUMBER),
            ("seconds", NUMBER),
        ]
    )
)


def _table(*columns: tuple[pa.DataType, str]) -> pa.Schema:
    """A versioned schema from (type, names in a row) groups, in order."""
    fields = [pa.field(name, kind) for kind, names in columns for name in names.split()]
    return pa.schema(fields, metadata={"schema_version": SCHEMA_VERSION})


OUTPUTS = _table(
    (TEXT, "request_id run recipe"),
    (COUNT, "recipe_version"),
    (TEXT, "pattern request_type arm status content data"),
    (NUMBER, "confidence"),
    (TEXTS, "sources warnings suggestions"),
    (NUMBER, "quality"),
    (NUMBERS_BY_NAME, "quality_by"),
    (TEXT, "route"),
    (NUMBER, "route_confidence"),
    (STEPS, "steps"),
    (TEXTS, "models"),
    (COUNT, "calls cached_calls"),
    (SUM, "tokens_in tokens_out"),
    (NUMBER, "usd seconds"),
    (TEXT, "error_kind error request"),
    (COUNT, "shard"),
    (FLAG, "simulated"),
    (TIME, "started_at finished_at"),
)

REJECTS = _table((TEXT, "run"), (SUM, "row"), (TEXT, "request_id reason raw"))

DEFERRED = _table((TEXT, "run request_id reason request"))

CALLS = _table(
    (TEXT, "call_id key run request_id arm recipe request_type"),
    (COUNT, "shard"),
    (TEXT, "step role"),
    (COUNT, "round sample"),
    (TEXT, "provider host model model_id params prompt response finish_reason status"),
    (COUNT, "attempts"),
    (TEXT, "error_kind error"),
    (SUM, "tokens_in tokens_out tokens_cached"),
    (NUMBER, "usd usd_failed usd_saved usd_estimated seconds"),
    (FLAG, "cached"),
    (TEXT, "source_call_id lane batch_id"),
    (FLAG, "simulated"),
    (TIME, "started_at finished_at"),
)

SCORES = _table(
    (TEXT, "run request_id arm step"),
    (COUNT, "round"),
    (TEXT, "judge judge_family criterion"),
    (NUMBER, "score"),
    (TEXT, "reason"),
)

METRICS = _table(
    (TEXT, "run recipe pattern request_type arm"),
    (SUM, "rows failed deferred"),
    (NUMBER, "quality_mean quality_low quality_high usd usd_per_made seconds_p50 seconds_p95"),
    (SUM, "calls cache_hits"),
    (NUMBER, "satisfaction_mean"),
    (SUM, "satisfaction_n"),
    (NUMBER, "uplift uplift_low uplift_high usd_per_uplift"),
    (FLAG, "simulated"),
    (SUM, "quality_n blind_n"),
    (NUMBERS_BY_NAME, "quality_by"),
    (SUM, "accepted"),
    (NUMBER, "usd_per_accepted quality_per_usd"),
    (COUNTS_BY_NAME, "errors"),
    (NUMBERS_BY_NAME, "critical_seconds"),
    (SUM, "uplift_n"),
    (NUMBER, "usd_extra seconds_extra satisfaction_low satisfaction_high"),
)

MODEL_METRICS = _table(
    (TEXT, "run model role request_type"),
    (SUM, "calls errors"),
    (NUMBER, "quality_mean quality_low quality_high usd seconds_p50 seconds_p95"),
    (TEXT, "task after"),
    (SUM, "quality_n"),
    (NUMBER, "tokens_in tokens_out estimate estimate_low estimate_high"),
    (TEXT, "host model_id"),
    (FLAG, "simulated"),
    (TEXT, "recipe pattern"),
)

RATINGS = _table(
    (TEXT, "run request_id arm source rater"),
    (NUMBER, "rating"),
    (TEXT, "comment"),
    (TIME, "rated_at"),
)

# What a store holds beside its tables; a bucket may hold other things yet.
OWN_FOLDERS = ("_runs", "_ledger", "_recipes", "_housekeeping", "_learnt", "_ratings")

TABLES: dict[str, pa.Schema] = {
    "outputs": OUTPUTS,
    "rejects": REJECTS,
    "deferred": DEFERRED,
    "calls": CALLS,
    "scores": SCORES,
    "metrics": METRICS,
    "model_metrics": MODEL_METRICS,
    "ratings": RATINGS,
}
