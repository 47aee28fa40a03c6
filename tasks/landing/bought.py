"""What the extra models of a run bought, in plain words and as a table: the recipe beside one model alone. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.landing.compared import compared_sheet, compared_words
from tasks.landing.people_shown import people_words
from tasks.landing.pooling import pooled
from tasks.landing.proving import costs
from tasks.landing.sheet import Sheet
from tasks.landing.wording import (
    NONE,
    count,
    gain,
    gain_between,
    one_line,
    percent,
    score,
    seconds,
    times,
    usd,
    usd_extra,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.landing.night_report import Report
    from tasks.landing.pair_figures import ArmFigures
    from tasks.landing.uplift import Uplift

TITLE: Final = "What the extra models bought"
SIDE_BY_SIDE: Final = "The arms side by side"
NO_CONTROL: Final = (
    "No control arm ran, so nothing shows what the extra models bought. To see it, put "
    "`baseline: {model: MODEL, share: 0.1}` into the recipe, or start the run with `--baseline MODEL:0.1`."
)
NO_PAIRS: Final = (
    "No request was judged in both arms, so nothing can be said of what the extra models bought."
)
NOTE: Final = (
    "Over the same requests, judged blind by the same judges. A row that failed for good delivered nothing and counts as 0. "
    "What judging costs is in neither arm."
)
LONGEST: Final = 400
CAUTION: Final = "Caution: "


def was_compared(report: Report) -> bool:
    """Whether a control arm ran, or the run is a comparison."""
    return bool(report.pairs.controlled or report.uplift or report.manifest.get("arms"))


def says_how(report: Report) -> bool:
    """Whether to tell how to get a control arm: not of a single request."""
    return not was_compared(report) and report.manifest["rows"]["requests"] > 1


def bought_words(report: Report) -> list[str]:
    """Sentences, the answer first; of a run without control arm how to get one."""
    if not was_compared(report):
        return [NO_CONTROL]
    if report.manifest.get("arms"):
        said = [one_line(each, LONGEST) for each in compared_words(report.manifest)]
        cautions = sum(each.startswith(CAUTION) for each in said)
        return [*said[: len(said) - cautions], *_proof_costs(report), *said[len(said) - cautions :]]
    if report.uplift is None:
        return [NO_PAIRS, *_proof_costs(report)]
    return [
        *_answer(report.uplift),
        *_last_nights(report),
        *_preferred(report),
        *_judges(report, report.uplift),
        *people_words(report.people, report.uplift),
        *_proof_costs(report),
        *(f"{CAUTION}{one_line(each, LONGEST)}" for each in report.uplift.cautions),
    ]


def bought_sheet(report: Report) -> Sheet:
    """Both arms side by side; without rows if there are no pairs."""
    columns = ("arm", "models", "quality", "low", "high", "rows", "failed", "USD per row", "seconds p50")
    if report.manifest.get("arms"):
        return compared_sheet(report.manifest, SIDE_BY_SIDE)
    pairs = report.pairs
    if not pairs.pairs:
        return Sheet(SIDE_BY_SIDE, columns, ())
    rows = [_arm("recipe", pairs.made, _only_judge(report)), _arm("one model", pairs.baseline, frozenset())]
    if uplift := report.uplift:
        dollars, longer = usd_extra(uplift.usd_extra), gain_seconds(uplift.seconds_extra)
        found = uplift.all
        rows.append(
            ("difference", "", gain(found.mean), gain(found.low), gain(found.high), "", "", dollars, longer)
        )
    if eyes := report.people.uplift:
        low, high = gain(eyes.low), gain(eyes.high)
        rows.append(("difference in people's eyes", "", gain(eyes.mean), low, high, "", "", "", ""))
    lesser = ("models", "failed")
    return Sheet(SIDE_BY_SIDE, columns, tuple(rows), 7, (), NOTE, lesser)


def gain_seconds(value: float | None) -> str:
    """Seconds more or less."""
    return NONE if value is None else f"{'-' if value < 0 else '+'}{seconds(abs(value))}"


def _answer(uplift: Uplift) -> Iterator[str]:
    if uplift.verdict:
        yield one_line(uplift.verdict, LONGEST)
        return
    found = uplift.all
    pairs = "" if found.pairs is None else f" over {times(found.pairs, 'pair')}"
    yield (
        f"Quality against one model alone: {gain_between(found.mean, found.low, found.high)}{pairs}, "
        f"{percent(uplift.level, 1)} interval."
    )
    yield _verdict(uplift)
    dollars, longer = uplift.usd_extra, uplift.seconds_extra
    more = [f"{usd(abs(dollars))} {'less' if dollars < 0 else 'more'}"] if dollars is not None else []
    more += [f"{seconds(abs(longer))} s {'less' if longer < 0 else 'more'}"] if longer is not None else []
    if more:
        yield f"A row takes {' and '.join(more)} than with one model."


def _last_nights(report: Report) -> Iterator[str]:
    """What the pairs of the last nights say together, where there are several."""
    nights = report.trend.nights if report.trend else ()
    if found := pooled([each.manifest for each in nights]) if nights else None:
        yield one_line(found.words, LONGEST)


def _verdict(uplift: Uplift) -> str:
    """For a manifest that says none."""
    match uplift.all.direction:
        case 1:
            return "The extra models made the content better."
        case -1:
            return "One model alone did better: the pattern does not pay for itself."
    return "It is not shown that the extra models helped: the pattern does not pay for itself so far."


def _preferred(report: Report) -> Iterator[str]:
    better, worse, neither = report.scores.preferred.counted()
    if total := better + worse + neither:
        yield (
            f"Side by side: the recipe's text was preferred in both orders in {percent(better, total)} of "
            f"{times(total, 'judged pair')}, the one model's in {percent(worse, total)}; in {percent(neither, total)} "
            "neither was, or the order decided."
        )


def _judges(report: Report, uplift: Uplift) -> Iterator[str]:
    judges = sorted(report.scores.blind)
    if not judges:
        return
    names = ", ".join(f"{judge} ({family})" if family else judge for judge, family in judges)
    agreed = (
        f" They agreed to alpha {score(uplift.agreement)} (1 is complete, 0 chance)."
        if uplift.agreement is not None
        else ""
    )
    if uplift.agreement_on_gain is not None:
        agreed += f" On how the two texts of a request differ they agreed to alpha {score(uplift.agreement_on_gain)}."
    yield f"Judged blind by {one_line(names, LONGEST)}.{agreed}"


def _proof_costs(report: Report) -> Iterator[str]:
    spent = costs(report.calls)
    whose = "the other arms'" if report.manifest.get("arms") else "the one model's"
    if spent.any_proof:
        yield f"Proving it cost {usd(spent.control.usd)} for {whose} texts and {usd(spent.judging.usd)} for judging."


def _only_judge(report: Report) -> frozenset[str]:
    """Models that the recipe asks for nothing but scores: they are no writers of its texts."""
    own = report.calls.own.by
    return frozenset(each.model for each in own) - {each.model for each in own if each.role != "judge"}


def _arm(name: str, arm: ArmFigures, judging: frozenset[str]) -> tuple[str, ...]:
    low, high = arm.quality.interval or (None, None)
    most = sorted(arm.models, key=lambda model: (model in judging, -arm.models[model], model))
    models = ", ".join(f"{model} (judge)" if model in judging else model for model in most)
    return (
        name,
        one_line(models, 120),
        score(arm.quality.mean),
        score(low),
        score(high),
        count(arm.quality.count),
        count(arm.failed),
        usd(arm.usd_per_row),
        seconds(arm.median_seconds),
    )
