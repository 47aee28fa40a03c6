"""What a step can see and whom it can ask: the request, earlier drafts by name, and a caller. No I/O of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tasks.calling.call import Call
from tasks.calling.messages import Ask
from tasks.patterns.draft import NOTHING, Draft
from tasks.patterns.needs import models_for
from tasks.patterns.notes import Notes
from tasks.patterns.prepared import marked, prepared
from tasks.patterns.settings import Quality
from tasks.patterns.slimming import Slimmer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tasks.calling.call import Asker
    from tasks.calling.catalog import Model
    from tasks.calling.messages import Format, Message
    from tasks.choosing.chooser import Chooser
    from tasks.patterns.model_choice import ModelChoice
    from tasks.patterns.notes import Decided
    from tasks.patterns.slimming import Texts
    from tasks.patterns.templates import Renderer

NO_TEXTS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Setting:
    """What all rows of a run are worked with.

    Attributes:
        about: what the recipe is for.
        columns: the declared columns, in order: models may be told of these unasked, the others only travel along.
        models: catalog name → model: its family, its strengths, the form it likes context in.
        quality: how drafts are judged where a step does not say.
        lessons: what reviewers of earlier runs taught.
        chooser: ranks the models where a step says what it needs; None where nothing is to be chosen.
        request_type: the column that says what kind of request a row is; None is what a route found.
        rows: how many there are; what only one of them asks is not worth a place in a provider's cache.
        slimmer: what is done to texts before they are sent.
    """

    renderer: Renderer
    about: str = ""
    columns: Sequence[str] = ()
    models: Mapping[str, Model] = field(default_factory=dict)
    quality: Quality = field(default_factory=Quality)
    lessons: Sequence[str] = ()
    chooser: Chooser | None = None
    request_type: str | None = None
    rows: int = 1
    slimmer: Slimmer = field(default_factory=Slimmer)


@dataclass(slots=True)
class Scope:
    """What one step starts from; never changed, but made anew several times per call: hence not frozen.

    Attributes:
        request: the row's values.
        ask: completes a model call for this row.
        ttl_seconds: how old another run's answer may be; None for none.
        notes: filled as the row goes on.
        drafts: results of earlier steps by name, in order; this is also the order of the conversation so far.
        path: where in the recipe this is, `` at the top, `draft` or `refine/polish` below.
        reserved: template variables of the pattern around this step.
    """

    setting: Setting
    request: Mapping[str, Any]
    ask: Asker
    ttl_seconds: float | None
    notes: Notes = field(default_factory=Notes)
    drafts: dict[str, Draft] = field(default_factory=dict)
    path: str = ""
    reserved: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where this is, as an error names it."""
        return f"step {self.path}" if self.path else "make"

    @property
    def round(self) -> int:
        """Which time this is done over, from 1."""
        return int(self.reserved.get("round", 1))

    @property
    def feedback(self) -> str:
        """What was wrong the last time; empty in the first round."""
        return str(self.reserved.get("feedback", ""))

    @property
    def request_type(self) -> str | None:
        """What kind of request this is: its column says so, else the route that it went."""
        column = self.setting.request_type
        value = self.request.get(column) if column is not None else None
        if value is not None:
            return str(value)
        return next((each.kind for each in self.notes.routes if each.kind), None)

    @property
    def previous(self) -> tuple[str, Draft]:
        """The name and the draft of the last earlier step that ran, or '' and an empty draft."""
        for name, draft in reversed(self.drafts.items()):
            if draft:
                return name, draft
        return "", NOTHING

    def values(self) -> dict[str, Any]:
        """The template variables."""
        return {
            **self.drafts,
            "feedback": "",
            "score": None,
            "round": 1,
            "members": [],
            **self.reserved,
            "request": self.request,
        }

    def render(self, source: str) -> str:
        """Fill in a template; raises RenderFailed."""
        return self.setting.renderer.render(source, self.values())

    def holds(self, condition: str) -> bool:
        """Whether a `when` expression is true; raises RenderFailed."""
        return self.setting.renderer.holds(condition, self.values())

    def at(self, name: str | None) -> Scope:
        """The scope of a step called `name`."""
        if not name:
            return self
        return self._with(path=f"{self.path}/{name}" if self.path else name)

    def seeing(self, drafts: Mapping[str, Draft]) -> Scope:
        """The same with these drafts besides, as the latest; an inner step hides an outer one of its name."""
        if not drafts:
            return self
        earlier = {name: draft for name, draft in self.drafts.items() if name not in drafts}
        return self._with(drafts={**earlier, **drafts})

    def again(self, wrong: Sequence[str], round_: int) -> Scope:
        """The same for another round, with what was wrong as `feedback`."""
        return self.with_reserved(feedback="\n".join(wrong), round=round_)

    def with_reserved(self, **values: Any) -> Scope:
        """The same with these reserved template variables: feedback, score, round, members."""
        return self._with(reserved={**self.reserved, **values})

    def caching(self, ttl_seconds: float | None) -> Scope:
        """The same with another time to live."""
        changed = self._with()
        changed.ttl_seconds = ttl_seconds
        return changed

    def asking(self, ask: Asker) -> Scope:
        """The same with another asker."""
        changed = self._with()
        changed.ask = ask
        return changed

    def _with(
        self,
        *,
        drafts: dict[str, Draft] | None = None,
        path: str | None = None,
        reserved: Mapping[str, Any] | None = None,
    ) -> Scope:
        """A copy; `dataclasses.replace` takes ten times as long."""
        return Scope(
            self.setting,
            self.request,
            self.ask,
            self.ttl_seconds,
            self.notes,
            self.drafts if drafts is None else drafts,
            self.path if path is None else path,
            self.reserved if reserved is None else reserved,
        )

    def warn(self, said: str) -> None:
        """Note what went wrong here without failing the row."""
        self.notes.warnings.append(f"{self.place}: {said}")

    def decided(self, what: str) -> Decided:
        """The next decision here on `what`."""
        return self.notes.decisions.decided(f"{self.path}#{what}")

    def question(
        self,
        choice: ModelChoice,
        messages: Sequence[Message] | Callable[[Texts], Sequence[Message]],
        *,
        role: str,
        texts: Texts = NO_TEXTS,
        form: Format = "text",
        temperature: float | None = None,
        max_tokens: int = 2048,
        avoid: Iterable[str] = (),
    ) -> Call:
        """A call of the pattern's own, which no step of the recipe spells out.

        Args:
            choice: who is asked.
            messages: or what makes them of `texts`.
            texts: by name, in the order in which they are read: a passage that stands in two is sent once, and the first
                is the first to be shortened where the model's window is too small. Never what is to be judged.
            avoid: families that a need takes only if there is no other.

        Raises:
            RowFailed: no model can be taken for a need.
        """

        def build(slimmer: Slimmer, given: Texts) -> Ask:
            said = messages(slimmer.once(given)) if callable(messages) else messages
            return Ask(marked(said, self.setting.rows), temperature, max_tokens, form)

        models = models_for(choice, self, partial(build, self.setting.slimmer, texts), avoid=avoid)
        ask, saved = prepared(self, models[0] if models else "", build, texts)
        return Call(models, ask, self.path, role, self.round, self.ttl_seconds, tokens_saved=saved)
