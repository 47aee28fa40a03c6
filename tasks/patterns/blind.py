"""Judging what is delivered, blind: the judge sees one text and its task, never who wrote it or in which arm.

All texts of a request are judged by the same judges: a judge that could not score one of them counts for none. Nothing
follows from these judgements inside the row, so a replay need not remember one that failed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tasks.calling.failures import CallFailed
from tasks.judging import side_by_side
from tasks.judging.json_answers import ask_for_json
from tasks.judging.rubric import Rubric
from tasks.judging.side_by_side import Preference
from tasks.patterns.assess import JUDGE, MOST_TOKENS
from tasks.patterns.blind_paths import FINAL, PAIR
from tasks.patterns.handoff import task_of
from tasks.patterns.judge_choice import blind_judges, delivering
from tasks.patterns.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tasks.calling.call import Asker
    from tasks.judging.rubric import Judgement
    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.recipe import Recipe
    from tasks.patterns.scope import Setting

Said = TypeVar("Said")
SHOWN_FIRST: Final = 1
SHOWN_SECOND: Final = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What several judges say of one text.

    Attributes:
        judgements: one of each judge.
    """

    judgements: tuple[Judgement, ...]

    @property
    def score(self) -> float:
        """The mean over the judges, from 0 to 1."""
        return fmean(each.score for each in self.judgements)

    @property
    def by(self) -> dict[str, float]:
        """Criterion → the mean over the judges."""
        names = dict.fromkeys(name for each in self.judgements for name in each.by)
        return {name: fmean(each.by[name] for each in self.judgements if name in each.by) for name in names}


@dataclass(frozen=True, slots=True)
class Bench:
    """The judges of one request.

    Attributes:
        asking: completes their calls.
    """

    recipe: Recipe
    setting: Setting
    request: Mapping[str, Any]
    asking: Asker

    async def verdicts(self, texts: Mapping[str, str]) -> dict[str, Verdict]:
        """Each text, by its own name, as every judge that scored all of them sees it; empty if none did.

        Raises:
            RowDeferred: a judge cannot be asked now.
        """
        choices = blind_judges(self.recipe, self.setting.models)
        by_judge = await _all([self._judged(choice, texts) for choice in choices])
        kept = _each_once(
            [each for each in by_judge if each is not None], lambda each: next(iter(each.values())).judge
        )
        if not kept:
            return {}
        return {name: Verdict(tuple(each[name] for each in kept)) for name in texts}

    async def preferences(self, made: str, other: str) -> list[Preference]:
        """What each judge prefers, in both orders; a judge that gave only one verdict counts for none.

        Raises:
            RowDeferred: a judge cannot be asked now.
        """
        choices = blind_judges(self.recipe, self.setting.models)
        found = await _all([self._preferred(choice, made, other) for choice in choices])
        return [
            each
            for pair in _each_once([each for each in found if each], lambda pair: pair[0].judge)
            for each in pair
        ]

    async def _judged(self, choice: ModelChoice, texts: Mapping[str, str]) -> dict[str, Judgement] | None:
        try:
            found = await _all([self._judgement(choice, text) for text in texts.values()])
        except CallFailed:
            return None
        if len({each.judge for each in found}) > 1:
            return None
        return dict(zip(texts, found, strict=True))

    async def _judgement(self, choice: ModelChoice, text: str) -> Judgement:
        rubric, scope = Rubric(self.recipe.quality.criteria), self._scope(FINAL)
        call = scope.question(
            choice,
            rubric.messages(text, task_of(scope), self.recipe.make.expects),
            role=JUDGE,
            form=rubric.schema(),
            temperature=0.0,
            max_tokens=MOST_TOKENS,
            avoid=self._families(),
        )
        value, model = await ask_for_json(scope.ask, call, scope.place)
        return rubric.judgement(value, model)

    async def _preferred(self, choice: ModelChoice, made: str, other: str) -> Sequence[Preference]:
        try:
            found = await _all(
                [
                    self._preference(choice, made, other, SHOWN_FIRST),
                    self._preference(choice, other, made, SHOWN_SECOND),
                ]
            )
        except CallFailed:
            return ()
        return found if found[0].judge == found[1].judge else ()

    async def _preference(self, choice: ModelChoice, first: str, second: str, round_: int) -> Preference:
        scope = self._scope(PAIR).with_reserved(round=round_)
        call = scope.question(
            choice,
            side_by_side.messages(
                first, second, task_of(scope), self.recipe.make.expects, self.recipe.quality.criteria
            ),
            role=JUDGE,
            form=side_by_side.schema(),
            temperature=0.0,
            max_tokens=MOST_TOKENS,
            avoid=self._families(),
        )
        value, model = await ask_for_json(scope.ask, call, scope.place)
        return side_by_side.preference(value, model, round_)

    def _scope(self, path: str) -> Scope:
        return Scope(self.setting, self.request, self.asking, self.recipe.cache.ttl, path=path)

    def _families(self) -> set[str]:
        models = self.setting.models
        return {models[name].family for name in delivering(self.recipe) if name in models}


def _each_once(said: Sequence[Said], judge_of: Callable[[Said], str]) -> list[Said]:
    """What each judge says, once: one may stand in for another that is there as well."""
    return list({judge_of(each): each for each in reversed(said)}.values())[::-1]


async def _all(asked: Sequence[Any]) -> list[Any]:
    """What all give; where some fail, the others are waited for: what is under way is paid."""
    found = await asyncio.gather(*asked, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return found
