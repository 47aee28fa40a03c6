# %% [markdown]
# What an analyst asks first of a Nightpress store, in DuckDB and in pandas, with the same answers.
# Needs pandas, pyarrow, duckdb, and s3fs for a bucket; nothing of Nightpress: copy this file to where you work.
#
#     python questions.py nightpress-store
#     python questions.py s3://bucket/prefix --nights 90 --question 3 --question 10
#     python questions.py nightpress-store --engine pandas
#
# Or cell by cell in an editor that knows `# %%`: set NIGHTPRESS_STORE first, and every cell shows its answer.
#
# Only the newest nights are read (--nights), and of both kinds of night, simulated and real, only that of the newest
# run. An amount in USD is empty where a price is not known. Tables that are not there yet are empty, columns that a
# part does not have are null.
"""The questions that an analyst asks first of a Nightpress store, answered in DuckDB and in pandas."""

# %% How the store is read
from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

try:
    import s3fs
except ImportError:  # folders do without
    s3fs = None

if TYPE_CHECKING:
    from collections.abc import Callable

    Frame = Any  # a pandas.DataFrame
    Read = Callable[[str], Frame]

Z95 = 1.959964  # 95% intervals: mean ± Z95 standard errors; with fewer than some 30 rows they are too narrow
# How many standard errors a 95% interval of n observations reaches (Student's t; from n = 5 on by Cornish and Fisher).
STUDENT = """case n when 2 then 12.7062 when 3 then 4.30265 when 4 then 3.18245
    else 1.959964 + 2.372271 / (n - 1) + 2.822499 / (n - 1) ^ 2 + 2.55585 / (n - 1) ^ 3 + 1.589534 / (n - 1) ^ 4 end"""
TEXT, NUMBER, FLAG = pa.string(), pa.float64(), pa.bool_()
SQL_TYPES = {TEXT: "varchar", NUMBER: "double", FLAG: "boolean"}
PARTITION = {"ratings": "rated_date"}
COLUMNS = {  # what the questions read of each table; a store may have more, or not all of it yet
    "outputs": {
        TEXT: "run recipe request_id request_type arm status error_kind error",
        NUMBER: "quality usd seconds cached_calls",
        FLAG: "simulated",
    },
    "calls": {
        TEXT: "run recipe request_id arm step role model status",
        NUMBER: "tokens_in tokens_out tokens_cached usd usd_failed usd_saved usd_estimated seconds",
        FLAG: "cached simulated",
    },
    "scores": {TEXT: "run request_id arm step judge criterion", NUMBER: "round score"},
    "metrics": {
        TEXT: "run recipe request_type arm",
        NUMBER: "rows failed quality_mean quality_n accepted usd calls cache_hits",
        FLAG: "simulated",
    },
    "model_metrics": {
        TEXT: "run model role request_type after",
        NUMBER: "calls errors quality_mean quality_n usd",
        FLAG: "simulated",
    },
    "ratings": {TEXT: "run request_id arm source rater", NUMBER: "rating"},
    "deferred": {TEXT: "run request_id reason"},
    "rejects": {TEXT: "run request_id reason", NUMBER: "row"},
}


