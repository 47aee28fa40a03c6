"""What a night would be served and what it would ask anew, as tables and a line. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tasks.landing.sheet import Sheet
from tasks.landing.wording import count, one_line, times, usd

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from tasks.calling.key_changes import Change
    from tasks.landing.explaining import Explained, StepSums
    from tasks.landing.what_if import Looked

TOP: Final = "make"
NOT_KNOWN: Final = "not known"
NOT_REACHED: Final = "not reached"
COLUMNS: Final = ("step", "why anew", "calls", "ledger", "anew", "tokens in", "tokens out", "USD tonight")
NUMBERS: Final = 6
SECONDS_A_DAY: Final = 86400
SECONDS_AN_HOUR: Final = 3600


def summary_line(told: Explained) -> str:
    """How many calls would be asked anew, for how much, and which edit of the recipe it comes from."""
    total = told.total
    expected = round(total.not_reached)
    rest = f" and about {expected:,} that no past answer leads to" if expected else ""
    cost = f"about {_usd(total)}" if total.anew or expected else "at no cost"
    said = f"{total.anew:,} of {times(total.calls, 'call')} would be asked anew{rest}, {cost}"
    if not told.edited:
        return said
    changed = ", ".join(_name(path) for path in told.edited)
    every = ", ".join(_name(path) for path in told.steps if path in told.edited or path in told.after)
    return f"{said}; what changed in {changed} invalidates {every}"


def steps_sheet(told: Explained) -> Sheet:
    """A row per step, in the order they are come to, and the sums."""
    rows = [_row(_name(path), step) for path, step in told.steps.items()]
    rows.append(_row("all", told.total))
    return Sheet("By step", COLUMNS, tuple(rows), NUMBERS)


def examples_sheet(told: Explained) -> Sheet:
    """A few calls for each step and reason, with what their key was made of and is."""
    rows = [row for looked in told.examples.values() for each in looked for row in _changes(each)]
    return Sheet("For example", ("request", "step", "why anew", "was", "would be"), tuple(rows))


def detail_sheet(looked: list[Looked]) -> Sheet:
    """Every call of one request in the order they are asked."""
    rows = [
        (
            _name(each.step),
            str(each.round),
            each.model,
            f"served by {each.served_by}" if each.served_by else "asked anew",
            _reason(each),
            count(each.tokens_in),
            count(each.tokens_out),
            NOT_KNOWN if each.usd is None else usd(each.usd),
        )
        for each in looked
    ]
    columns = ("step", "round", "model", "answer", "why", "tokens in", "tokens out", "USD tonight")
    return Sheet("Its calls", columns, tuple(rows), 3)


def notes(told: Explained) -> Iterator[str]:
    """What has to be known to read the figures."""
    if not told.runs:
        yield "no past run of this recipe has any of these requests: there is nothing to compare them with"
    if told.blind:
        yield (
            f"{times(told.blind, 'row')} end at a call that was never asked, and no past run says what follows: "
            "`nightpress check` gives the worst case"
        )
    guessed = told.total.guessed
    if guessed:
        yield f"of {times(guessed, 'call')} nobody knows how long the answer is: max_tokens was taken"
    if told.simulated:
        yield "simulated answers are among those served: they are as long as a simulator stands behind that address"
    if told.ended["failed"]:
        yield f"{times(told.ended['failed'], 'row')} fail on recorded answers alone"


def _row(name: str, step: StepSums) -> tuple[str, ...]:
    anew = f"{step.anew:,}" + (f" + {step.not_reached:,.0f}" if step.not_reached >= 0.5 else "")
    return (
        name,
        _reasons(step.reasons, step.not_reached),
        count(step.calls),
        count(step.hits),
        anew,
        count(step.tokens_in),
        count(step.tokens_out),
        _usd(step),
    )


def _reasons(reasons: Counter[str], not_reached: float) -> str:
    said = [f"{reason} {number:,}" for reason, number in reasons.most_common()]
    if not_reached >= 0.5:
        said.append(f"{NOT_REACHED} {not_reached:,.0f}")
    return ", ".join(said)


def _changes(looked: Looked) -> Iterator[tuple[str, ...]]:
    who = (looked.request_id, _name(looked.step))
    for change in looked.changes or ():
        yield (*who, change.part, change.then, change.now)
    if not looked.changes and looked.age_seconds is not None and looked.reason == "too old":
        yield (*who, looked.reason, f"answered {_age(looked.age_seconds)} ago", "")


def _reason(looked: Looked) -> str:
    changes = "; ".join(_change(each) for each in looked.changes)
    if looked.reason == "too old" and looked.age_seconds is not None:
        return f"too old: answered {_age(looked.age_seconds)} ago"
    return changes or looked.reason


def _change(change: Change) -> str:
    said = (
        f": {one_line(change.then, 120)} → {one_line(change.now, 120)}" if change.then or change.now else ""
    )
    return f"{change.part}{said}"


def _age(seconds: float) -> str:
    if seconds >= 2 * SECONDS_A_DAY:
        return f"{seconds / SECONDS_A_DAY:.0f} days"
    return times(round(seconds / SECONDS_AN_HOUR), "hour")


def _usd(step: StepSums) -> str:
    return NOT_KNOWN if step.usd is None else usd(step.usd)


def _name(path: str) -> str:
    return path or TOP
