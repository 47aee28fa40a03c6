"""What past runs say of the models: quality, tokens, seconds and errors, and how well two work after one another. No I/O.

Three levels, each shrunk towards the one above it: the strength that the models file gives (or what models without one
are believed to have), the model at this task, the model at this task for this type of request. Sums are kept, not
estimates: what they are shrunk towards is the catalog of the run that asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tasks.choosing.belief import Belief
from tasks.choosing.estimate import Estimate, Seen, shrunk
from tasks.choosing.routing import Routing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from tasks.calling.catalog import Model

BELIEF: Final = 10.0  # observations that a given strength is worth
TYPE_BELIEF: Final = 10.0  # observations that a model's quality at a task is worth for one type of request
UNKNOWN_STRENGTH: Final = 0.5  # of a model whose strength at the task nobody has given
UNKNOWN_BELIEF: Final = 2.0
PAIR_BELIEF: Final = 20.0
UNKNOWN_COMPATIBILITY: Final = 0.9
ERROR_BELIEF: Final = 50.0
USUAL_ERRORS: Final = 0.01
HALF_LIFE_DAYS: Final = 30.0

Subject = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Observed:
    """What one run saw of one model at one task for one type of request.

    Attributes:
        after: the model whose text it worked from; then only the quality counts, for the pair.
        quality: mean of `judged` scores, from 0 to 1.
        seconds: the median answer's.
        age_days: how long ago; older ones fade, by half in HALF_LIFE_DAYS.
    """

    model: str
    task: str | None = None
    request_type: str | None = None
    after: str | None = None
    calls: float = 0.0
    errors: float = 0.0
    judged: float = 0.0
    quality: float | None = None
    tokens_in: float | None = None
    tokens_out: float | None = None
    seconds: float | None = None
    age_days: float = 0.0


@dataclass(frozen=True, slots=True)
class Work:
    """What a model's calls took: sums over faded calls, and means over those with an answer."""

    calls: float = 0.0
    errors: float = 0.0
    tokens_in: Seen = field(default_factory=Seen)
    tokens_out: Seen = field(default_factory=Seen)
    seconds: Seen = field(default_factory=Seen)