class Store:
    """The tables of one store, for both engines: `sql(query)`, and `read(table)` for pandas."""

    def __init__(self, url: str, nights: int = 30) -> None:
        self.url = url.removeprefix("file://").rstrip("/")
        self.bucket: Any = None
        if self.url.startswith("s3://"):
            if s3fs is None:
                raise SystemExit("a bucket is read with s3fs: pip install s3fs")
            self.bucket = s3fs.S3FileSystem()  # the usual AWS variables name keys and endpoint
        elif not Path(self.url).is_dir():
            raise SystemExit(f"{url}: there is no such folder")
        found = {table: self._parts(table) for table in COLUMNS}
        dates = sorted(
            {_date(path) for table, paths in found.items() if table != "ratings" for path in paths}
        )
        kept = set(dates[-nights:])
        self.parts = {
            table: [path for path in paths if table == "ratings" or _date(path) in kept]
            for table, paths in found.items()
        }
        self.database = duckdb.connect()
        if self.bucket is not None:
            self.database.register_filesystem(self.bucket)
        self.schemas = {table: self._schema(table) for table in COLUMNS}
        for table in COLUMNS:
            self.database.execute(f"create view all_{table} as {self._select(table)}")
        self.other_kind = self._other_kind()
        self.database.execute("create table other_kind (run varchar)")
        for run in self.other_kind:
            self.database.execute("insert into other_kind values (?)", [run])
        for table in COLUMNS:
            self.database.execute(
                f"create view {table} as from all_{table} where coalesce(run, '') not in (select run from other_kind)"
            )
        # A sum of which a part is not known is not known.
        self.database.execute("create macro known_sum(x) as case when count(x) = count(*) then sum(x) end")
        self.database.execute(f"create macro student(n) as {STUDENT}")

    def sql(self, query: str) -> Frame:
        """The answer of DuckDB."""
        return self.database.sql(query).df()

    def read(self, table: str) -> Frame:
        """The table's columns, as far as the questions need them, of the nights in view."""
        wanted, there = self.schemas[table]
        if self.parts[table]:
            data = ds.dataset(
                self.parts[table], format="parquet", filesystem=self.bucket, schema=wanted,
                partitioning=ds.partitioning(pa.schema([wanted[-1]]), flavor="hive"),
            )  # fmt: skip
            frame = data.to_table(columns=there).to_pandas()
        else:
            frame = pd.DataFrame()
        for column in wanted:
            known = frame[column.name] if column.name in frame else pd.Series(None, frame.index, dtype=object)
            frame[column.name] = _typed(known, column.type)
        return frame[~frame["run"].isin(self.other_kind)][wanted.names].reset_index(drop=True)

    def _parts(self, table: str) -> list[str]:
        """Parts by date; a name that begins with a dot is being written."""
        if self.bucket is None:
            paths = [str(path) for path in Path(self.url, table).glob("*/*.parquet")]
        else:
            paths = self.bucket.glob(f"{self.url.removeprefix('s3://')}/{table}/*/*.parquet")
        return sorted(path for path in paths if "/." not in path.removeprefix(self.url))

    def _schema(self, table: str) -> tuple[pa.Schema, list[str]]:
        """The columns wanted, and the names of those that the newest part has: columns are only ever added."""
        key = PARTITION.get(table, "run_date")
        wanted = [(name, kind) for kind, names in COLUMNS[table].items() for name in names.split()]
        schema = pa.schema([*wanted, (key, pa.date32())])
        if not self.parts[table]:
            return schema, []
        newest = ds.dataset(self.parts[table][-1], format="parquet", filesystem=self.bucket).schema
        return schema, [name for name in schema.names if name in {*newest.names, key}]

    def _select(self, table: str) -> str:
        schema, there = self.schemas[table]
        columns = ", ".join(
            f"{'coalesce' if kind == FLAG else ''}({name if name in there else 'null'}{', false' if kind == FLAG else ''})"
            f"::{SQL_TYPES.get(kind, 'date')} as {name}"
            for name, kind in zip(schema.names, schema.types, strict=True)
        )
        if not there:
            return f"select {columns} where false"
        scheme = "s3://" if self.bucket is not None else ""
        paths = ", ".join("'" + (scheme + path).replace("'", "''") + "'" for path in self.parts[table])
        return f"select {columns} from read_parquet([{paths}], union_by_name=true, hive_partitioning=true)"

    def _other_kind(self) -> list[str]:
        """Runs that are simulated where the newest is real, or the other way round."""
        kinds = self.sql("""
            select run, max(run_date) as night, bool_or(simulated) as simulated
            from all_metrics group by run order by night desc, simulated
        """)
        return [] if kinds.empty else kinds[kinds["simulated"] != kinds["simulated"].iloc[0]]["run"].tolist()


def _date(path: str) -> str:
    found = re.search(r"_date=(\d{4}-\d\d-\d\d)/", path)
    return found[1] if found else ""


def _typed(column: pd.Series, kind: pa.DataType) -> pd.Series:
    if kind == NUMBER:
        return pd.to_numeric(column).astype(float)
    return column.eq(True) if kind == FLAG else column.astype(object)


def known_sum(amounts: pd.Series) -> float:
    """A sum of which a part is not known is not known."""
    return float(amounts.sum(skipna=False))


def student(n: Any) -> Any:
    """STUDENT in pandas; null below two observations."""
    free = n - 1.0
    usual = 1.959964 + 2.372271 / free + 2.822499 / free**2 + 2.55585 / free**3 + 1.589534 / free**4
    return usual.mask(n == 4, 3.18245).mask(n == 3, 4.30265).mask(n == 2, 12.7062).where(n > 1)


def mad_sigma(values: Any) -> float:
    """The median distance from the median, as a standard deviation."""
    return float(1.4826 * (values - values.median()).abs().median())


@dataclass(frozen=True)
class Question:
    """A question, its answer in SQL, and in pandas."""

    title: str
    note: str
    query: str
    frame: Callable[[Read], Frame]

    def answer(self, store: Store, engine: str) -> Frame:
        """The answer as a table, the same from either engine: `duckdb` or `pandas`."""
        return store.sql(self.query) if engine == "duckdb" else self.frame(store.read)

    def show(self, store: Store, engine: str = "duckdb") -> None:
        """Print the answer."""
        found = self.answer(store, engine)
        shown = "nothing to tell of yet" if found.empty else found.map(_cell).to_string(index=False)
        print(f"\n{QUESTIONS.index(self) + 1}. {self.title}\n   {self.note}\n\n{shown}")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:,.0f}" if value == round(value) else f"{value:.4g}"
    return "" if value is None or value is pd.NaT else str(value)[:60]


QUESTIONS: list[Question] = []
IN_CELLS = (
    Store(os.environ.get("NIGHTPRESS_STORE", "nightpress-store")) if "ipykernel" in sys.modules else None
)


