"""What is supposed of models and recipes before any run has shown it: the prior of every estimate. No I/O.

Each figure is a guess that a few rows of real work correct (`PRIOR_ROWS`); none of them bounds anything.
"""

from __future__ import annotations

from typing import Final

ANSWER_SHARE: Final = 0.35
"""Share of `max_tokens` that an answer takes, and so of the largest draft that the next step is shown."""

OWN_ANSWER_SHARE: Final = 0.2
"""The same for a pattern's own calls (judges, coordinators, mergers), whose `max_tokens` are wide and fixed."""

INSTRUCTION_TOKENS: Final = 350
"""Tokens of a pattern's own instructions: to a judge, a coordinator, a merger."""

CORRECTION_TOKENS: Final = 80
"""Tokens that say what was wrong with an answer."""

UNREADABLE: Final = 0.03
"""Chance that an answer is not the JSON that was asked for, and is asked for once more."""

CHECK_FAILS: Final = 0.1
"""Chance that a step's checks fail, and the step is done once more."""

WHEN_HOLDS: Final = 0.5
"""Chance that a step under a condition runs."""

GOES_ON: Final = 0.4
"""Chance that a loop takes one more round: a judge is not content, members do not agree, a stage is needed."""

CASCADE_GOES_ON: Final = 0.4
"""Chance that a model's answer is not accepted and the next model of a cascade is asked."""

MAY_NEED_IT: Final = 0.5
"""Chance of a call that hangs on what the answers look like, as the comparison of what may be prose."""

RARELY: Final = 0.02
"""Chance of a call that is only made where another has failed."""

FAILS_THE_BATCH: Final = 0.03
"""Chance that a row fails a check of the whole batch, and is written once more."""

SUBTASKS_PER_SPECIALIST: Final = 1.2
"""Subtasks that a coordinator gives each of its specialists."""

FAILED_SHARE: Final = 0.02
"""What failed attempts cost, as a share of the answers' cost."""

FIRST_TOKEN_SECONDS: Final = 1.0
"""Seconds until an answer begins."""

SECONDS_PER_TOKEN: Final = 0.02
"""Seconds for each token of an answer."""

PRIOR_ROWS: Final = 2
"""What is supposed weighs as much as so many rows that were worked."""

PRIOR_SPREAD: Final = 0.5
"""Standard deviation of a row's cost as a share of its mean, as far as no run has shown it."""


def rounds(most: int, chance: float = GOES_ON) -> float:
    """How many rounds a loop takes on average."""
    return sum(chance**number for number in range(most))


def later(most: int, chance: float = GOES_ON) -> float:
    """Share of a loop's rounds that are not its first, and are told what came of the one before."""
    return 1 - 1 / rounds(most, chance)


def gain_chances(share: float, explore: float, *, checked: bool) -> tuple[float, float]:
    """Chances that the cheaper and the stronger model of a cascade by gain are asked."""
    strong = share + (1 - share) * (CHECK_FAILS if checked else 0.0)
    return explore + (1 - explore) * (1 - share), explore + (1 - explore) * strong


def call_seconds(tokens_out: float) -> float:
    """How long a call takes that writes so many tokens."""
    return FIRST_TOKEN_SECONDS + tokens_out * SECONDS_PER_TOKEN
