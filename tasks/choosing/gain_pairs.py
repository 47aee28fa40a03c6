"""Requests that both of two models have worked, and what is learnt from them: a routing, and what a share comes to. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tasks.choosing.gain import Example, router
from tasks.choosing.outcomes import Outcomes
from tasks.choosing.routing import FEWEST_USUAL, Routing, draw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tasks.choosing.routing import Typed

FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """A request that both models have worked: what it came to, and for how much, with the cheaper and the stronger one."""

    text: str
    request_type: str | None
    quality: tuple[float, float]
    usd: tuple[float, float]

    @property
    def example(self) -> Example:
        return Example(self.text, self.quality[1] - self.quality[0], self.request_type)


def pairs_of(rows: Iterable[Mapping[str, Any]], cheap: str, strong: str) -> list[Pair]:
    """Requests with a figure of both, from rows of request_id, model, request, quality, usd, maybe request_type.

    Of several rows of one request and model the first counts.
    """
    found: dict[Any, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        if row["model"] in (cheap, strong) and _is_known(row):
            found.setdefault(row["request_id"], {}).setdefault(row["model"], row)
    return [
        Pair(
            str(both[cheap]["request"]),
            _kind(both[cheap].get("request_type")),
            (float(both[cheap]["quality"]), float(both[strong]["quality"])),
            (float(both[cheap]["usd"]), float(both[strong]["usd"])),
        )
        for both in found.values()
        if len(both) == 2
    ]


def learnt_routing(
    pairs: Sequence[Pair], cheap: str, strong: str, step: str | None, others: Sequence[Typed] = ()
) -> Routing:
    """From requests that both have worked.

    Args:
        others: usual requests that it is not learnt from, on which gains are spread as on new ones.
    """
    learnt = Routing(cheap, strong, step, router(each.example for each in pairs))
    usual = (
        list(others) if len(others) >= FEWEST_USUAL else [(each.text, each.request_type) for each in pairs]
    )
    return learnt.among(usual)


def crossed_standings(pairs: Sequence[Pair]) -> list[float]:
    """How each request stands among all by its gain, as learnt from the requests of other folds; from above 0 to 1."""
    fold = [int(draw(f"fold {each.text}") * FOLDS) for each in pairs]
    gains = np.zeros(len(pairs))
    for held in set(fold):
        learnt = router(each.example for each, of in zip(pairs, fold, strict=True) if of != held)
        places = [place for place, of in enumerate(fold) if of == held]
        gains[places] = learnt.gains(
            [pairs[place].text for place in places], [pairs[place].request_type for place in places]
        )
    order = sorted(range(len(pairs)), key=lambda place: (gains[place], draw(pairs[place].text)))
    return [(rank + 1) / len(pairs) for rank in np.argsort(order)]


def as_outcomes(pairs: Sequence[Pair], standings: Sequence[float], cheap: str, strong: str) -> Outcomes:
    """As a cascade's outcomes, of which the threshold is the share that goes to the stronger model.

    The second model costs what it costs more, as the first is not paid for what goes straight to it.
    """
    usd = np.array([[each.usd[0], each.usd[1] - each.usd[0]] for each in pairs])
    signal = np.array([[1 - each, 1.0] for each in standings])
    return Outcomes((cheap, strong), signal, np.array([each.quality for each in pairs]), usd)


def _is_known(row: Mapping[str, Any]) -> bool:
    figures = (row["quality"], row["usd"])
    return isinstance(row["request"], str) and all(each is not None and isfinite(each) for each in figures)


def _kind(value: Any) -> str | None:
    return value if isinstance(value, str) else None
