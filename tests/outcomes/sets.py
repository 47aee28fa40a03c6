"""The sets that are measured: one module each, which gives its results from the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.outcomes import chains, judges, mixture_of_thought, router_bench, routing, voting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.outcomes.data import Data
    from tests.outcomes.result import Result


@dataclass(frozen=True)
class Set:
    """One set of recordings.

    Attributes:
        results: its lines of the table.
        files: what it reads, without `.parquet`.
    """

    results: Callable[[Data], Iterable[Result]]
    files: tuple[str, ...]


SETS: Mapping[str, Set] = {
    "mmlu_pro": Set(voting.results, ("mmlu_pro_preds", "mmlu_pro_questions")),
    "chains": Set(chains.results, ("chains",)),
    "mot": Set(mixture_of_thought.results, ("mot_cascade",)),
    "routerbench": Set(router_bench.results, ("routerbench",)),
    "routing": Set(routing.results, ("routellm",)),
    "judges": Set(judges.of_pairs, ("judgebench_pairs", "judgebench_decisions")),
    "lengths": Set(judges.of_scores, ("arena_bench",)),
}
