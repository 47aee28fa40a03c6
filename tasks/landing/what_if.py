"""A night that is only thought through: rows worked against what is recorded, with nothing sent.

Each call is looked up as a run would look it up. What is there is served. What is not is explained, priced, and answered
by a stand-in, the request's last answer in the same place, so that the steps after it are reached as well. What such a
step is asked holds the stand-in's text: it depends on an answer that nobody has yet, and counts as asked anew.

Decisions that earlier runs journalled (fallbacks taken, drop-outs) are not taken over: a new run decides anew.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson

from tasks.calling.call import Completion, Row, settle
from tasks.calling.call_rows import prompt_text
from tasks.calling.key_changes import Change, key_changes, messages_in, shared_start
from tasks.calling.lookup import Found, look_up
from tasks.calling.messages import Ask
from tasks.calling.prices import cost
from tasks.calling.route import estimated_tokens
from tasks.judging.json_answers import json_in
from tasks.landing.past_slots import PastSlots, PastTexts
from tasks.patterns.notes import Notes
from tasks.storing.errors import RowDeferred

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tasks.calling.call import Asked, Call
    from tasks.calling.past_calls import PastCalls
    from tasks.calling.route import Route
    from tasks.landing.step_figures import StepFigures

MOST_STAND_INS: Final = 2000
SHORTEST_LINE: Final = 12  # characters; a shorter line of an answer may stand in a prompt by chance
LEDGER: Final = "ledger"
OTHER_ROW: Final = "another row"
DEPENDS: Final = "depends on a new answer"
NEVER: Final = "never asked"
GONE: Final = "not in the ledger any more"
FAILED: Final = "no usable answer"


class NoStandIn(RowDeferred):
    """The row would go on with an answer that nobody has ever given."""


class Recorded(Protocol):
    """Where answers are looked up."""

    async def __call__(self, asked: Asked) -> Found:
        """What a run would be served for this call, and why not."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One call of one row, looked up.

    Attributes:
        served_by: the ledger, or another row of the same night that asks the same; empty if it would be asked anew.
        reason: why it would be; empty if not.
        changes: the parts of its key that differ from the nearest past call's.
        age_seconds: of the answer that is there and not served.
        tokens_in: what it would take, or 0.
        usd: what it would cost tonight, 0 if nothing; None where the price is not known.
        simulated: the answer that would be served is.
        guessed: no past call says how many tokens it takes: max_tokens is taken for its answer.
    """

    request_id: str
    step: str
    role: str | None
    round: int
    model: str
    served_by: str = ""
    reason: str = ""
    changes: tuple[Change, ...] = ()
    age_seconds: float | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float | None = 0.0
    simulated: bool = False
    guessed: bool = False


@dataclass(slots=True)
class WhatIf:
    """What the rows of one such night share.

    Attributes:
        routes: catalog name → its route, as `unsent_routes` makes them.
        recorded: the ledger's answers, or a run's.
        slots: what the requests were asked before.
        steps: what each step came to before, over all requests.
    """

    routes: Mapping[str, Route]
    recorded: Recorded
    slots: PastSlots
    steps: Mapping[str, StepFigures]
    texts: PastTexts
    past: PastCalls
    now: datetime
    _stand_ins: OrderedDict[bytes, Completion] = field(default_factory=OrderedDict)

    def row(self, row: Row) -> WhatIfRow:
        """The asker of a row."""
        return WhatIfRow(self, row, self.slots.of(row.request_id))

    def stand_in(self, key: bytes) -> Completion | None:
        """What stood in for the answer to a question that another row asks as well; only the last ones are kept."""
        return self._stand_ins.get(key)

    def keep(self, key: bytes, stand_in: Completion) -> None:
        """The night would ask this, and has this in its place."""
        self._stand_ins[key] = stand_in
        if len(self._stand_ins) > MOST_STAND_INS:
            self._stand_ins.popitem(last=False)

    async def text_of(self, call: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """Prompt and response of a past call; of a hit, those of the call that answered it."""
        if not call["cached"]:
            rows = self.texts.rows(call["path"], call["row_group"], "call_id", call["call_id"])
            return (rows[0]["prompt"], rows[0]["response"]) if rows else (None, None)
        for place in self.past.places(bytes.fromhex(call["key"])):
            path = self.past.parts[place.part].path
            for row in self.texts.rows(path, place.row_group, "key", call["key"]):
                if row["response"] is not None:
                    return row["prompt"], row["response"]
        return None, None

    async def tokens_of(self, call: Mapping[str, Any]) -> tuple[int | None, int | None]:
        """Tokens of a past call; of a hit, those of the call that answered it."""
        if not call["cached"]:
            return call["tokens_in"], call["tokens_out"]
        for place in self.past.places(bytes.fromhex(call["key"])):
            for row in await self.past.rows(place, call["key"]) or []:
                if row["attempts"] and row["tokens_in"] is not None:
                    return row["tokens_in"], row["tokens_out"]
        return None, None


def from_ledger(past: PastCalls, first_start: datetime) -> Recorded:
    """Answers as a run that starts at that moment finds them."""

    async def recorded(asked: Asked) -> Found:
        return await look_up(past, asked, first_start)

    return recorded


@dataclass(slots=True)
class WhatIfRow:
    """The asker of one row; `looked` holds its calls in the order they were asked."""

    night: WhatIf
    row: Row
    slots: list[dict[str, Any]]
    looked: list[Looked] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)
    _new_texts: set[str] = field(default_factory=set)
    _taken: set[str] = field(default_factory=set)

    async def __call__(self, call: Call) -> Completion:
        """What is recorded, or a stand-in.

        Raises:
            NoStandIn: nothing was ever answered here.
        """
        answer = await self._answer(call)
        self.notes.steps.append(
            {
                "path": call.step, "role": call.role, "model": answer.model, "quality": None, "usd": answer.usd,
                "seconds": answer.seconds,
            }
        )  # fmt: skip
        return answer

    async def _answer(self, call: Call) -> Completion:
        night = self.night
        asked = settle("what-if", self.row, call, night.routes[call.models[0]])
        shared = night.stand_in(asked.key)
        if shared is not None and call.accepts(shared.text):
            self._note(asked, served_by=OTHER_ROW)
            return self._answered(shared)
        found = await night.recorded(asked)
        if found.row is not None and not self._depends(call):
            self._note(asked, served_by=LEDGER, known=found.row)
            return _completion(found.row)
        answer = await self._missed(asked, found)
        if answer is None:
            raise NoStandIn(f"step {call.step or 'make'} was never answered for this request")
        night.keep(asked.key, answer)
        return self._answered(answer)

    async def _missed(self, asked: Asked, found: Found) -> Completion | None:
        """Note why it is asked anew; what stands in for its answer."""
        known = found.row or found.past
        nearest, exact = await self._nearest(asked)
        prompt, response = await self.night.text_of(nearest) if nearest else (None, None)
        changes: tuple[Change, ...] = ()
        if found.row is not None:
            reason = DEPENDS
        elif found.why_not is not None:
            reason = found.why_not
        elif nearest is None or not exact:
            reason = NEVER
        elif nearest["key"] == asked.key.hex():
            reason = GONE if nearest["status"] == "ok" else FAILED
        else:
            changes = key_changes(nearest, prompt, asked)
            reason = changes[0].part if changes else GONE
        tokens = await self._tokens(asked, known, nearest, prompt)
        self._note(asked, reason=reason, changes=changes, known=known, tokens=tokens)
        if known is not None and known["status"] == "ok" and known["response"]:
            return _completion(known)
        return await self._stand_in(asked, nearest, response)

    async def _nearest(self, asked: Asked) -> tuple[dict[str, Any] | None, bool]:
        """The past call in this place that is most like it, and whether round and sample are the same."""
        call = asked.call
        here = [
            each
            for each in self.slots
            if (each["step"] or "") == call.step and each["call_id"] not in self._taken
        ]
        exact = [each for each in here if each["round"] == call.round and each["sample"] == asked.sample]
        there = exact or here
        if not there:
            return None, False
        newest = [each for each in there if each["run"] == there[0]["run"]]
        best = newest[0] if len(newest) == 1 else await self._most_like(newest, asked)
        self._taken.add(best["call_id"])
        return best, bool(exact)

    async def _most_like(self, calls: list[dict[str, Any]], asked: Asked) -> dict[str, Any]:
        now = prompt_text(asked.call.ask)

        async def likeness(each: dict[str, Any]) -> tuple[Any, ...]:
            prompt, _ = await self.night.text_of(each)
            same = (each["role"] == asked.call.role, each["key"] == asked.key.hex(), each["status"] == "ok")
            return (
                *same,
                each["model_id"] == asked.route.model.id,
                _shared(prompt or "", now),
                each["finished_at"],
            )

        scored = [(await likeness(each), place) for place, each in enumerate(calls)]
        return calls[max(scored)[1]]

    async def _stand_in(
        self, asked: Asked, nearest: Mapping[str, Any] | None, response: str | None
    ) -> Completion | None:
        """The nearest call's answer, else any that was given in this step and is of use."""
        calls = [
            each for each in self.slots if (each["step"] or "") == asked.call.step and each["status"] == "ok"
        ]
        for each in [nearest, *calls] if nearest else calls:
            text = response if each is nearest else (await self.night.text_of(each))[1]
            if text and asked.call.accepts(text):
                return _completion({**each, "response": text, "finish_reason": "stop"})
        return None

    async def _tokens(
        self,
        asked: Asked,
        known: Mapping[str, Any] | None,
        nearest: Mapping[str, Any] | None,
        prompt: str | None,
    ) -> tuple[int, int, bool]:
        """Tokens in and out that asking takes, and whether they are guessed."""
        ask = asked.call.ask
        estimate = estimated_tokens(ask)
        if known is not None and known["tokens_in"] is not None:
            return known["tokens_in"], known["tokens_out"] or 0, False
        if nearest is not None:
            tokens_in, tokens_out = await self.night.tokens_of(nearest)
            if tokens_in is not None and nearest["status"] == "ok":
                before = (
                    estimated_tokens(Ask(messages_in(prompt), format=ask.format))
                    if prompt is not None
                    else estimate
                )
                return round(tokens_in * estimate / before), min(tokens_out or 0, ask.max_tokens), False
        figures = self.night.steps.get(asked.call.step)
        if figures is not None and figures.counted:
            return estimate, min(round(figures.tokens_out / figures.counted), ask.max_tokens), False
        return estimate, ask.max_tokens, True

    def _depends(self, call: Call) -> bool:
        return any(_holds(message.content, text) for message in call.ask.messages for text in self._new_texts)

    def _answered(self, stand_in: Completion) -> Completion:
        self._new_texts.update(_pieces(stand_in.text))
        return stand_in

    def _note(
        self,
        asked: Asked,
        *,
        served_by: str = "",
        reason: str = "",
        changes: tuple[Change, ...] = (),
        known: Mapping[str, Any] | None = None,
        tokens: tuple[int, int, bool] = (0, 0, False),
    ) -> None:
        call, route = asked.call, asked.route
        tokens_in, tokens_out, guessed = tokens
        age = None if known is None else (self.night.now - known["finished_at"]).total_seconds()
        usd = 0.0 if served_by else cost(route.price, tokens_in, tokens_out)
        self.looked.append(
            Looked(
                self.row.request_id, call.step, call.role, call.round, route.name, served_by, reason, changes, age,
                tokens_in, tokens_out, usd, bool(served_by and known and known["simulated"]), guessed,
            )
        )  # fmt: skip


