"""Context between models: what the next one must know, from one template, in the form it likes. No I/O.

A step is given its role, the format it is to answer in, the task, the previous output, in a debate what the other
members answered, and what was wrong the last time. What the step's own templates quote is left out, so that nothing is
paid for twice. What is the same in many calls comes first: a provider's cache can only serve what calls begin with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson
from jinja2 import Environment, meta, nodes

from tasks.patterns.template_values import printable

if TYPE_CHECKING:
    from tasks.patterns.scope import Scope

Sections = dict[str, str]
LONGEST_FIELD = 500


def sections_for(
    scope: Scope, templates: tuple[str, ...], *, role: str | None, expects: str | None
) -> Sections:
    """What precedes a step's own templates, put in one of FORMS; empty for a lone question that needs nothing.

    Args:
        templates: the step's own, to see what they quote themselves.
    """
    quoted = quoted_by(templates)
    sections: Sections = {}
    previous_name, previous = scope.previous
    if role:
        sections["role"] = f"You are the {role}."
    if expects:
        sections["expected_format"] = expects
    if previous:
        sections["task"] = _task(scope, quoted)
    if previous_name not in quoted.names:
        sections[f"previous_output_{previous_name}"] = previous.content
    if "members" not in quoted.names:
        sections |= {
            f"answer_of_another_model_{number}": draft.content
            for number, draft in enumerate(scope.reserved.get("members", ()), 1)
        }
    if "feedback" not in quoted.names:
        sections["feedback"] = scope.feedback
    return {name: text for name, text in sections.items() if text}


@dataclass(frozen=True, slots=True)
class Quoted:
    """The variables that templates name, and the fields of the request; `whole`: all of them at once."""

    names: frozenset[str]
    fields: frozenset[str]
    whole: bool


@lru_cache(maxsize=512)
def quoted_by(templates: tuple[str, ...]) -> Quoted:
    """What the templates quote themselves."""
    names: set[str] = set()
    fields: set[str] = set()
    whole = 0
    for template in templates:
        tree = _SYNTAX.parse(template)
        names |= meta.find_undeclared_variables(tree)
        whole += sum(name.name == "request" for name in tree.find_all(nodes.Name))
        for owner in tree.find_all((nodes.Getattr, nodes.Getitem)):
            field = _request_field(owner)
            if field is not None:
                fields.add(field)
                whole -= 1
    return Quoted(frozenset(names), frozenset(fields), whole > 0)


def _request_field(owner: nodes.Expr) -> str | None:
    match owner:
        case nodes.Getattr(node=nodes.Name(name="request"), attr=str() as field):
            return field
        case nodes.Getitem(node=nodes.Name(name="request"), arg=nodes.Const(value=str() as field)):
            return field
        case _:
            return None


def task_of(scope: Scope) -> str:
    """What the row asks for, in a few lines: the recipe's `about` and the declared columns."""
    return _task(scope, _NOTHING_QUOTED)


def _task(scope: Scope, quoted: Quoted) -> str:
    lines = [scope.setting.about] if scope.setting.about else []
    untold = [] if quoted.whole else [name for name in scope.setting.columns if name not in quoted.fields]
    cells = [(name, scope.request.get(name)) for name in untold]
    lines += [f"{name}: {printable(value)}" for name, value in cells if _is_short(value)]
    return "\n".join(lines)


def _is_short(value: Any) -> bool:
    return isinstance(value, str | int | float) and 0 < len(str(value)) <= LONGEST_FIELD


def _markdown(sections: Sections) -> str:
    return "\n\n".join(f"## {_title(name)}\n{text}" for name, text in sections.items())


def _xml(sections: Sections) -> str:
    """What is quoted cannot close its own quotation, nor another's."""
    closing = re.compile(rf"<(?=\s*/\s*(?:{'|'.join(sections)})\b)", re.IGNORECASE)
    return "\n".join(f"<{name}>\n{closing.sub('&lt;', text)}\n</{name}>" for name, text in sections.items())


def _json(sections: Sections) -> str:
    return orjson.dumps(sections, option=orjson.OPT_INDENT_2).decode() if sections else ""


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


_NOTHING_QUOTED = Quoted(frozenset(), frozenset(), whole=False)
FORMS = {"markdown": _markdown, "xml": _xml, "json": _json}
_SYNTAX = Environment(autoescape=True)  # parses, and never renders
