"""Answers out of recordings instead of composed ones: which recorded answer a request gets, and in what form."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from deployments.recordings.recorded import Recordings
from deployments.recordings.recorded_columns import mapping_in
from deployments.recordings.recorded_files import recorded_calls
from deployments.simulator.replayed import Replayed
from deployments.simulator.tokens import count_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployments.recordings.recorded import Recorded
    from deployments.simulator.asked import Asked, Finish, Refused
    from deployments.simulator.wires import Wire

NOT_RECORDED: Final = "not_recorded"
CONTENT: Final = ("content", "answer", "response", "output", "text")
CONFIDENCE: Final = "confidence"
_FINISH: Final[dict[str | None, Finish]] = {"length": "length", "content_filter": "content_filter"}


@dataclass(slots=True)
class RecordedReplay:
    """Serves recordings: who asks the same for the n-th time gets its n-th answer, and after the last the first again.

    Attributes:
        speed: how much faster than recorded the answers come; None: at once.
    """

    recordings: Recordings
    speed: float | None = None
    _asked: Counter[int] = field(default_factory=Counter)
    _served: int = 0
    _again: int = 0
    _nothing: Counter[str] = field(default_factory=Counter)

    def answer(self, asked: Asked) -> Replayed | None:
        """The next recorded answer to this request; None if nothing is recorded for it."""
        found = self.recordings.find(asked.model, asked.messages)
        if found is None:
            self._nothing[asked.model] += 1
            return None
        question, rows = found
        times = self._asked[question]
        self._asked[question] += 1
        self._served += 1
        self._again += times >= len(rows)
        recorded = self.recordings.answer(int(rows[times % len(rows)]))
        tokens = recorded.tokens_out
        return Replayed(
            text=text_for(asked.form, recorded),
            finish=_FINISH.get(recorded.finish_reason, "stop"),
            tokens_in=recorded.tokens_in,
            tokens_out=count_tokens(recorded.response) if tokens is None else tokens,
            tokens_cached=recorded.tokens_cached or 0,
            seconds=(recorded.seconds or 0.0) / self.speed if self.speed else 0.0,
            usd=recorded.usd,
        )

    def nothing(self, wire: Wire, asked: Asked) -> Refused:
        """A 404 in the provider's own shape that says which of both is missing."""
        known = self.recordings.has(asked.model)
        what = "this prompt" if known else "any prompt"
        refused = wire.refuse_status(404, f"Nothing is recorded for the model {asked.model!r} and {what}.")
        if wire.name == "openai":
            refused.body["error"]["code"] = NOT_RECORDED
        return refused

    def forget(self) -> None:
        """Every question counts as never asked again."""
        self._asked.clear()
        self._nothing.clear()
        self._served = self._again = 0

    def summary(self) -> dict[str, Any]:
        """JSON-able; `again` counts answers served once more because there were not so many."""
        return {
            "answers": self.recordings.answers,
            "served": self._served,
            "again": self._again,
            "not_recorded": self._nothing.total(),
            "not_recorded_by_model": dict(self._nothing),
        }


def open_replay(places: Sequence[str], columns: str = "", speed: float | None = None) -> RecordedReplay:
    """The recordings in Parquet files, folders and stores, ready to be served.

    Args:
        columns: `prompt=question,response=answer`, where the columns' names do not tell.

    Raises:
        UserError: they hold no recorded calls.
    """
    return RecordedReplay(Recordings(recorded_calls(places, mapping_in(columns))), speed)


def text_for(form: Any, recorded: Recorded) -> str:
    """The recorded text; where JSON is wanted and it is none, an object with it and the recorded confidence.

    A schema gets no other keys than it names; one that has none for the text gets the text as it is.
    """
    text = recorded.response
    if form == "text" or _is_object(text):
        return text
    names = CONTENT[:1] if form == "json" else tuple((form.get("properties") or {}).keys())
    named = next((each for each in CONTENT if each in names), None)
    if named is None:
        return text
    value: dict[str, Any] = {named: text}
    if recorded.confidence is not None and (form == "json" or CONFIDENCE in names):
        value[CONFIDENCE] = round(recorded.confidence, 6)
    return orjson.dumps(value).decode()


def _is_object(text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return False
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False