def _shared(then: str, now: str) -> int:
    """Characters that both begin and end with."""
    start = shared_start(then, now)
    return start + shared_start(then[start:][::-1], now[start:][::-1])


def _pieces(text: str) -> Iterator[str]:
    """By what a text is known again in a prompt: all of it, its longer lines, those of the texts in its JSON."""
    whole = text.strip()
    if whole:
        yield whole
        yield from _lines(whole)
    try:
        value = json_in(whole)
    except ValueError:
        return
    for leaf in _leaves(value):
        yield from _lines(leaf)


def _holds(prompt: str, piece: str) -> bool:
    """Whether the piece stands in the prompt; a short one, as words of its own."""
    if piece not in prompt or len(piece) >= SHORTEST_LINE:
        return piece in prompt
    return re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", prompt) is not None


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if len(line.strip()) >= SHORTEST_LINE)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        yield orjson.dumps(value).decode()
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)


def _completion(row: Mapping[str, Any]) -> Completion:
    return Completion(
        text=row["response"],
        finish=row["finish_reason"] or "stop",
        call_id=row["call_id"],
        model=row["model"],
        usd=0.0,
        seconds=0.0,
        tokens_in=0,
        tokens_out=0,
        cached=True,
        simulated=bool(row["simulated"]),
    )