def question(title: str, note: str, query: str) -> Callable[[Any], Any]:
    """Keep the decorated function as the question's answer in pandas; in a notebook show it at once."""

    def keep(frame: Any) -> Any:
        QUESTIONS.append(Question(title, note, query, frame))
        if IN_CELLS is not None:
            QUESTIONS[-1].show(IN_CELLS)
        return frame

    return keep


# %% 1. What did last night cost, and what came of it?
@question(
    "What did last night cost, and what came of it?",
    "usd: all calls of the run, judges and baseline too; ledger: share of calls answered without asking.",
    """
    with made as (
        select run, max(recipe) as recipe, count(*) filter (where status = 'made') as made,
            count(*) filter (where status = 'failed') as failed,
            avg(quality) as quality, median(seconds) filter (where status = 'made') as seconds_p50
        from outputs where arm = 'made' and run_date = (select max(run_date) from outputs) group by run
    ), spent as (
        select run, known_sum(case when cached then 0 else usd + coalesce(usd_failed, 0) end) as usd,
            avg(cached::int) as ledger
        from calls group by run
    )
    select run, recipe, made, failed, (select count(*) from deferred d where d.run = made.run) as deferred,
        (select count(*) from rejects r where r.run = made.run) as rejected, usd,
        case when made > 0 then usd / made end as usd_per_made, ledger, quality, seconds_p50
    from made left join spent using (run) order by run
    """,
)
def last_night(read: Read) -> Frame:
    outputs, calls = read("outputs"), read("calls")
    rows = outputs[(outputs["arm"] == "made") & (outputs["run_date"] == outputs["run_date"].max())]
    found = rows.groupby("run").agg(recipe=("recipe", "max"), quality=("quality", "mean"))
    for status in ("made", "failed"):
        found[status] = (rows["status"] == status).groupby(rows["run"]).sum()
    for table, name in (("deferred", "deferred"), ("rejects", "rejected")):
        found[name] = read(table).groupby("run").size().reindex(found.index, fill_value=0)
    usd = (calls["usd"] + calls["usd_failed"].fillna(0)).mask(calls["cached"], 0.0)
    found["usd"] = usd.groupby(calls["run"]).apply(known_sum).reindex(found.index)
    found["usd_per_made"] = found["usd"] / found["made"].where(found["made"] > 0)
    found["ledger"] = calls.groupby("run")["cached"].mean().reindex(found.index)
    found["seconds_p50"] = rows[rows["status"] == "made"].groupby("run")["seconds"].median()
    order = [
        "recipe",
        "made",
        "failed",
        "deferred",
        "rejected",
        "usd",
        "usd_per_made",
        "ledger",
        "quality",
        "seconds_p50",
    ]
    return found[order].reset_index()


# %% 2. Which rows were not made, and why?
@question(
    "Which rows were not made last night, and why?",
    "numbers in a reason are N, so that equal reasons stand together; which: the first five.",
    """
    with lost as (
        select run, 'failed' as what, request_id as which, error_kind as reason, error as example, run_date
        from outputs where arm = 'made' and status = 'failed'
        union all
        select run, 'deferred', request_id, regexp_replace(reason, '[0-9][0-9.,]*', 'N', 'g'), reason, run_date
        from deferred
        union all
        select run, 'rejected', coalesce(request_id, 'row ' || row::bigint),
            regexp_replace(reason, '[0-9][0-9.,]*', 'N', 'g'), reason, run_date
        from rejects
    )
    select run, what, reason, count(*) as rows, array_to_string(list_sort(list(which))[1:5], ', ') as which,
        min(example) as example
    from lost where run_date = (select max(run_date) from outputs)
    group by all order by run, what, rows desc, reason
    """,
)
def not_made(read: Read) -> Frame:
    outputs, deferred, rejects = read("outputs"), read("deferred"), read("rejects")
    failed = outputs[(outputs["arm"] == "made") & (outputs["status"] == "failed")]
    lost = [
        failed.assign(
            what="failed", which=failed["request_id"], reason=failed["error_kind"], example=failed["error"]
        )
    ]
    numbered = rejects["row"].map("row {:.0f}".format)
    for what, table, which in (
        ("deferred", deferred, deferred["request_id"]),
        ("rejected", rejects, rejects["request_id"].where(rejects["request_id"].notna(), numbered)),
    ):
        reason = table["reason"].astype(str).str.replace(r"[0-9][0-9.,]*", "N", regex=True)
        lost.append(table.assign(what=what, which=which, example=table["reason"], reason=reason))
    names = ["run", "what", "reason", "which", "example", "run_date"]
    rows = pd.concat([each[names] for each in lost if len(each)] or [lost[0][names]])
    rows = rows[rows["run_date"] == outputs["run_date"].max()]
    found = rows.groupby(["run", "what", "reason"], dropna=False).agg(
        rows=("which", "size"),
        which=("which", lambda each: ", ".join(sorted(each)[:5])),
        example=("example", "min"),
    )
    return found.reset_index().sort_values(
        ["run", "what", "rows", "reason"], ascending=[True, True, False, True], ignore_index=True
    )