@dataclass(frozen=True, slots=True)
class Estimates:
    """Faded sums of what was observed.

    Attributes:
        quality: (model, task, type of request) → scores; a type of None holds all types, a task of None all tasks.
        work: (model, task) → its calls; a task of None holds all tasks.
        pairs: (first, second) → task → the second's scores where it worked from the first's text.
        runs: how many runs they come from.
        beliefs: what was learnt of models that answer the same requests, from answers of which it is known who was right.
        routings: what was learnt of pairs of models, and how tonight's requests are spread.
    """

    quality: Mapping[Subject, Seen] = field(default_factory=dict)
    work: Mapping[tuple[str, str | None], Work] = field(default_factory=dict)
    pairs: Mapping[tuple[str, str], Mapping[str | None, Seen]] = field(default_factory=dict)
    runs: int = 0
    beliefs: tuple[Belief, ...] = ()
    routings: tuple[Routing, ...] = ()

    def belief_of(self, names: Collection[str]) -> Belief | None:
        """What was learnt of these models together: of them alone, else of the fewest that include them; the newest."""
        wider = [each for each in self.beliefs if set(names) <= set(each.voters)]
        return min(reversed(wider), key=lambda each: len(each.voters), default=None)

    def routing_of(self, step: str, cheap: str, strong: str) -> Routing:
        """What was learnt of this pair: at this step, else at any; else nothing, so that complexity ranks."""
        of_pair = {each.step: each for each in self.routings if (each.cheap, each.strong) == (cheap, strong)}
        return of_pair.get(step) or of_pair.get(None) or Routing(cheap, strong)

    def quality_of(
        self, name: str, model: Model | None, task: str | None, request_type: str | None = None
    ) -> Estimate:
        """How good the model is at a task, for one type of request or any."""
        given = strength(model, task)
        belief = (UNKNOWN_STRENGTH, UNKNOWN_BELIEF) if given is None else (given, BELIEF)
        at_task = shrunk(self.quality.get((name, task, None), Seen()), *belief)
        if request_type is None:
            return at_task
        seen = self.quality.get((name, task, request_type), Seen())
        if not seen.n:
            return at_task
        return shrunk(seen, at_task.mean, min(at_task.weight, TYPE_BELIEF))

    def compatibility(self, first: str, second: str, given: Mapping[str, Mapping[str, float]]) -> Estimate:
        """How well the second works from what the first wrote, 0 to 1; `given` is the catalog's matrix.

        What was believed is corrected by how the second's scores after the first compare with all its scores at the
        same task: bad texts for all do not make a bad pair, and one that nothing compares with stays as believed.
        A model after itself is a pair like others: it knows its own style, and overlooks its own mistakes.
        """
        believed = given.get(first, {}).get(second, UNKNOWN_COMPATIBILITY)
        seen = Seen()
        for task, after in self.pairs.get((first, second), {}).items():
            own = self.quality.get((second, task, None), Seen())
            if own.mean:
                seen = seen.plus(after.n, min(1.0, believed * after.mean / own.mean))
        return shrunk(seen, believed, PAIR_BELIEF)

    def tokens_out(self, name: str, task: str | None) -> float | None:
        """Tokens of its answers at this task, else at any; None if it has given none."""
        for of in dict.fromkeys((task, None)):
            seen = self.work.get((name, of), Work()).tokens_out
            if seen.n:
                return seen.mean
        return None

    def seconds(self, name: str, task: str | None) -> float | None:
        """Seconds of its answers at this task, else at any; None if it has given none."""
        for of in dict.fromkeys((task, None)):
            seen = self.work.get((name, of), Work()).seconds
            if seen.n:
                return seen.mean
        return None

    def error_rate(self, name: str) -> Estimate:
        """Share of its calls that fail."""
        work = self.work.get((name, None), Work())
        rate = work.errors / work.calls if work.calls else 0.0
        return shrunk(Seen(work.calls, rate), USUAL_ERRORS, ERROR_BELIEF)

    def plain(self) -> dict[str, Any]:
        """JSON-able: what a run's plan freezes."""
        beliefs = [each.plain() for each in self.beliefs]
        routings = [each.plain() for each in self.routings]
        return {
            **({"beliefs": beliefs} if beliefs else {}),
            **({"routings": routings} if routings else {}),
            "runs": self.runs,
            "quality": [[*of, seen.n, seen.mean] for of, seen in self.quality.items()],
            "work": [
                [*of, work.calls, work.errors, *_flat(work.tokens_in, work.tokens_out, work.seconds)]
                for of, work in self.work.items()
            ],
            "pairs": [
                [*of, task, seen.n, seen.mean]
                for of, tasks in self.pairs.items()
                for task, seen in tasks.items()
            ],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Estimates:
        """What `plain` gave; nothing known, of an empty mapping."""
        quality = {
            (name, task, kind): Seen(n, mean) for name, task, kind, n, mean in plain.get("quality", [])
        }
        work = {
            (name, task): Work(calls, errors, Seen(*rest[:2]), Seen(*rest[2:4]), Seen(*rest[4:]))
            for name, task, calls, errors, *rest in plain.get("work", [])
        }
        pairs: dict[tuple[str, str], dict[str | None, Seen]] = {}
        for first, second, task, n, mean in plain.get("pairs", []):
            pairs.setdefault((first, second), {})[task] = Seen(n, mean)
        beliefs = tuple(Belief.from_plain(each) for each in plain.get("beliefs", []))
        routings = tuple(Routing.from_plain(each) for each in plain.get("routings", []))
        return cls(quality, work, pairs, plain.get("runs", 0), beliefs, routings)


def strength(model: Model | None, task: str | None) -> float | None:
    """What the models file says of a model at a task; at any task, the mean of all its strengths."""
    if model is None or not model.strengths:
        return None
    if task is None:
        return sum(model.strengths.values()) / len(model.strengths)
    return model.strengths.get(task)


def learnt(observed: Iterable[Observed], runs: int = 0, known: Estimates | None = None) -> Estimates:
    """Estimates from what `runs` runs saw, on top of what is `known`."""
    known = known or Estimates()
    quality, work = dict(known.quality), dict(known.work)
    pairs = {of: dict(tasks) for of, tasks in known.pairs.items()}
    for each in observed:
        faded = fading(each.age_days)
        if each.after is not None:
            if each.quality is not None:
                tasks = pairs.setdefault((each.after, each.model), {})
                tasks[each.task] = tasks.get(each.task, Seen()).plus(faded * each.judged, each.quality)
            continue
        if each.quality is not None:
            for subject in _subjects(each):
                quality[subject] = quality.get(subject, Seen()).plus(faded * each.judged, each.quality)
        for task in dict.fromkeys((each.task, None)):
            work[each.model, task] = _worked(work.get((each.model, task), Work()), each, faded)
    return Estimates(quality, work, pairs, known.runs + runs, known.beliefs, known.routings)


def fading(age_days: float) -> float:
    """What an observation of that age still counts."""
    return float(0.5 ** (max(0.0, age_days) / HALF_LIFE_DAYS))


def _subjects(each: Observed) -> Iterable[Subject]:
    tasks = dict.fromkeys((each.task, None))
    types = dict.fromkeys((each.request_type, None))
    return [(each.model, task, kind) for task in tasks for kind in types]


def _worked(work: Work, each: Observed, faded: float) -> Work:
    answered = faded * (each.calls - each.errors)
    return Work(
        work.calls + faded * each.calls,
        work.errors + faded * each.errors,
        _with(work.tokens_in, answered, each.tokens_in),
        _with(work.tokens_out, answered, each.tokens_out),
        _with(work.seconds, answered, each.seconds),
    )


def _with(seen: Seen, n: float, value: float | None) -> Seen:
    return seen if value is None else seen.plus(n, value)


def _flat(*seen: Seen) -> list[float]:
    return [figure for each in seen for figure in (each.n, each.mean)]
