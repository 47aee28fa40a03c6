"""What the rows of a run came to, as tables: errors, routes, judgements, rows of note, rows that were left. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tasks.landing.row_figures import Scores
from tasks.landing.sheet import Sheet, of_largest
from tasks.landing.wording import NONE, count, one_line, score, seconds, times, usd
from tasks.patterns.blind_paths import FINAL

if TYPE_CHECKING:
    from tasks.landing.call_figures import CallFigures
    from tasks.landing.kind_counts import KindCounts
    from tasks.landing.left_rows import LeftRows
    from tasks.landing.row_figures import RowFigures
    from tasks.landing.score_figures import ScoreFigures

OF_DRAFTS: Final = "The last two columns are of all drafts judged on the way, also those improved afterwards."
STEPS: Final = {"": "make", FINAL: "delivered, blind"}


def errors_sheet(rows: RowFigures, calls: CallFigures) -> Sheet:
    """A row per kind: rows and calls that ended so, and what one of them said."""
    kinds = dict.fromkeys([*dict(rows.errors.commonest()), *dict(calls.errors.commonest())])
    found = tuple(
        (
            kind or NONE,
            rows.errors.examples.get(kind) or calls.errors.examples.get(kind) or "",
            count(rows.errors.counts.get(kind, 0)),
            count(calls.errors.counts.get(kind, 0)),
        )
        for kind in kinds
    )
    return Sheet("Errors by kind", ("kind", "for example", "rows", "calls"), found, 2)


def warnings_sheet(rows: RowFigures) -> Sheet:
    """What the commonest warnings are about: a row per step that warned."""
    found = _counted(rows.warnings)
    note = f"{times(rows.warned, 'row')} of the content carry a warning." if found else ""
    return Sheet("Warnings", ("of", "for example", "times"), found, 1, (), note)


def routes_sheet(rows: RowFigures) -> Sheet:
    """A row per way that requests were sent, the commonest first."""
    routes = sorted(rows.routes.items(), key=lambda each: (-each[1].rows, each[0]))
    found = tuple(
        (name, count(route.rows), score(route.confidence.mean), score(route.quality.mean), usd(route.usd))
        for name, route in routes
    )
    shares = of_largest([route.rows for _, route in routes])
    return Sheet("Routes taken", ("route", "rows", "confidence", "quality", "USD"), found, 4, shares)


def criteria_sheet(rows: RowFigures, scores: ScoreFigures) -> Sheet:
    """A row per criterion: of what was delivered, and of all drafts where any was judged on the way."""
    found, shares = [], []
    drafts = ("mean of all", "n of all") if scores.drafts else ()
    for criterion in dict.fromkeys([*rows.criteria, *scores.drafts]):
        delivered, judged = rows.criteria.get(criterion, Scores()), scores.drafts.get(criterion, Scores())
        of_drafts = (score(judged.mean), count(judged.count)) if drafts else ()
        figures = (score(delivered.mean), score(delivered.lowest), count(delivered.count))
        found.append((criterion, *figures, *of_drafts))
        shares.append(delivered.mean or 0.0)
    judges = ", ".join(f"{judge} ({family})" if family else judge for judge, family in sorted(scores.judges))
    note = f"Judged by {judges}." if judges else ""
    note += f" {OF_DRAFTS}" if drafts else ""
    columns = ("criterion", "mean", "lowest", "n", *drafts)
    numbers = len(columns) - 1
    return Sheet("Judged by criterion", columns, tuple(found), numbers, tuple(shares), note.strip())


def judged_steps_sheet(scores: ScoreFigures) -> Sheet:
    """A row per step and round that was judged: what doing it over brought."""
    found = tuple(
        (STEPS.get(step, step), str(round_), score(each.mean), score(each.lowest), count(each.count))
        for (step, round_), each in sorted(scores.steps.items())
    )
    shares = tuple(each.mean or 0.0 for _, each in sorted(scores.steps.items()))
    return Sheet("Judged by step and round", ("step", "round", "mean", "lowest", "scores"), found, 4, shares)


def dearest_sheet(rows: RowFigures) -> Sheet:
    """The most expensive rows; of a single one there is nothing to compare."""
    if rows.made + sum(rows.errors.counts.values()) < 2:
        return Sheet("Most expensive rows", (), ())
    found = tuple(
        (
            row["request_id"],
            row["status"],
            _models(row),
            count(row["calls"]),
            seconds(row["seconds"]),
            usd(row["usd"]),
        )
        for row in rows.dearest
    )
    columns = ("request", "status", "models", "calls", "seconds", "USD")
    return Sheet("Most expensive rows", columns, found, 3, of_largest([row["usd"] for row in rows.dearest]))


def worst_sheet(rows: RowFigures, scores: ScoreFigures) -> Sheet:
    """The worst judged rows, with what was worst about each and why; of several judges what the sternest said."""
    found = tuple(
        (row["request_id"], _models(row), *_worst_of(row, scores), score(row["quality"]))
        for row in rows.worst
    )
    columns = ("request", "models", "worst in", "the judge's reason", "quality")
    return Sheet("Worst judged rows", columns, found, 1, tuple(row["quality"] for row in rows.worst))


def left_sheet(title: str, left: LeftRows) -> Sheet:
    """The first of the rows that were left."""
    more = f"The first {len(left.first)} of {left.total:,}." if left.total > len(left.first) else ""
    return Sheet(f"{title} rows", ("request", "reason"), tuple(left.first), 0, (), more)


def reasons_sheet(title: str, left: LeftRows) -> Sheet:
    """Why rows were left, the commonest reason first."""
    found = tuple((reason, count(number)) for reason, number in left.reasons.commonest())
    return Sheet(f"{title}, by reason", ("reason", "rows"), found, 1)


def _counted(kinds: KindCounts) -> tuple[tuple[str, ...], ...]:
    return tuple((kind or NONE, kinds.examples.get(kind, ""), count(n)) for kind, n in kinds.commonest())


def _models(row: dict[str, Any]) -> str:
    return one_line(", ".join(row["models"] or ()), 120) or NONE


def _worst_of(row: dict[str, Any], scores: ScoreFigures) -> tuple[str, str]:
    if not row["quality_by"]:
        return NONE, ""
    criterion, lowest = min(row["quality_by"], key=lambda each: each[1])
    worst = f"{criterion} {score(lowest)}"
    if blind := scores.lowest.get((row["request_id"], criterion)):
        given, judge, reason = blind
        return worst, f"{judge} {score(given)}: {reason}" if len(scores.blind) > 1 else reason
    return worst, scores.reasons.get((row["request_id"], criterion, lowest), "")
