"""Adding up calls: one part after another, several at once, one of several, a part over again. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LARGEST: Final = 10**9


@dataclass(frozen=True, slots=True)
class WorstCase:
    """What a recipe, or a part of it, may come to for one request. Counts end at `LARGEST`.

    Attributes:
        calls: at most; a call that goes to a fallback is still one.
        sequential: of those, at most after one another.
        least: calls when all goes well at once: nothing is asked again, the first judgement meets the target, one
            round is enough; no step with a condition runs, and a route takes its shortest way.
        usd: at most; None if a price is not known.
        models: catalog name → the most calls that may be sent to it. A call counts for each model that may get it, so
            these add up to more than `calls`.
        chain: the calls after one another, in words: `outline → draft ×2`.
        tokens_in: read, at most.
        tokens_out: written, at most.
        seconds: that the calls after one another take at most, at the speed that is supposed of every model.
    """

    calls: int = 0
    sequential: int = 0
    least: int = 0
    usd: float | None = 0.0
    models: Mapping[str, int] = field(default_factory=dict)
    chain: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0


def after(parts: Sequence[WorstCase]) -> WorstCase:
    """The parts in this order."""
    return WorstCase(
        calls=_sum([each.calls for each in parts]),
        sequential=_sum([each.sequential for each in parts]),
        least=_sum([each.least for each in parts]),
        usd=_usd([each.usd for each in parts], sum),
        models=_models(parts, lambda first, second: _capped(first + second)),
        chain=" → ".join(each.chain for each in parts if each.chain),
        tokens_in=sum(each.tokens_in for each in parts),
        tokens_out=sum(each.tokens_out for each in parts),
        seconds=sum(each.seconds for each in parts),
    )


def at_once(parts: Sequence[WorstCase]) -> WorstCase:
    """All parts, side by side: the longest is waited for."""
    longest = max(parts, key=lambda each: each.sequential, default=WorstCase())
    seconds = max((each.seconds for each in parts), default=0.0)
    return replace(after(parts), sequential=longest.sequential, chain=longest.chain, seconds=seconds)


def one_of(parts: Sequence[WorstCase]) -> WorstCase:
    """Any one of the parts, the worst in each respect."""
    longest = max(parts, key=lambda each: each.sequential, default=WorstCase())
    return WorstCase(
        calls=max((each.calls for each in parts), default=0),
        sequential=longest.sequential,
        least=min((each.least for each in parts), default=0),
        usd=_usd([each.usd for each in parts], lambda usd: max(usd, default=0.0)),
        models=_models(parts, max),
        chain=longest.chain,
        tokens_in=max((each.tokens_in for each in parts), default=0),
        tokens_out=max((each.tokens_out for each in parts), default=0),
        seconds=max((each.seconds for each in parts), default=0.0),
    )


def some_of(parts: Sequence[WorstCase]) -> WorstCase:
    """At least one of the parts, at worst all, one after the other."""
    return replace(after(parts), least=min((each.least for each in parts), default=0))


def over_again(part: WorstCase, times: int) -> WorstCase:
    """The part up to so many times, one after the other; once is enough if all goes well."""
    if times == 1:
        return part
    inner = f"({part.chain})" if "→" in part.chain or "×" in part.chain else part.chain
    sequential = _capped(part.sequential * times)
    repeated = copies(part, times)
    chain = inner and f"{inner} ×{times}"
    seconds = part.seconds * times
    return replace(repeated, sequential=sequential, least=part.least, chain=chain, seconds=seconds)


def copies(part: WorstCase, number: int) -> WorstCase:
    """As many of the part, all at once."""
    return replace(
        part,
        calls=_capped(part.calls * number),
        least=_capped(part.least * number),
        usd=None if part.usd is None else part.usd * number,
        models={name: _capped(calls * number) for name, calls in part.models.items()},
        tokens_in=part.tokens_in * number,
        tokens_out=part.tokens_out * number,
    )


def perhaps(part: WorstCase) -> WorstCase:
    """The part, or nothing."""
    return replace(part, least=0)


def _sum(counts: Sequence[int]) -> int:
    return _capped(sum(counts))


def _capped(count: int) -> int:
    return min(count, LARGEST)


def _usd(parts: Sequence[float | None], together: Callable[[Sequence[float]], float]) -> float | None:
    known = [usd for usd in parts if usd is not None]
    return together(known) if len(known) == len(parts) else None


def _models(parts: Sequence[WorstCase], together: Callable[[int, int], int]) -> dict[str, int]:
    names = dict.fromkeys(name for each in parts for name in each.models)
    return {name: reduce(together, [each.models.get(name, 0) for each in parts]) for name in names}
