"""Reads templates without rendering them: do they parse, and is every name in them known? No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, TemplateError, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.parser import Parser
from jinja2.tests import TESTS

from tasks.patterns.step_names import RESERVED
from tasks.patterns.template_filters import FILTERS
from tasks.patterns.template_values import DRAFT_FIELDS
from tasks.storing.errors import near_miss

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_WITHOUT_MEANING: Final = {
    nodes.Call: "calls do not work in templates",
    nodes.Macro: "macros do not work in templates",
    nodes.CallBlock: "calls do not work in templates",
    nodes.Include: "templates cannot include files",
    nodes.Import: "templates cannot import files",
    nodes.FromImport: "templates cannot import files",
    nodes.Extends: "templates cannot extend files",
}
_SYNTAX: Final = Environment()  # noqa: S701, prompts are not HTML
_SYNTAX.globals.clear()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a template, and what to do about it."""

    what: str
    hint: str = ""


def template_faults(source: str, steps: Collection[str], columns: Collection[str]) -> list[Fault]:
    """What is wrong with a template.

    Args:
        source: the template.
        steps: the steps it may name, and `draft` where there is one.
        columns: the declared columns, for `request.<column>`.

    Returns:
        In the order of finding; empty if nothing is wrong.
    """
    try:
        return list(_faults(_SYNTAX.parse(source), steps, columns))
    except TemplateSyntaxError as error:
        line = f" in line {error.lineno} of the template" if "\n" in source.strip() else ""
        return [Fault(f"not a Jinja template{line}: {error.message}")]


def expression_faults(source: str, steps: Collection[str], columns: Collection[str]) -> list[Fault]:
    """As `template_faults`, for a bare expression."""
    if any(mark in source for mark in ("{{", "{%", "%}")):
        return [Fault(f"{source!r} is a template", "write the bare expression, without {{ }}")]
    try:
        parser = Parser(_SYNTAX, source, state="variable")
        expression = parser.parse_expression()
        if not parser.stream.eos:
            raise TemplateSyntaxError(f"unexpected {parser.stream.current.value!r}", 1)
    except TemplateSyntaxError as error:
        return [Fault(f"{source!r} is not an expression: {error.message}")]
    tree = nodes.Template([nodes.Output([expression], lineno=1)], lineno=1)
    tree.set_environment(_SYNTAX)
    return list(_faults(tree, steps, columns))


def _faults(tree: nodes.Template, steps: Collection[str], columns: Collection[str]) -> Iterator[Fault]:
    refused = [Fault(said) for kind, said in _WITHOUT_MEANING.items() if tree.find(kind)]
    refused += [
        Fault(f"there is no filter {each.name!r}", near_miss(each.name, FILTERS))
        for each in tree.find_all(nodes.Filter)
        if each.name not in FILTERS
    ]
    refused += [
        Fault(f"there is no test {each.name!r}", near_miss(each.name, TESTS))
        for each in tree.find_all(nodes.Test)
        if each.name not in TESTS
    ]
    if refused:
        yield from refused
        return
    try:
        unknown = find_undeclared_variables(tree) - RESERVED - set(steps)
    except TemplateError as error:
        yield Fault(f"not a usable template: {error.message}")
        return
    for name in sorted(unknown):
        known = {*steps, "request", *(f"request.{column}" for column in columns if column == name)}
        hint = f"write request.{name}" if name in columns else near_miss(name, known)
        yield Fault(f"{name!r} is not an earlier step", hint)
    for owner, field in dict.fromkeys(_fields(tree)):
        if owner == "request" and field not in columns:
            yield Fault(f"no column {field!r} is declared under 'request'", near_miss(field, columns))
        elif owner in steps and field not in DRAFT_FIELDS:
            yield Fault(f"a draft has no field {field!r}", near_miss(field, DRAFT_FIELDS))


def _fields(tree: nodes.Template) -> Iterator[tuple[str, str]]:
    """Every `name.field` and `name['field']`, but for names that the template sets itself."""
    own = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    for attribute in tree.find_all(nodes.Getattr):
        if isinstance(attribute.node, nodes.Name) and attribute.node.name not in own:
            yield attribute.node.name, attribute.attr
    for item in tree.find_all(nodes.Getitem):
        named = isinstance(item.arg, nodes.Const) and isinstance(item.arg.value, str)
        if named and isinstance(item.node, nodes.Name) and item.node.name not in own:
            yield item.node.name, item.arg.as_const()
