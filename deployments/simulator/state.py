"""What a running simulator remembers, and how it makes an answer out of a request. No HTTP."""

from __future__ import annotations

import math
import time
from email.utils import formatdate
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import orjson

from deployments.simulator.asked import Answer, Refused
from deployments.simulator.composing import compose
from deployments.simulator.counting import Counts, RequestLog, bill
from deployments.simulator.faults import Faults, Scripts
from deployments.simulator.limits import Limits
from deployments.simulator.prompt_cache import PromptCache
from deployments.simulator.tokens import count_tokens, cut_to_tokens

if TYPE_CHECKING:
    from deployments.simulator.asked import Asked, Finish
    from deployments.simulator.config import Fault, Profile, Script, Scripted, SimulatorConfig
    from deployments.simulator.replayed import Replay, Replayed
    from deployments.simulator.wires import Wire

SIMULATED_LINE = "\n\n(simulated)\n"
_LEAST_FOR_LINE = 16
_TOKENS_PER_MESSAGE = 4


class State:
    """Counters, log, limits, faults, scripts and prompt cache of one simulator.

    Args:
        config: fixed for the state's life; `reset` starts over from it.
        replay: where answers come from instead of being composed.
    """

    def __init__(self, config: SimulatorConfig, replay: Replay | None = None) -> None:
        self.config = config
        self.replay = replay
        self._profiles: dict[str, Profile] = {}
        self._serial = 0
        self.counts = Counts()
        self.reset()

    def reset(self) -> None:
        """Forgets everything seen, and every script that came after the start; calls under way stay counted."""
        running = self.counts.running_by_model
        self.counts = Counts(running=running.total(), running_by_model=running)
        self.log = RequestLog(self.config.keep_requests)
        self.faults = Faults(self.config.faults, self.config.seed)
        self.scripts = Scripts(self.config.scripts)
        self.limits = Limits()
        self.prompt_cache = PromptCache()
        if self.replay is not None:
            self.replay.forget()

    def add_script(self, script: Script) -> None:
        """From now on `script` answers before the earlier ones."""
        self.scripts.add(script)

    def profile_of(self, model: str) -> Profile:
        """By id, else by the first pattern that fits, else the default."""
        profile = self._profiles.get(model)
        if profile is None:
            models = self.config.models
            fitting = (p for pattern, p in models.items() if fnmatchcase(model, pattern))
            profile = models.get(model) or next(fitting, self.config.default)
            self._profiles[model] = profile
        return profile

    def answer(self, asked: Asked, profile: Profile) -> Answer:
        """The text that (seed, model, messages) lead to, cut at the token limit."""
        text = compose(asked, self.config, profile)
        if asked.form != "text" or not self.config.overhead_text:
            return self.finished(asked, *_cut(text, "", asked.max_tokens))
        return self.finished(asked, *_cut(text, SIMULATED_LINE, asked.max_tokens))

    def scripted_answer(self, asked: Asked, scripted: Scripted) -> Answer:
        """The scripted text exactly as given."""
        text = orjson.dumps(scripted.answer).decode() if scripted.text is None else scripted.text
        return self.finished(asked, text, scripted.finish)

    def finished(self, asked: Asked, text: str, finish: Finish) -> Answer:
        """Adds usage and an id."""
        self._serial += 1
        tokens_in = tokens_in_of(asked)
        read, written = self.prompt_cache.read_and_written(asked, tokens_in)
        return Answer(text, finish, f"{self._serial:024x}", tokens_in, count_tokens(text), read, written)

    def replayed_answer(self, asked: Asked, replayed: Replayed) -> Answer:
        """A recorded answer with its own usage, its input counted where nobody wrote that down."""
        self._serial += 1
        tokens_in = tokens_in_of(asked) if replayed.tokens_in is None else replayed.tokens_in
        serial = f"{self._serial:024x}"
        tokens = (tokens_in, replayed.tokens_out, replayed.tokens_cached)
        return Answer(replayed.text, replayed.finish, serial, *tokens)

    def charge(
        self, asked: Asked, profile: Profile, request_hash: bytes, answer: Answer, usd: float | None = None
    ) -> None:
        """Books an answer in the counters, for `usd` or at its price, and in the output tokens of the minute."""
        self.prompt_cache.answered(asked)
        usd = bill(profile.price, answer) if usd is None else usd
        self.counts.charge(asked.model, request_hash, answer, usd)
        self.limits.spend(asked.model, answer.tokens_out)

    def over_limits(self, wire: Wire, asked: Asked, profile: Profile) -> Refused | None:
        """The provider's 429 or "too long" where the profile sets a real limit."""
        tokens_in = tokens_in_of(asked)
        if profile.context is not None and tokens_in > profile.context:
            return wire.refuse("context_too_long")
        running = self.counts.running_by_model[asked.model]
        wait = self.limits.admit(asked.model, profile, tokens_in, running, time.monotonic())
        return with_retry_after(wire, wire.refuse("rate_limit"), wait) if wait > 0 else None

    def limit_headers(self, wire: Wire, model: str) -> dict[str, str]:
        """The provider's rate limit headers, none where the model has no limit."""
        left = self.limits.requests_left(model, time.monotonic())
        return wire.limit_headers(*left) if left else {}


def tokens_in_of(asked: Asked) -> int:
    """All input tokens: the texts and a few for each message."""
    return sum(count_tokens(text) + _TOKENS_PER_MESSAGE for _, text in asked.messages)


def with_retry_after(wire: Wire, refused: Refused, seconds: float, form: str = "seconds") -> Refused:
    """Says when to come back: Gemini in the body's RetryInfo, the others in Retry-After (and retry-after-ms)."""
    whole = math.ceil(seconds)
    if form == "date":
        headers = {"Retry-After": formatdate(math.ceil(time.time() + seconds), usegmt=True)}
    elif wire.name == "gemini":
        headers = {}
    else:
        headers = {"Retry-After": str(whole)}
        if whole != seconds:
            headers["retry-after-ms"] = str(round(seconds * 1000))
    body = refused.body
    if wire.name == "gemini":
        delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{seconds:g}s"}
        error: dict[str, Any] = body["error"]
        body = {"error": {**error, "details": [*error.get("details", []), delay]}}
    return Refused(refused.status, body, {**refused.headers, **headers})


def fault_refusal(wire: Wire, fault: Fault) -> Refused:
    """The error body of a fault, with its own status and Retry-After where it names them."""
    refused = wire.refuse(fault.kind, status=fault.status)
    if fault.retry_after is None:
        return refused
    return with_retry_after(wire, refused, fault.retry_after, fault.retry_after_form)


def _cut(text: str, closing: str, max_tokens: int | None) -> tuple[str, Finish]:
    """The text with its closing line; cut text keeps the line where there is room for it."""
    whole = text + closing
    if max_tokens is None or count_tokens(whole) <= max_tokens:
        return whole, "stop"
    room = max_tokens - count_tokens(closing)
    if not closing or room < _LEAST_FOR_LINE:
        return cut_to_tokens(text, max_tokens), "length"
    return cut_to_tokens(text, room) + closing, "length"