# %% 3. What did the extra models buy?
@question(
    "What did the extra models buy?",
    "by what they are compared with, a request once; failed for good is quality 0. low, high: over requests, not judges.",
    """
    with judged as (
        select o.*, case when status = 'failed' and error_kind not in ('rate_limit', 'overloaded', 'server_error',
            'timeout', 'connection', 'bad_body', 'exhausted') then 0 else quality end as q, coalesce(worth, usd) as value
        from outputs o left join (
            select run, request_id, arm, known_sum(usd + coalesce(usd_failed, 0) + coalesce(usd_saved, 0)) as worth
            from calls where arm in ('made', 'baseline') group by all
        ) using (run, request_id, arm)
    ), alone as (
        select run, request_id, max(model) as model from calls where step = '@baseline' group by all
    ), pairs as (
        select m.recipe, coalesce(model, 'unknown') as baseline, request_id, m.q - b.q as won, m.q as made_q,
            b.q as baseline_q, m.value - b.value as usd, case when coalesce(m.cached_calls, 0) = 0
                and coalesce(b.cached_calls, 0) = 0 then m.seconds - b.seconds end as seconds
        from judged m join judged b using (run, request_id) left join alone using (run, request_id)
        where m.arm = 'made' and b.arm = 'baseline' and m.q is not null and b.q is not null
    ), once as (
        select recipe, baseline, request_id, avg(won) as won, avg(made_q) as made_q, avg(baseline_q) as baseline_q,
            avg(usd) as usd, avg(seconds) as seconds
        from pairs group by all
    ), sums as (
        select recipe, baseline, count(*) as n, avg(made_q) as made_q, avg(baseline_q) as baseline_q, avg(won) as uplift,
            sum(won) / (count(*) + 0.5) as middle, sum(won * won) as squares, avg(usd) as usd, avg(seconds) as seconds
        from once group by all
    ), ends as (
        select *, student(n) * sqrt((squares + 0.5 - (n + 0.5) * middle * middle) / (n + 0.5) / (n - 0.5)) as half from sums
    )
    select recipe, baseline, n as pairs, made_q as made, baseline_q as single, uplift,
        case when n > 1 then greatest(-1, least(middle - half, uplift)) end as low,
        case when n > 1 then least(1, greatest(middle + half, uplift)) end as high, usd as usd_more, seconds as seconds_more,
        case when low > 0 and usd > 0 then usd / uplift end as usd_per_uplift
    from ends order by recipe, baseline
    """,
)
def uplift(read: Read) -> Frame:
    passing = {"rate_limit", "overloaded", "server_error", "timeout", "connection", "bad_body", "exhausted"}
    rows, calls, key = read("outputs"), read("calls"), ["run", "request_id"]
    lost = (rows["status"] == "failed") & ~rows["error_kind"].isin(passing) & rows["error_kind"].notna()
    rows["q"] = rows["quality"].mask(lost, 0.0)
    calls["worth"] = calls["usd"] + calls["usd_failed"].fillna(0) + calls["usd_saved"].fillna(0)
    worth = calls.groupby([*key, "arm"])["worth"].agg(known_sum).reset_index()
    rows = rows.merge(worth, on=[*key, "arm"], how="left")
    rows["usd"] = rows["worth"].astype(float).fillna(rows["usd"])
    arms = [rows[rows["arm"] == arm] for arm in ("made", "baseline")]
    pairs = arms[0].merge(arms[1], on=key, suffixes=("", "_b")).dropna(subset=["q", "q_b"])
    alone = calls[calls["step"] == "@baseline"].groupby(key)["model"].max().rename("baseline").reset_index()
    pairs = pairs.merge(alone, on=key, how="left")
    pairs["baseline"] = pairs["baseline"].where(pairs["baseline"].notna(), "unknown")
    for name in ("q", "usd", "seconds"):
        pairs[f"{name}_more"] = pairs[name] - pairs[f"{name}_b"]
    fresh = pairs[["cached_calls", "cached_calls_b"]].fillna(0).sum(axis=1) == 0
    pairs["seconds_more"] = pairs["seconds_more"].where(fresh)
    means = ["q", "q_b", "q_more", "usd_more", "seconds_more"]
    once = pairs.groupby(["recipe", "baseline", "request_id"])[means].mean().reset_index()
    once["square"] = once["q_more"] ** 2
    found = once.groupby(["recipe", "baseline"]).agg(
        pairs=("q", "size"), made=("q", "mean"), single=("q_b", "mean"), uplift=("q_more", "mean"),
        squares=("square", "sum"), usd_more=("usd_more", "mean"), seconds_more=("seconds_more", "mean"),
    ).reset_index()  # fmt: skip
    n, mean = found["pairs"], found["uplift"]
    middle = n * mean / (n + 0.5)
    apart = found["squares"] + 0.5 - (n + 0.5) * middle**2
    half = student(n) * (apart / (n + 0.5) / (n - 0.5)) ** 0.5
    found.insert(6, "low", (middle - half).where(middle - half < mean, mean).clip(-1, 1).where(n > 1))
    found.insert(7, "high", (middle + half).where(middle + half > mean, mean).clip(-1, 1).where(n > 1))
    shown = (found["low"] > 0) & (found["usd_more"] > 0)
    found["usd_per_uplift"] = (found["usd_more"] / mean.where(shown)).where(shown)
    return found.drop(columns="squares")


