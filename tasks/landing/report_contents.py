"""What a report says, in order: its headline and its tables. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.landing.batch_sheet import batch_sheet
from tasks.landing.call_sums import percentile
from tasks.landing.people_shown import people_sheet
from tasks.landing.proving import costs
from tasks.landing.row_sheets import (
    criteria_sheet,
    dearest_sheet,
    errors_sheet,
    judged_steps_sheet,
    left_sheet,
    reasons_sheet,
    routes_sheet,
    warnings_sheet,
    worst_sheet,
)
from tasks.landing.satisfaction_shown import satisfaction_said, satisfaction_sheet, worst_rated_sheet
from tasks.landing.sheet import Sheet
from tasks.landing.spend_sheets import saved_by_step, spend_by_model, spend_by_step, spend_on_proof
from tasks.landing.trend_sheets import drifted, nights_sheet, trend_sheet
from tasks.landing.wording import NONE, count, expected_usd, gain, one_line, score, seconds, times, usd

if TYPE_CHECKING:
    from tasks.landing.night_report import Report

SIMULATED: Final = (
    "Simulated: the answers of this run were made up by a simulator. Neither content nor USD is real."
)
NO_RECIPE: Final = "The recipe of this run is not there any more: the run is being made anew with another."


def state_of(report: Report) -> str:
    """Recipe, night, generation and state in a line."""
    manifest = report.manifest
    return (
        f"{manifest['recipe']} version {manifest['recipe_version']}, night of {manifest['run_date']}, "
        f"generation {manifest['generation']}, {'healthy' if manifest['healthy'] else 'unhealthy'}, "
        f"committed {manifest['committed_at'][:16].replace('T', ' ')} UTC"
    )


def headline(report: Report) -> list[tuple[str, str]]:
    """The figures of the run as (title, figure)."""
    return [*_rows(report), *_results(report), *_calls(report), *drifted(report.trend)]


def sheets(report: Report) -> list[Sheet]:
    """Every table that has anything in it, the most important first."""
    rows, calls, scores = report.rows, report.calls, report.scores
    every = [
        errors_sheet(rows, calls),
        reasons_sheet("Rejected", report.rejected),
        reasons_sheet("Deferred", report.deferred),
        trend_sheet(report.trend),
        satisfaction_sheet(report.satisfaction),
        people_sheet(report.people),
        worst_rated_sheet(report.satisfaction),
        criteria_sheet(rows, scores),
        judged_steps_sheet(scores),
        worst_sheet(rows, scores),
        routes_sheet(rows),
        spend_by_model(calls),
        spend_by_step(calls),
        spend_on_proof(calls),
        saved_by_step(calls, report.manifest.get("tokens_saved", {})),
        dearest_sheet(rows),
        batch_sheet(rows),
        warnings_sheet(rows),
        nights_sheet(report.trend),
        left_sheet("Rejected", report.rejected),
        left_sheet("Deferred", report.deferred),
        parts_sheet(report),
    ]
    return [sheet for sheet in every if sheet.rows]


def parts_sheet(report: Report) -> Sheet:
    """Where the run's tables lie."""
    found = tuple(
        (table, f"{report.store_url}/{parts[-1]['path']}", count(sum(part["rows"] for part in parts)))
        for table, parts in sorted(report.manifest["parts"].items())
        if parts
    )
    return Sheet("Where it lies", ("table", "newest part", "rows"), found, 1)


def _rows(report: Report) -> list[tuple[str, str]]:
    rows, errors = report.manifest["rows"], report.manifest["errors"]
    told = {"adopted": "adopted", "not_adopted": "more wait", "unchanged": "unchanged left out"}
    more = ", ".join(f"{rows[name]:,} {words}" for name, words in told.items() if rows.get(name))
    elsewhere = f", {report.made_elsewhere:,} made elsewhere since" if report.made_elsewhere else ""
    return [
        ("requests", f"{rows['requests']:,}" + (f" ({more})" if more else "")),
        ("made", count(rows["made"])),
        ("failed", f"{rows['failed']:,}{_why(errors['rows'])}"),
        ("deferred", f"{rows['deferred']:,}{_why(errors['deferred'])}{elsewhere}"),
        ("rejected", count(rows["rejected"])),
    ]


def _results(report: Report) -> list[tuple[str, str]]:
    rows, spent = report.rows, report.manifest["usd"]
    quality = f"{score(rows.quality.mean)} ({times(rows.quality.count, 'row')} judged)"
    apart = costs(report.calls)
    paid = apart.work.usd if apart.any_proof else spent["spent"]
    each = usd(None if paid is None else paid / rows.made) if rows.made else NONE
    proof = _sum(apart.control.usd, apart.judging.usd)
    estimated = f" ({usd(spent['estimated'])} of it estimated)" if spent["estimated"] else ""
    median, slow = (_percentile(report, share) for share in (50, 95))
    return [
        ("quality", quality if rows.quality.count else NONE),
        *_uplift(report),
        *([("satisfaction", said)] if (said := satisfaction_said(report.satisfaction)) else []),
        ("spent", usd(spent["spent"]) + estimated),
        *([("of it to prove it", usd(proof))] if apart.any_proof else []),
        *(
            [("expected", expected)]
            if (expected := expected_usd(report.manifest.get("estimate", {})))
            else []
        ),
        ("USD per made row", each),
        ("seconds p50 / p95", f"{median} / {slow}"),
    ]


def _uplift(report: Report) -> list[tuple[str, str]]:
    if report.uplift is None:
        return []
    found = report.uplift.all
    pairs = "" if found.pairs is None else f", {times(found.pairs, 'pair')}"
    between = f" ({gain(found.low)} to {gain(found.high)}{pairs})" if found.low is not None else ""
    return [("uplift", f"{gain(found.mean)}{between}")]


def _sum(*amounts: float | None) -> float | None:
    known = [each for each in amounts if each is not None]
    return sum(known) if len(known) == len(amounts) else None


def _calls(report: Report) -> list[tuple[str, str]]:
    calls, usd_of = report.manifest["calls"], report.manifest["usd"]
    failed = f" (attempts without an answer cost {usd(usd_of['failed'])})" if usd_of["failed"] else ""
    saved = f" (saved {usd(usd_of['saved'])})" if usd_of["saved"] else ""
    return [
        ("calls sent", count(calls["sent"])),
        ("calls failed", f"{calls['failed']:,}{failed}"),
        ("from the ledger", f"{calls['cached']:,}{saved}"),
        ("tokens in / out", f"{calls['tokens_in']:,} / {calls['tokens_out']:,}"),
    ]


def _percentile(report: Report, share: float) -> str:
    return seconds(percentile(report.rows.seconds, share))


def _why(errors: dict[str, int]) -> str:
    most = sorted(errors.items(), key=lambda each: -each[1])[:5]
    said = ", ".join(f"{one_line(kind, 60)} {number:,}" for kind, number in most)
    return f" ({said})" if said else ""
