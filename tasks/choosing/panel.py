"""What several voters said to the same requests: answers, what speaks for them, and which were right. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]


SIGNALS: Final = ("confidence", "length")  # what patterns know of an answer: what it states, its characters


@dataclass(frozen=True, slots=True)
class Panel:
    """Answers of the same voters to many requests.

    Attributes:
        voters: models, or whoever answers, in the order of the columns.
        said: shape (requests, voters): text that is equal where answers are the same; None where there is none.
        kinds: the type of each request, or None.
        signals: shape (requests, voters, signals): what may tell how sure an answer is, in any unit, as SIGNALS; NaN
            where nobody knows.
        right: shape (requests, voters): how right an answer is, 0 to 1; NaN where nobody knows.
        looks: shape (requests, voters, looks): how each answer looks among the options, as `option_looks`; None if no
            request is known to have options.
    """

    voters: tuple[str, ...]
    said: NDArray[np.object_]
    kinds: NDArray[np.object_]
    signals: Floats
    right: Floats
    looks: Floats | None = None

    @property
    def n(self) -> int:
        """How many requests."""
        return int(self.said.shape[0])

    def of(self, voters: Sequence[str]) -> Panel:
        """The same requests with these voters only, in this order."""
        at = [self.voters.index(name) for name in voters]
        looks = None if self.looks is None else self.looks[:, at]
        return Panel(
            tuple(voters), self.said[:, at], self.kinds, self.signals[:, at], self.right[:, at], looks
        )

    def rows(self, places: Places) -> Panel:
        """These requests only."""
        looks = None if self.looks is None else self.looks[places]
        return Panel(
            self.voters,
            self.said[places],
            self.kinds[places],
            self.signals[places],
            self.right[places],
            looks,
        )


def as_said(answer: object) -> str:
    """Text that is equal for equal plain data: what a panel holds of an answer in canonical form."""
    return orjson.dumps(answer, option=orjson.OPT_SORT_KEYS).decode()


def one_request(
    voters: Sequence[str],
    said: Sequence[str | None],
    kind: str | None,
    signals: Sequence[Sequence[float | None]],
    looks: Sequence[Sequence[float]] | None = None,
) -> Panel:
    """A panel of a single request, of which nobody knows yet who is right."""
    answers: NDArray[Any] = np.empty((1, len(voters)), dtype=object)
    answers[0] = list(said)
    kinds: NDArray[Any] = np.empty(1, dtype=object)
    kinds[0] = kind
    told = np.array(
        [[np.nan if each is None else float(each) for each in one] for one in signals], dtype=np.float64
    )
    unknown = np.full((1, len(voters)), np.nan)
    seen = None if looks is None else np.array(looks, dtype=np.float64)[None]
    return Panel(tuple(voters), answers, kinds, told.reshape(1, len(voters), -1), unknown, seen)


@dataclass(frozen=True, slots=True)
class Answers:
    """The different answers of each request of a panel, those of one request after one another.

    Attributes:
        request: which request each answer belongs to.
        codes: shape (answers,): which text it is, in `same`'s numbers.
        same: shape (requests, voters): the number of each text, -1 where there is none.
        first: the column of the first voter who said it.
    """

    request: Places
    codes: Places
    same: Places
    first: Places

    def supporters(self) -> NDArray[np.bool_]:
        """Shape (answers, voters): who said it."""
        return np.asarray(self.same[self.request] == self.codes[:, None])

    def dissenters(self) -> NDArray[np.bool_]:
        """Shape (answers, voters): who said something else."""
        said = self.same[self.request]
        return np.asarray((said != self.codes[:, None]) & (said >= 0))


def answers_of(panel: Panel) -> Answers:
    """The different answers, in the order of the voters who said them first."""
    numbers: dict[str, int] = {}
    same = np.array(
        [
            [-1 if text is None else numbers.setdefault(text, len(numbers)) for text in row]
            for row in panel.said
        ],
        dtype=np.intp,
    ).reshape(panel.said.shape)
    is_first = same >= 0
    for place in range(1, len(panel.voters)):
        is_first[:, place] &= ~(same[:, :place] == same[:, place, None]).any(axis=1)
    request, first = np.nonzero(is_first)
    return Answers(request, same[request, first], same, first)