# %% 4. Which model is best for which kind of request?
@question(
    "Which model is best for which kind of request?",
    "quality of what it wrote, by the judges of its steps; scores: how many; usd: of a call, by the calls in those roles.",
    """
    with known as (
        select coalesce(request_type, 'any') as request_type, model, sum(quality_mean * quality_n) / sum(quality_n) as quality,
            sum(quality_n) as scores, sum(calls) as calls, sum(errors) as errors, known_sum(coalesce(usd, 0)) as usd
        from model_metrics where after is null and quality_n > 0 group by 1, 2
    )
    select request_type, rank() over (partition by request_type order by quality desc) as place, model, quality, scores,
        case when calls > 0 then usd / calls end as usd_per_call, case when calls > 0 then errors / calls end as errors
    from known order by request_type, place, model
    """,
)
def best_models(read: Read) -> Frame:
    rows = read("model_metrics")
    rows = rows[rows["after"].isna() & (rows["quality_n"] > 0)]
    rows = rows.assign(
        request_type=rows["request_type"].where(rows["request_type"].notna(), "any"),
        points=rows["quality_mean"] * rows["quality_n"],
    )
    found = (
        rows.groupby(["request_type", "model"])[["points", "quality_n", "calls", "errors", "usd"]]
        .sum()
        .reset_index()
    )
    found["quality"] = found["points"] / found["quality_n"]
    found["scores"] = found["quality_n"]
    found["place"] = found.groupby("request_type")["quality"].rank(method="min", ascending=False)
    calls = found["calls"].where(found["calls"] > 0)
    found["usd_per_call"], found["errors"] = found["usd"] / calls, found["errors"] / calls
    order = ["request_type", "place", "model", "quality", "scores", "usd_per_call", "errors"]
    return found.sort_values(["request_type", "place", "model"], ignore_index=True)[order]


# %% 5. What does an accepted row cost?
@question(
    "What does an accepted row cost, by recipe?",
    "accepted: with the recipe's target or more, of the judged rows; their share stands for all made. usd: of the rows' own calls.",
    """
    with sums as (
        select recipe, arm, sum(rows) as rows, sum(rows - failed) as made, sum(quality_n) as judged, sum(accepted) as accepted,
            known_sum(usd) as usd, sum(quality_mean * quality_n) / nullif(sum(quality_n), 0) as quality
        from metrics group by recipe, arm
    )
    select recipe, arm, rows, made, judged, accepted, usd, usd / nullif(made, 0) as usd_per_made,
        usd / nullif(made, 0) / nullif(accepted / nullif(judged, 0), 0) as usd_per_accepted,
        quality / nullif(usd / nullif(made, 0), 0) as quality_per_usd
    from sums order by recipe, arm desc
    """,
)
def accepted_rows(read: Read) -> Frame:
    rows = read("metrics")
    rows["made"] = rows["rows"] - rows["failed"]
    rows["points"] = rows["quality_mean"] * rows["quality_n"]
    by = rows.groupby(["recipe", "arm"], dropna=False)
    found = by[["rows", "made", "quality_n", "accepted", "points"]].sum(min_count=1)
    found["usd"] = by["usd"].agg(known_sum)
    some = found.where(found != 0)
    found["usd_per_made"] = found["usd"] / some["made"]
    found["usd_per_accepted"] = found["usd_per_made"] / (some["accepted"] / some["quality_n"])
    quality = found["points"] / some["quality_n"]
    found["quality_per_usd"] = quality / found["usd_per_made"].where(found["usd_per_made"] != 0)
    found = found.reset_index().rename(columns={"quality_n": "judged"}).drop(columns="points")
    return found.sort_values(["recipe", "arm"], ascending=[True, False], ignore_index=True)


# %% 6. Where do the seconds go?
@question(
    "Where do the seconds go?",
    "of calls that were answered; share: of all waiting in that recipe, side by side or one after the other.",
    """
    with timed as (
        select recipe, coalesce(step, '') as step, coalesce(role, '') as role, model, count(*) as calls,
            sum(seconds) as total, median(seconds) as p50, quantile_cont(seconds, 0.95) as p95
        from calls where not cached and status = 'ok' and seconds is not null group by all
    )
    select recipe, step, role, model, calls, p50, p95, total, total / sum(total) over (partition by recipe) as share
    from timed order by recipe, total desc, step, model
    """,
)
def seconds(read: Read) -> Frame:
    calls = read("calls")
    calls = calls[~calls["cached"] & (calls["status"] == "ok") & calls["seconds"].notna()].copy()
    for name in ("step", "role"):
        calls[name] = calls[name].where(calls[name].notna(), "")
    found = calls.groupby(["recipe", "step", "role", "model"], dropna=False).agg(
        calls=("seconds", "size"), p50=("seconds", "median"), p95=("seconds", lambda each: each.quantile(0.95)),
        total=("seconds", "sum"),
    ).reset_index()  # fmt: skip
    found["share"] = found["total"] / found.groupby("recipe", dropna=False)["total"].transform("sum")
    order = ["recipe", "total", "step", "model"]
    return found.sort_values(order, ascending=[True, False, True, True], ignore_index=True)


