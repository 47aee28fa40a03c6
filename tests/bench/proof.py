"""`make proof`: seeded nights on simulated models of known skill; does the uplift that is reported hold the true one?

The simulator counts the flaws of its own texts, so the true quality of every text is known; the truth of a case is the mean
true difference over all nights' pairs. People rate four texts in ten, each by its true quality, give or take. The cases stand in `proof_cases.py`. Exit code 1: a promise is broken.

    --nights N    of each case (200)
    --rows N      of each night, all compared (40)
    --at-once N   cases (1), each in a process of its own
    --only TEXT   cases whose name has it
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import sqrt
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tasks.judging.intervals import LEVEL
from tests.bench.proof_cases import CASES, LENGTH
from tests.bench.proof_nights import nights

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.proof_cases import Case
    from tests.bench.proof_nights import Outcome

HELPS: Final = "helps"
NO_GAIN: Final = 0.01
UNTRUE: Final = 0.025  # how often an interval of 95% lies above what is true, by chance
SAID: Final = 0.95


def broken(found: Outcome) -> list[str]:
    """The promises that these nights break, in words."""
    return list(_broken(found))


def _broken(found: Outcome) -> Iterator[str]:
    case = found.case
    least = LEVEL - _chance(LEVEL, found.nights)
    if case.covers and found.held < least:
        yield f"the interval holds the truth in {found.held:.1%} of the nights"
    if case.covers and found.held_by_type < least:
        yield f"the intervals by type hold the truth in {found.held_by_type:.1%}"
    if found.held_by_people < least:
        yield f"the interval in people's eyes holds the truth in {found.held_by_people:.1%}"
    if found.truth < NO_GAIN and found.said(HELPS) > UNTRUE + _chance(UNTRUE, found.nights):
        yield f"what does not help is said to help in {found.said(HELPS):.1%} of the nights"
    if LENGTH in case.says and abs(found.corrected - found.truth) >= abs(found.measured - found.truth):
        yield f"with length taken out the uplift is no nearer to the truth: {found.corrected:+.3f}"
    for words in case.says:
        if found.cautioned(words) < SAID:
            yield f"{words!r} is said in {found.cautioned(words):.0%} of the nights only"
    for words in case.silent:
        if found.cautioned(words) > 1 - SAID:
            yield f"{words!r} is said in {found.cautioned(words):.0%} of the nights, without reason"


def _chance(share: float, nights: int) -> float:
    """How far a share of so many nights strays by chance."""
    return 1.96 * sqrt(share * (1 - share) / nights)


def told(found: Outcome) -> str:
    """The figures of a case, and what is broken."""
    text = (
        f"{found.case.name:<22} true {found.truth:+.3f}, measured {found.measured:+.3f} (width {found.width:.3f}), held "
        f"{found.held:.1%}, by type {found.held_by_type:.1%}; helps {found.said(HELPS):.1%}; length taken out "
        f"{found.corrected:+.3f}, held {found.held_corrected:.1%}; in people's eyes {found.in_peoples_eyes:+.3f}, held "
        f"{found.held_by_people:.1%}\n"
    )
    warned = [f"{words!r} {found.cautioned(words):.0%}" for words in found.case.says]
    text += f"{'':<22} warns of {', '.join(warned)}\n"
    return text + "".join(f"{'':<22} BROKEN: {each}\n" for each in broken(found))


def case_nights(case: Case, count: int, rows: int) -> Outcome:
    """The nights of a case, in a folder that goes with them."""
    with tempfile.TemporaryDirectory(prefix="nightpress-proof-") as folder:
        return nights(case, count, rows, Path(folder))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make proof", description=__doc__)
    parser.add_argument("--nights", type=int, default=200)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--only", default="")
    given = parser.parse_args(arguments)
    wrong = 0
    cases = [each for each in CASES if given.only in each.name]
    with ProcessPoolExecutor(given.at_once, mp_context=get_context("spawn")) as processes:
        for found in processes.map(partial(case_nights, count=given.nights, rows=given.rows), cases):
            sys.stdout.write(told(found))
            sys.stdout.flush()
            wrong += len(broken(found))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
