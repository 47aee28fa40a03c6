"""Rows that failed a check of the whole batch, written once more: bounded in rows, rounds and money, paid once.

What each is told is a decision of its row, journalled before it is asked: a run that was killed asks the same again, and
the ledger answers. A row that cannot be written once more, or not better, stays as it was made.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from time import time
from typing import TYPE_CHECKING, Any, Final

import orjson

from tasks.calling.failures import CallFailed
from tasks.judging.word_runs import words_of
from tasks.landing.batch_faults import twin_fault
from tasks.landing.batch_reading import COLUMNS
from tasks.landing.batch_wording import NOT_REWRITTEN, PREFIX, REWRITTEN
from tasks.landing.scores import score_rows
from tasks.landing.shards import row_of
from tasks.landing.tally import Tally
from tasks.patterns.assess import Assessor
from tasks.patterns.batch_settings import PATH
from tasks.patterns.judge_choice import last_writer
from tasks.patterns.ran import RowFailed
from tasks.patterns.rewriting import Flawed, rewritten
from tasks.patterns.scope import Scope
from tasks.patterns.step_paths import step_paths
from tasks.patterns.templates import RenderFailed
from tasks.storing.errors import RowDeferred
from tasks.storing.requests import Request
from tasks.storing.schemas import OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.landing.batch_faults import Fault
    from tasks.landing.batch_reading import BatchCheck, Checked, Outputs
    from tasks.landing.purse import Purse
    from tasks.landing.run_state import RunState
    from tasks.patterns.draft import Draft

DECISION: Final = "rewrite"
JUDGES: Final = ("judge", "reviewer")
WORSE: Final = 0.1
"""By how much a judge may like the new text less than the faulty one."""


@dataclass(slots=True)
class Rewrite:
    """One row on its way.

    Attributes:
        row: as its shard staged it, columns of OUTPUTS.
        faults: of the text as it is now.
        draft: the new text, once one holds; None leaves the row as it was.
        because: why it is left so.
    """

    row: dict[str, Any]
    faults: list[Fault]
    tally: Tally
    scope: Scope
    text: str
    is_open: bool = True
    draft: Draft | None = None
    because: str = ""
    seconds: float = 0.0
    first_faults: list[Fault] = field(default_factory=list)

    @property
    def request_id(self) -> str:
        return str(self.row["request_id"])

    def given_up(self, because: str) -> None:
        self.is_open, self.because = False, because


@dataclass(slots=True)
class Rewriter:
    """Writes rows of one run once more.

    Attributes:
        purse: what all of it may cost.
        outputs: where the texts of others are read.
    """

    state: RunState
    purse: Purse
    check: BatchCheck
    checked: Checked
    outputs: Outputs
    works: dict[str, Rewrite] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)

    async def run(self) -> dict[str, Rewrite]:
        """Work the rows that are let; by request id."""
        chosen = self._chosen()
        rows = await asyncio.to_thread(self.outputs.rows, chosen, OUTPUTS.names)
        self.works = {each: self._begun(rows[each]) for each in chosen if each in rows}
        for round_ in range(1, self.check.batch.rounds + 1):
            going = [each for each in self.works.values() if each.is_open]
            if not going:
                break
            await self._load_others(going)
            async with asyncio.TaskGroup() as group:
                drafts = [group.create_task(self._write(each, round_)) for each in going]
            for each, draft in zip(going, drafts, strict=True):
                self._settle(each, draft.result())
        for each in self.works.values():
            if each.is_open:
                each.given_up("it did not get better")
        return self.works

    def _chosen(self) -> list[str]:
        """Those that have been begun before, then by request id, as many as may be."""
        decision = self.state.calls.ledger.decision
        flawed = sorted(
            self.checked.faults,
            key=lambda each: (decision(each, f"{PATH}#{DECISION}", 0) is None, each),
        )
        return flawed[: max(1, int(self.check.batch.max_rows * self.checked.rows))]

    def _begun(self, row: dict[str, Any]) -> Rewrite:
        state, recipe = self.state, self.state.recipe
        values = orjson.loads(row["request"])
        asker = row_of(state, Request(row["request_id"], 0, values), row["shard"], self.purse)
        asker.request_type = row["request_type"]
        tally = Tally(state.calls, asker, state.plan.fresh)
        scope = Scope(state.setting, values, tally, recipe.cache.ttl, tally.notes, path=PATH)
        faults = self.checked.faults[row["request_id"]]
        return Rewrite(row, faults, tally, scope, row["content"], first_faults=faults)

    async def _load_others(self, going: list[Rewrite]) -> None:
        wanted = {fault.other for each in going for fault in each.faults if fault.other}
        wanted |= {known["other"] for each in going if (known := self._known(each)) and known["other"]}
        rows = await asyncio.to_thread(
            self.outputs.rows,
            wanted - self.others.keys(),
            COLUMNS,
        )
        self.others |= {name: row["content"] for name, row in rows.items()}
        self.others |= {each.request_id: each.draft.content for each in self.works.values() if each.draft}

    def _known(self, work: Rewrite) -> Mapping[str, Any] | None:
        """The next decision of the row, if it has been made before; `decided` counts it, this does not."""
        occurrence = work.tally.row.decided.get(f"{PATH}#{DECISION}", 0)
        return self.state.calls.ledger.decision(work.request_id, f"{PATH}#{DECISION}", occurrence)

    async def _write(self, work: Rewrite, round_: int) -> Draft | None:
        """A new text; None if there is none, and the row is left as it was."""
        began = time()
        try:
            async with self.state.rows_gate:
                return await self._written(work, work.scope.with_reserved(round=round_))
        except (CallFailed, RowFailed, RenderFailed, RowDeferred) as failure:
            work.given_up(str(failure))
        except Exception as error:  # noqa: BLE001 - a fault of ours in one row must not cost the others
            work.given_up(f"{type(error).__name__}: {error}")
        finally:
            work.seconds += time() - began
        return None

    async def _written(self, work: Rewrite, scope: Scope) -> Draft:
        decided = scope.decided(DECISION)
        told = decided.known
        if told is None:
            other = next((fault.other for fault in work.faults if fault.other), "")
            told = {"wrong": [fault.wish for fault in work.faults], "other": other}
            decided.settle(told)
        row = work.row
        data = orjson.loads(row["data"]) if row["data"] else None
        flawed = Flawed(
            work.text,
            row["quality"],
            data,
            told["wrong"],
            self.others.get(told["other"], ""),
            self._writer(row),
        )
        draft = await rewritten(self.state.recipe, flawed, scope)
        return await self._judged(work, draft, scope)

    async def _judged(self, work: Rewrite, draft: Draft, scope: Scope) -> Draft:
        """With a score, if the text before had one; raises RowFailed if it is a worse one."""
        row = work.row
        judge = next((step["model"] for step in reversed(row["steps"] or ()) if step["role"] in JUDGES), None)
        if row["quality"] is None or judge is None:
            return replace(draft, score=None)
        assessment = await Assessor(self.state.recipe.make, judge).assess(draft, scope)
        if assessment.score is not None and assessment.score < row["quality"] - WORSE:
            said = (
                f"its judge likes what came of it less ({assessment.score:.2f}, before {row['quality']:.2f})"
            )
            raise RowFailed("worse", said)
        return replace(draft, score=assessment.score)

    def _writer(self, row: dict[str, Any]) -> str:
        paths = step_paths(self.state.recipe, ())
        writers = (step["model"] for step in reversed(row["steps"] or ()) if paths.at(step["path"]).writes)
        return next(writers, None) or last_writer(self.state.recipe.make)

    def _settle(self, work: Rewrite, draft: Draft | None) -> None:
        """Take the new text if nothing is wrong with it; else go on from it if less is wrong."""
        if draft is None:
            return
        words = words_of(draft.content)
        texts = self.check.texts
        faults = [*texts.faults(draft.content, words, work.scope.request), *texts.keys(draft.content)]
        twins = self.checked.twins
        twin = twins.twin_of(work.request_id, words) if twins is not None else None
        if twin is not None:
            faults.insert(0, twin_fault(twin))
        if not faults:
            work.draft, work.is_open = draft, False
            if twins is not None:
                twins.replace(work.request_id, words)
        elif len(faults) <= len(work.faults):
            work.text, work.faults = draft.content, faults


def delivered(work: Rewrite) -> dict[str, Any]:
    """The row of `outputs`, with the new text if there is one, and with what it has cost either way."""
    row, tally, draft = dict(work.row), work.tally, work.draft
    before = PREFIX + REWRITTEN if draft is not None else PREFIX
    said = [before + fault.said for fault in work.first_faults]
    if draft is None:
        said.append(f"{PREFIX}{NOT_REWRITTEN}{work.because}")
    row["warnings"] = [*(row["warnings"] or ()), *said]
    row["steps"] = [*(row["steps"] or ()), *tally.steps]
    row["models"] = list(dict.fromkeys([*(row["models"] or ()), *tally.models]))
    counted = {
        "calls": tally.calls, "cached_calls": tally.cached, "tokens_in": tally.tokens_in, "tokens_out": tally.tokens_out,
        "usd": tally.usd, "seconds": work.seconds,
    }  # fmt: skip
    for name, more in counted.items():
        row[name] = None if row[name] is None or more is None else row[name] + more
    row["simulated"] = bool(row["simulated"]) or tally.simulated
    if draft is not None:
        judgement = tally.notes.judgement_of(draft.content)
        row["content"] = draft.content
        row["data"] = orjson.dumps(draft.data, default=dict).decode() if draft.data else None
        row["quality"] = draft.score
        row["quality_by"] = list(judgement.by.items()) if judgement else None
        row["warnings"] += [*draft.metadata.warnings, *tally.notes.warnings]
    return row


def delivered_scores(work: Rewrite, state: RunState) -> list[dict[str, Any]]:
    """Rows of `scores`: how what was written once more was judged."""
    return score_rows(work.tally, state.plan.run, state.setting.models)