# %% 7. What would a cheaper model have cost?
@question(
    "What would a cheaper model have cost?",
    "the same tokens at another model's price, which is worked out from its own calls; quality: what each measured so far.",
    """
    with paid as (
        select model, tokens_in as i, tokens_out as o, usd from calls
        where not cached and status = 'ok' and usd is not null and tokens_in is not null and tokens_out is not null
            and coalesce(tokens_cached, 0) = 0 and coalesce(usd_estimated, 0) = 0
    ), sums as (  -- least squares of usd = price_in * i + price_out * o, by model
        select model, count(*) as calls, sum(i) as i, sum(o) as o, sum(usd) as usd, sum(i * i) as ii, sum(o * o) as oo,
            sum(i * o) as io, sum(i * usd) as iu, sum(o * usd) as ou
        from paid group by model having sum(i) + sum(o) > 0
    ), priced as (
        select model, calls, i, o, usd, ii * oo - io * io > 1e-6 * ii * oo as solvable,
            case when solvable then (oo * iu - io * ou) / (ii * oo - io * io) else usd / (i + o) end as price_in,
            case when solvable then (ii * ou - io * iu) / (ii * oo - io * io) else usd / (i + o) end as price_out
        from sums
    ), quality as (
        select model, sum(quality_mean * quality_n) / sum(quality_n) as quality
        from model_metrics where after is null and quality_n > 0 group by model
    )
    select a.model, a.calls, a.usd, b.model as instead, a.i * b.price_in + a.o * b.price_out as usd_instead,
        1 - usd_instead / a.usd as saved, qa.quality as quality, qb.quality as quality_instead
    from priced a join priced b on a.model <> b.model left join quality qa on qa.model = a.model
        left join quality qb on qb.model = b.model
    where usd_instead < a.usd * 0.999 order by a.model, usd_instead, instead
    """,
)
def cheaper(read: Read) -> Frame:
    c = read("calls")
    c = c[
        ~c["cached"] & (c["status"] == "ok") & c[["usd", "tokens_in", "tokens_out"]].notna().all(axis=1)
        & (c["tokens_cached"].fillna(0) == 0) & (c["usd_estimated"].fillna(0) == 0)
    ]  # fmt: skip
    i, o, usd = c["tokens_in"], c["tokens_out"], c["usd"]
    terms = pd.DataFrame(
        {
            "calls": 1,
            "i": i,
            "o": o,
            "usd": usd,
            "ii": i * i,
            "oo": o * o,
            "io": i * o,
            "iu": i * usd,
            "ou": o * usd,
        }
    )
    s = terms.groupby(c["model"]).sum()
    s = s[s["i"] + s["o"] > 0].reset_index()
    det = s["ii"] * s["oo"] - s["io"] ** 2
    solvable = det > 1e-6 * s["ii"] * s["oo"]
    for name, solved in (
        ("price_in", s["oo"] * s["iu"] - s["io"] * s["ou"]),
        ("price_out", s["ii"] * s["ou"] - s["io"] * s["iu"]),
    ):
        s[name] = (solved / det).where(solvable, s["usd"] / (s["i"] + s["o"]))
    m = read("model_metrics")
    m = m[m["after"].isna() & (m["quality_n"] > 0)]
    points = (m["quality_mean"] * m["quality_n"]).groupby(m["model"]).sum() / m.groupby("model")[
        "quality_n"
    ].sum()
    both = s.merge(
        s[["model", "price_in", "price_out"]].rename(columns={"model": "instead"}),
        how="cross",
        suffixes=("", "_b"),
    )
    both["usd_instead"] = both["i"] * both["price_in_b"] + both["o"] * both["price_out_b"]
    both["saved"] = 1 - both["usd_instead"] / both["usd"]
    both["quality"], both["quality_instead"] = both["model"].map(points), both["instead"].map(points)
    found = both[(both["model"] != both["instead"]) & (both["usd_instead"] < both["usd"] * 0.999)]
    order = ["model", "calls", "usd", "instead", "usd_instead", "saved", "quality", "quality_instead"]
    return found.sort_values(["model", "usd_instead", "instead"], ignore_index=True)[order]


