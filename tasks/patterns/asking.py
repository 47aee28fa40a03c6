"""The question of an `ask` step: its own templates filled in, and what its model has to know besides. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tasks.calling.messages import Ask, Format, Message
from tasks.patterns.handoff import FORMS, quoted_by, sections_for
from tasks.patterns.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Collection

    from tasks.judging.json_answers import Correction
    from tasks.patterns.handoff import Sections
    from tasks.patterns.scope import Scope
    from tasks.patterns.slimming import Slimmer, Texts
    from tasks.patterns.steps import Ask as AskSpec
    from tasks.patterns.steps import Step

FEEDBACK: Final = "feedback"
STABLE: Final = ("role", "expected_format")
"""The sections that are the same for every row."""
OURS: Final = (*STABLE, "task")
"""The sections that no model wrote."""


def question(
    step: Step, spec: AskSpec, scope: Scope, model: str, correction: Correction | None
) -> tuple[Ask, int]:
    """What the step asks `model`, and the tokens that were left out of it, estimated.

    Raises:
        RenderFailed: a template cannot be filled in.
    """
    quoted = quoted_by((spec.prompt, spec.system or "")).names
    asking = _Asking(step, spec, scope, _form_for(model, scope), correction, _shortenable(scope, quoted))
    return prepared(scope, model, asking.build, asking.texts)


@dataclass(slots=True)
class _Asking:
    step: Step
    spec: AskSpec
    scope: Scope
    form: str
    correction: Correction | None
    texts: Texts
    _rendered: dict[tuple[str, ...], tuple[str, str]] = field(default_factory=dict)

    def build(self, slimmer: Slimmer, texts: Texts) -> Ask:
        scope = self._with(texts)
        system, prompt = self._render(scope, texts)
        quotes = _quotable(scope)
        system, prompt = slimmer.quoted_once(
            (slimmer.tidy(system, quotes), slimmer.tidy(prompt, quotes)), quotes
        )
        sections = self._sections(scope, slimmer)
        context = FORMS[self.form](sections)
        before = "\n\n".join(part for part in (system, context) if part)
        common = self._common(system, sections, before)
        messages = [Message("system", before, common)] if before else []
        messages.append(Message("user", prompt, self._head(slimmer, prompt) if common == len(before) else 0))
        messages += self.correction.messages() if self.correction else ()
        return Ask(tuple(messages), self.spec.temperature, self.spec.max_tokens, _format(self.spec))

    def _with(self, texts: Texts) -> Scope:
        """The scope in which drafts, members and feedback are these."""
        scope = self.scope
        if texts == self.texts:
            return scope
        members = [
            replace(each, content=texts.get(_MEMBER.format(number), each.content))
            for number, each in enumerate(scope.reserved.get("members", ()), 1)
        ]
        changed = scope.with_reserved(members=members, feedback=texts.get(FEEDBACK, ""))
        changed.drafts = {
            name: replace(draft, content=texts.get(_PREVIOUS.format(name), texts.get(name, draft.content)))
            for name, draft in scope.drafts.items()
        }
        return changed

    def _render(self, scope: Scope, texts: Texts) -> tuple[str, str]:
        """System text and prompt; rendered once for the same texts."""
        key = tuple(texts.values())
        if key not in self._rendered:
            system = scope.render(self.spec.system) if self.spec.system else ""
            self._rendered[key] = system, scope.render(self.spec.prompt)
        return self._rendered[key]

    def _sections(self, scope: Scope, slimmer: Slimmer) -> Sections:
        """The context; only what models wrote is slimmed."""
        templates = (self.spec.prompt, self.spec.system or "")
        sections = sections_for(scope, templates, role=self.step.role, expects=self.step.expects)
        written = {name: slimmer.tidy(text, ()) for name, text in sections.items() if name not in OURS}
        return sections | slimmer.once(written)

    def _common(self, system: str, sections: Sections, whole: str) -> int:
        """How much of the system message every row's begins with."""
        if self.scope.setting.rows < 2 or _has_variables(self.spec.system or ""):
            return 0
        stable = FORMS[self.form]({name: text for name, text in sections.items() if name in STABLE})
        shared = "\n\n".join(part for part in (system, stable) if part)
        shared = shared if whole.startswith(shared) else shared.removesuffix("\n}")  # JSON goes on inside
        return len(shared) if whole.startswith(shared) else 0

    def _head(self, slimmer: Slimmer, prompt: str) -> int:
        """How much of the prompt every row's begins with: the template's lines before its first variable."""
        if self.scope.setting.rows < 2:
            return 0
        template = self.spec.prompt
        first = min((place for place in map(template.find, _OPENING) if place >= 0), default=len(template))
        head = slimmer.tidy(template[: template.rfind("\n", 0, first) + 1], ()).rstrip()
        return len(head) if prompt.startswith(head) else 0


def _shortenable(scope: Scope, quoted: Collection[str]) -> dict[str, str]:
    """What is told unasked, the other members, feedback, then what the templates quote, the oldest first."""
    previous, draft = scope.previous
    found = {_PREVIOUS.format(previous): draft.content} if previous not in quoted else {}
    members = enumerate(scope.reserved.get("members", ()), 1)
    found |= {_MEMBER.format(number): each.content for number, each in members}
    found[FEEDBACK] = scope.feedback
    found |= {name: each.content for name, each in scope.drafts.items() if name in quoted}
    return {name: text for name, text in found.items() if text}


def _quotable(scope: Scope) -> list[str]:
    """The texts that templates may quote, which they quote as they are."""
    cells = [value for value in scope.request.values() if isinstance(value, str)]
    written = [*scope.drafts.values(), *scope.reserved.get("members", ())]
    return [*cells, *(draft.content for draft in written)]


def _has_variables(template: str) -> bool:
    return any(opening in template for opening in _OPENING)


def _form_for(model: str, scope: Scope) -> str:
    known = scope.setting.models.get(model)
    return known.handoff if known else "markdown"


def _format(spec: AskSpec) -> Format:
    return spec.format if isinstance(spec.format, str) else dict(spec.format.json_schema)


_PREVIOUS: Final = "previous output {}"
_MEMBER: Final = "answer of another model {}"
_OPENING: Final = ("{{", "{%", "{#")
