"""Context between models: what the next one must know, from one template, in the form it likes. No I/O.

A step is given the task, its role, the format it is to answer in, and the previous output. The previous output is
left out where the step's own prompt already quotes it, so that nothing is paid for twice.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson
from jinja2 import Environment, meta

if TYPE_CHECKING:
    from tasks.patterns.scope import Scope

Sections = dict[str, str]


def context_for(scope: Scope, prompt: str, *, role: str | None, expects: str | None, form: str) -> str:
    """The system text that precedes `prompt`; empty for a lone question that needs none.

    Args:
        prompt: the step's prompt template, to see what it quotes itself.
        form: `markdown`, `xml` or `json`.
    """
    sections: Sections = {}
    previous_name, previous = scope.previous
    if previous:
        sections["task"] = _task(scope, prompt)
    if role:
        sections["role"] = f"You are the {role}."
    if expects:
        sections["expected_format"] = expects
    if previous and previous_name not in _names(prompt):
        sections[f"previous_output_{previous_name}"] = previous.content
    return FORMS.get(form, _markdown)({name: text for name, text in sections.items() if text})


def _task(scope: Scope, prompt: str) -> str:
    quoted = _fields(prompt)
    lines = [scope.about] if scope.about else []
    lines += [
        f"{name}: {value}" for name, value in scope.request.items() if name not in quoted and _is_short(value)
    ]
    return "\n".join(lines)


def _is_short(value: object) -> bool:
    return isinstance(value, str | int | float) and 0 < len(str(value)) <= LONGEST_FIELD


@lru_cache(maxsize=512)
def _names(prompt: str) -> frozenset[str]:
    return frozenset(meta.find_undeclared_variables(Environment(autoescape=True).parse(prompt)))


@lru_cache(maxsize=512)
def _fields(prompt: str) -> frozenset[str]:
    return frozenset(re.findall(r"request\.(\w+)", prompt))


def _markdown(sections: Sections) -> str:
    return "\n\n".join(f"## {_title(name)}\n{text}" for name, text in sections.items())


def _xml(sections: Sections) -> str:
    return "\n".join(_element(name, text) for name, text in sections.items())


def _element(name: str, text: str) -> str:
    inside = text.replace(f"</{name}", f"< /{name}")  # what is quoted cannot close its own quotation
    return f"<{name}>\n{inside}\n</{name}>"


def _json(sections: Sections) -> str:
    return orjson.dumps(sections, option=orjson.OPT_INDENT_2).decode() if sections else ""


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


LONGEST_FIELD = 500
FORMS = {"markdown": _markdown, "xml": _xml, "json": _json}