# %% 8. Which judges agree?
@question(
    "Which judges agree?",
    "of texts that both scored by the same criterion; kinder: by how much the first scores higher; near: within 0.1.",
    """
    with said as (
        select run, request_id, coalesce(arm, '') as arm, coalesce(step, '') as step, coalesce(round, 0) as round, criterion,
            judge, avg(score) as score
        from scores where score is not null and judge is not null group by all
    )
    select a.judge, b.judge as other, count(*) as both, avg(a.score - b.score) as kinder,
        avg(abs(a.score - b.score)) as apart, avg((abs(a.score - b.score) < 0.1000001)::int) as near,
        case when count(*) > 1 and stddev_samp(a.score) > 1e-9 and stddev_samp(b.score) > 1e-9
            then corr(a.score, b.score) end as correlation
    from said a join said b using (run, request_id, arm, step, round, criterion) where a.judge < b.judge
    group by a.judge, b.judge order by a.judge, b.judge
    """,
)
def judges(read: Read) -> Frame:
    said = read("scores").dropna(subset=["score", "judge"])
    text = ["run", "request_id", "arm", "step", "round", "criterion"]
    said = said.fillna({"arm": "", "step": "", "round": 0.0})
    said = said.groupby([*text, "judge"])["score"].mean().reset_index()
    both = said.merge(said, on=text, suffixes=("", "_b"))
    both = both[both["judge"] < both["judge_b"]].rename(columns={"judge_b": "other"})
    away = both["score"] - both["score_b"]
    both = both.assign(kinder=away, apart=away.abs(), near=away.abs() < 0.1000001)
    by = both.groupby(["judge", "other"])
    found = by.agg(
        both=("score", "size"), kinder=("kinder", "mean"), apart=("apart", "mean"), near=("near", "mean")
    )
    related = {
        pair: each["score"].corr(each["score_b"])
        if len(each) > 1 and each["score"].std() > 1e-9 and each["score_b"].std() > 1e-9
        else None
        for pair, each in by
    }
    found["correlation"] = pd.Series(related, dtype=float).reindex(found.index) if related else 0.0
    return found.reset_index()


# %% 9. How satisfied are people?
@question(
    "How satisfied are people?",
    "rating: 0 to 1, of all scales; low, high: over ratings, too narrow where one text has many; quality: the judges'.",
    """
    select o.recipe, r.arm, count(*) as ratings, count(distinct (r.run, r.request_id)) as requests, avg(rating) as rating,
        avg(rating) - 1.959964 * stddev_samp(rating) / sqrt(count(*)) as low,
        avg(rating) + 1.959964 * stddev_samp(rating) / sqrt(count(*)) as high, avg(quality) as quality,
        case when count(quality) > 1 and stddev_samp(quality) > 1e-9 and stddev_samp(rating) > 1e-9
            then corr(rating, quality) end as correlation
    from ratings r join outputs o using (run, request_id, arm) where rating is not null
    group by o.recipe, r.arm order by o.recipe, r.arm desc
    """,
)
def satisfaction(read: Read) -> Frame:
    ratings, outputs = read("ratings").dropna(subset=["rating"]), read("outputs")
    rated = ratings.merge(
        outputs[["run", "request_id", "arm", "recipe", "quality"]], on=["run", "request_id", "arm"]
    )
    rows = []
    for (recipe, arm), each in rated.groupby(["recipe", "arm"]):
        rating, quality = each["rating"], each["quality"]
        varied = quality.count() > 1 and quality.std() > 1e-9 and rating.std() > 1e-9
        rows.append(
            {
                "recipe": recipe, "arm": arm, "ratings": len(each),
                "requests": len(each[["run", "request_id"]].drop_duplicates()), "rating": rating.mean(),
                "low": rating.mean() - Z95 * rating.sem(), "high": rating.mean() + Z95 * rating.sem(),
                "quality": quality.mean(), "correlation": rating.corr(quality) if varied else None,
            }
        )  # fmt: skip
    order = ["recipe", "arm", "ratings", "requests", "rating", "low", "high", "quality", "correlation"]
    return pd.DataFrame(rows, columns=order).sort_values(
        ["recipe", "arm"], ascending=[True, False], ignore_index=True
    )


