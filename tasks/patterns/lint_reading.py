"""What templates and conditions name, and whether a condition depends on anything. Renders nothing; no I/O."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from jinja2 import TemplateError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import SandboxedEnvironment

from tasks.patterns.step_tree import walk
from tasks.patterns.steps import Ask, Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.patterns.step_tree import Place

SAMPLES: Final = "samples"


class _Syntax(SandboxedEnvironment):
    """Folds comparisons of constants, and calculates nothing: `9 ** 9 ** 9` stays as it is written."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})


_SYNTAX: Final = _Syntax()
for _known in (_SYNTAX.globals, _SYNTAX.filters, _SYNTAX.tests):
    _known.clear()


def prompts(place: Place) -> Iterator[str]:
    """The templates that a step's own model is shown."""
    if isinstance(place.step.pattern, Ask):
        yield place.step.pattern.prompt
        if place.step.pattern.system:
            yield place.step.pattern.system


def texts(place: Place) -> Iterator[str]:
    """Every template of a step itself, its conditions as templates."""
    yield from prompts(place)
    step = place.step
    for check in step.checks:
        yield from check.templates
    if step.result is not None:
        yield from step.result.data.values()
        yield step.result.content or ""
    conditions = [step.when] if step.when else []
    if isinstance(step.pattern, Route):
        conditions += [rule.condition for rule in step.pattern.rules]
    for condition in conditions:
        yield f"{{{{ {condition} }}}}"


def quoted_inside(place: Place) -> frozenset[str]:
    """What the models inside a step are shown by their templates."""
    return frozenset(name for inner in walk(place) for text in prompts(inner) for name in named(text))


@lru_cache(maxsize=2048)
def named(template: str) -> frozenset[str]:
    """The variables of a template; none of one that does not parse."""
    try:
        return frozenset(find_undeclared_variables(_SYNTAX.parse(template)))
    except TemplateError:
        return frozenset()


@lru_cache(maxsize=2048)
def cells_quoted(template: str) -> tuple[str, ...]:
    """The fields of the request that a template prints, each as often as it stands there; `*` for the whole request."""
    try:
        tree = _SYNTAX.parse(template)
    except TemplateError:
        return ()
    found: list[str] = []
    for output in tree.find_all(nodes.Output):
        fields: list[nodes.Getattr | nodes.Getitem] = [
            *output.find_all(nodes.Getattr),
            *output.find_all(nodes.Getitem),
        ]
        owned = [field for field in fields if _is_request(field.node)]
        whole = sum(map(_is_request, output.find_all(nodes.Name))) - len(owned)
        found += [_field(field) or "*" for field in owned] + ["*"] * whole
    return tuple(found)


@lru_cache(maxsize=2048)
def sampled(template: str) -> frozenset[str]:
    """The variables whose `data.samples`, or whose `data` as a whole, a template uses."""
    try:
        tree = _SYNTAX.parse(template)
    except TemplateError:
        return frozenset()
    fields: list[nodes.Getattr | nodes.Getitem] = [
        *tree.find_all(nodes.Getattr),
        *tree.find_all(nodes.Getitem),
    ]
    owners = [owner for owner in map(_owner_of_data, fields) if owner]
    for field in fields:
        owner = _owner_of_data(field.node)
        if owner and _field(field) not in (SAMPLES, None):
            owners.remove(owner)
    return frozenset(owners)


def constant(condition: str) -> bool | None:
    """What a condition is for every request; None if that depends."""
    try:
        tree = _SYNTAX.parse(f"{{{{ {condition} }}}}")
    except TemplateError:
        return None
    outputs = list(tree.find_all(nodes.Output))
    return _truth(outputs[0].nodes[0]) if len(outputs) == 1 and len(outputs[0].nodes) == 1 else None


def _truth(expression: nodes.Expr) -> bool | None:
    match expression:
        case nodes.Not(node=inner):
            truth = _truth(inner)
            return None if truth is None else not truth
        case nodes.Or(left=left, right=right) | nodes.And(left=left, right=right):
            decisive = isinstance(expression, nodes.Or)
            truths = (_truth(left), _truth(right))
            if decisive in truths:
                return decisive
            return None if None in truths else not decisive
    try:
        return bool(expression.as_const(nodes.EvalContext(_SYNTAX)))
    except nodes.Impossible:
        return None


def _is_request(expression: nodes.Node) -> bool:
    return isinstance(expression, nodes.Name) and expression.name == "request"


def _owner_of_data(expression: nodes.Node) -> str | None:
    """`x` of `x.data`."""
    if isinstance(expression, nodes.Getattr | nodes.Getitem) and _field(expression) == "data":
        return expression.node.name if isinstance(expression.node, nodes.Name) else None
    return None


def _field(expression: nodes.Getattr | nodes.Getitem) -> str | None:
    """The field that is asked for; None where only the request decides which."""
    if isinstance(expression, nodes.Getattr):
        return expression.attr
    return str(expression.arg.value) if isinstance(expression.arg, nodes.Const) else None
