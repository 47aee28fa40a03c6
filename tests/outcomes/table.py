"""The results as text that fits a terminal of 110 columns: a section per part of issue 6, in it a block per set.

Parquet keeps all columns; here are those that say something of the set.
"""

from __future__ import annotations

from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING

from tests.outcomes.result import Interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.outcomes.result import Result

WIDTH = 110
METHOD = 44
NOTHING = "–"
ROUTING = ("APGR", "strong calls for 50%", "for 80%", "known")
SECTIONS = ("Combining", "Cascades", "Routing", "Judges")


def section(result: Result) -> str:
    """Which part of the issue it belongs to."""
    if result.data.startswith("RouteLLM"):
        return "Routing"
    if result.data.startswith(("JudgeBench", "arena")):
        return "Judges"
    return "Combining" if result.saved is None else "Cascades"


def shown(results: Sequence[Result]) -> str:
    """The sections in order, the sets in the order in which they came."""
    lines = [
        "[..] is a 95% interval, bootstrap over questions. best: the best single model, chosen in hindsight."
    ]
    for name in SECTIONS:
        some = [each for each in results if section(each) == name]
        if some:
            lines += ["", name.upper(), *_blocks(name, some)]
    return "\n".join(lines)


def _blocks(name: str, results: Sequence[Result]) -> Iterable[str]:
    sets = dict.fromkeys(each.data for each in results)
    for data in sets:
        some = [each for each in results if each.data == data]
        yield ""
        yield from wrap(f"{data}: {_numbers(some)}{_around(some)}", WIDTH, subsequent_indent="    ")
        if name == "Routing":
            rows = [_routed(list(each)) for _, each in groupby(some, key=lambda one: one.method)]
            yield from _aligned(["", *ROUTING], rows)
        else:
            for metric in dict.fromkeys(each.metric for each in some):
                alike = [each for each in some if each.metric == metric]
                yield from _aligned(
                    [*_columns(alike, metric)], [[*_row(each, _columns(alike, metric))] for each in alike]
                )
        for note in dict.fromkeys(f"{each.method}: {each.note}" for each in some if each.note):
            yield from wrap(
                note, WIDTH, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False
            )


def _numbers(some: Sequence[Result]) -> str:
    found = sorted({each.n for each in some})
    return f"{found[0]:,}" + (f" to {found[-1]:,}" if len(found) > 1 else "")


def _around(some: Sequence[Result]) -> str:
    """What is the same for all methods of a set by its first metric: the best single model and the oracle."""
    alike = [each for each in some if each.metric == some[0].metric]
    singles = {(each.single_is, each.single) for each in alike if each.single}
    parts = [f"best {name} {_with_ends(single)}" for name, single in singles if len(singles) == 1]
    oracles = {each.oracle for each in alike if each.oracle}
    parts += [f"oracle {_with_ends(each)}" for each in oracles if len(oracles) == 1]
    return "".join(f"; {part}" for part in parts)


def _columns(some: Sequence[Result], metric: str) -> Mapping[str, str]:
    """The heads of a block's columns, each with what it shows."""
    columns = {metric[:METHOD]: "method", "ours": "ours"}
    if any(each.gain for each in some):
        columns["gain on best"] = "gain"
    if any(each.known is not None for each in some):
        columns["known"] = "known"
    if any(each.saved for each in some):
        columns["saved"] = "saved"
    if any(each.known_saved is not None for each in some):
        columns["known "] = "known_saved"
    return columns


def _row(result: Result, columns: Mapping[str, str]) -> Iterable[str]:
    for what in columns.values():
        value = getattr(result, what)
        if what == "method":
            yield value
        elif what == "known_saved":
            yield NOTHING if value is None else f"{value:.0%}"
        elif value is None:
            yield NOTHING
        elif what == "saved":
            yield f"{value.mean:.0%} [{value.low:.0%} {value.high:.0%}]"
        elif isinstance(value, Interval):
            yield _with_ends(value, "+.3f" if what == "gain" else ".3f")
        else:
            yield f"{value:.3f}"


def _routed(three: Sequence[Result]) -> list[str]:
    """APGR and the two shares of a router on one line."""
    known = [each.known for each in three]
    told = NOTHING if known[0] is None else " ".join(
        f"{each:.3f}" if place == 0 else f"{each:.0%}" for place, each in enumerate(known) if each is not None
    )  # fmt: skip
    shares = [f"{each.ours.mean:.0%} [{each.ours.low:.0%} {each.ours.high:.0%}]" for each in three[1:]]
    return [three[0].method, _with_ends(three[0].ours), *shares, told]


def _aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    table = [head, *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(head))]
    for row in table:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _with_ends(found: Interval, form: str = ".3f") -> str:
    return f"{found.mean:{form}} [{found.low:{form}} {found.high:{form}}]"