# %% 10. What has drifted?
@question(
    "What has drifted?",
    "the last night against the nights before; sigmas: distance in MAD-sigmas. More than 3.5 is odd, if there are 8 nights.",
    """
    with nights as (
        select recipe, run_date, sum(quality_mean * coalesce(quality_n, rows - failed)) filter (where quality_mean is not null)
                / nullif(sum(coalesce(quality_n, rows - failed)) filter (where quality_mean is not null), 0) as quality,
            known_sum(usd) / nullif(sum(rows - failed), 0) as usd_per_made, sum(failed) / nullif(sum(rows), 0) as failed,
            sum(cache_hits) / nullif(sum(calls), 0) as ledger
        from metrics where arm = 'made' group by recipe, run_date
    ), figures as (
        unpivot nights on quality, usd_per_made, failed, ledger into name figure value value
    ), last as (
        select recipe, max(run_date) as run_date from nights group by recipe
    ), former as (
        select f.recipe, figure, count(*) as nights, median(value) as median_before, 1.4826 * mad(value) as sigma
        from figures f join last l on f.recipe = l.recipe and f.run_date < l.run_date group by f.recipe, figure
    )
    select recipe, figure, value as last_night, median_before, sigma,
        case when sigma > 0 then (value - median_before) / sigma end as sigmas, nights
    from figures join last using (recipe, run_date) join former using (recipe, figure) order by recipe, figure
    """,
)
def drift(read: Read) -> Frame:
    rows = read("metrics")
    rows = rows[rows["arm"] == "made"].copy()
    rows["made"] = rows["rows"] - rows["failed"]
    rows["judged"] = rows["quality_n"].fillna(rows["made"]).where(rows["quality_mean"].notna())
    rows["points"] = rows["quality_mean"] * rows["judged"]
    by = rows.groupby(["recipe", "run_date"])
    sums = by[["rows", "failed", "made", "judged", "points", "calls", "cache_hits"]].sum(min_count=1)
    whole = sums.where(sums != 0)
    nights = pd.DataFrame(
        {
            "quality": sums["points"] / whole["judged"], "usd_per_made": by["usd"].agg(known_sum) / whole["made"],
            "failed": sums["failed"] / whole["rows"], "ledger": sums["cache_hits"] / whole["calls"],
        }
    )  # fmt: skip
    long = nights.reset_index().melt(["recipe", "run_date"], var_name="figure").dropna()
    last = long["run_date"] == long["recipe"].map(nights.reset_index().groupby("recipe")["run_date"].max())
    former = (
        long[~last]
        .groupby(["recipe", "figure"])["value"]
        .agg(
            nights="size",
            median_before="median",
            sigma=mad_sigma,
        )
    )
    found = (
        long[last]
        .rename(columns={"value": "last_night"})
        .merge(former.reset_index(), on=["recipe", "figure"])
    )
    found["sigmas"] = (found["last_night"] - found["median_before"]) / found["sigma"].where(
        found["sigma"] > 0
    )
    order = ["recipe", "figure", "last_night", "median_before", "sigma", "sigmas", "nights"]
    return found.sort_values(["recipe", "figure"], ignore_index=True)[order]


# %% 11. What do the caches save?
@question(
    "What do the caches save?",
    "hits: answered by the ledger, at no cost; saved: of what all would have cost; cached_in: tokens the provider had cached.",
    """
    with sums as (
        select recipe, model, count(*) filter (where not cached) as sent, count(*) filter (where cached) as hits,
            known_sum(case when cached then 0 else usd + coalesce(usd_failed, 0) end) as paid,
            coalesce(sum(usd_saved), 0) as usd_saved, coalesce(sum(tokens_cached) filter (where not cached), 0) as tokens_cached,
            sum(tokens_in) filter (where not cached) as tokens_in
        from calls group by recipe, model
    )
    select recipe, model, sent, hits, paid as usd, usd_saved, usd_saved / nullif(paid + usd_saved, 0) as saved,
        tokens_cached / nullif(tokens_in, 0) as cached_in
    from sums order by recipe, model
    """,
)
def savings(read: Read) -> Frame:
    calls = read("calls")
    sent = ~calls["cached"]
    calls = calls.assign(
        sent=sent, hits=calls["cached"], usd=(calls["usd"] + calls["usd_failed"].fillna(0)).where(sent, 0.0),
        tokens_in=calls["tokens_in"].where(sent), tokens_cached=calls["tokens_cached"].where(sent),
    )  # fmt: skip
    found = calls.groupby(["recipe", "model"], dropna=False).agg(
        sent=("sent", "sum"), hits=("hits", "sum"), usd=("usd", known_sum), usd_saved=("usd_saved", "sum"),
        tokens_in=("tokens_in", "sum"), tokens_cached=("tokens_cached", "sum"),
    ).reset_index()  # fmt: skip
    whole = found["usd"] + found["usd_saved"]
    found["saved"] = found["usd_saved"] / whole.where(whole != 0)
    found["cached_in"] = found["tokens_cached"] / found["tokens_in"].where(found["tokens_in"] > 0)
    return found.drop(columns=["tokens_in", "tokens_cached"])


# %% All of it, from a terminal
def main(arguments: list[str] | None = None) -> None:
    """Print the answers."""
    parser = argparse.ArgumentParser(description="What an analyst asks first of a Nightpress store.")
    usual = os.environ.get("NIGHTPRESS_STORE", "nightpress-store")
    parser.add_argument("store", nargs="?", default=usual, help="a folder or s3://bucket/prefix")
    parser.add_argument("--engine", choices=["duckdb", "pandas"], default="duckdb")
    parser.add_argument("--nights", type=int, default=30, help="how many of the newest nights are read")
    numbers = range(1, len(QUESTIONS) + 1)
    parser.add_argument(
        "--question", type=int, action="append", default=[], choices=numbers, metavar="NUMBER"
    )
    asked = parser.parse_args(arguments)
    store = Store(asked.store, asked.nights)
    for number in asked.question or numbers:
        QUESTIONS[number - 1].show(store, asked.engine)


if __name__ == "__main__" and IN_CELLS is None:
    main()
