"""Templates of recipes: Jinja over our own read-only values, bounded in length, steps and time.

An attribute is a field of a request, a draft or parsed JSON, and nothing else: no method, no Python attribute.
An unknown name is an error. What would print as a Python object is an error. A request's cell is text and is
never compiled. No I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from jinja2 import StrictUndefined, TemplateError, meta, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from tasks.patterns.template_filters import FILTERS
from tasks.patterns.template_values import (
    LARGEST_CHARACTERS,
    TOO_LONG,
    NoSuchField,
    field_of,
    joined,
    number,
    printable,
    seen,
)
from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jinja2 import Template
    from jinja2.runtime import Context

SPENT: Final = ""  # no template can name it
COUNTED: Final = "_counted"
# What a template that parses can raise: Jinja's filters assert, and Python refuses to compile deep nesting.
FAULTS: Final = (
    TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, AssertionError, SyntaxError,
    RecursionError,
)  # fmt: skip


class RenderFailed(NightpressError):
    """A template cannot be rendered for this row."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one rendering may take.

    Attributes:
        characters: of the text; four times as many may be printed on the way, into `set` blocks.
        steps: turns of all loops.
        seconds: checked at every turn of a loop.
    """

    characters: int = LARGEST_CHARACTERS
    steps: int = 200_000
    seconds: float = 5.0


class Renderer:
    """Compiles each template once; renders within the same bounds every time."""

    def __init__(self, bounds: Bounds = Bounds()) -> None:
        self._bounds = bounds
        self._environment = _environment()
        self._template = lru_cache(maxsize=512)(self._compiled)

    def render(self, source: str, values: Mapping[str, Any]) -> str:
        """The text of a template.

        Raises:
            RenderFailed: an unknown name, a value with no text, or more than the bounds allow.
        """
        if "{" not in source:
            return source
        chunks: list[str] = []
        size = 0
        try:
            template, names = self._template(source)
            given = {name: seen(values[name]) for name in names if name in values}
            for chunk in template.generate({**given, SPENT: _Spending(self._bounds)}):
                size += len(chunk)
                if size > self._bounds.characters:
                    raise SecurityError(TOO_LONG)
                chunks.append(chunk)
        except FAULTS as error:
            raise RenderFailed(f"cannot fill in {_short(source)}: {error}") from error
        return "".join(chunks)

    def holds(self, condition: str, values: Mapping[str, Any]) -> bool:
        """Whether a `when` expression is true.

        Raises:
            RenderFailed: as `render`.
        """
        return self.render(f"{{% if {condition} %}}1{{% endif %}}", values) == "1"

    def _compiled(self, source: str) -> tuple[Template, frozenset[str]]:
        """The template, and the variables that it names."""
        tree = self._environment.parse(source)
        names = frozenset(meta.find_undeclared_variables(tree))
        bounded = _Bounded().visit(tree).set_environment(self._environment)
        return self._environment.from_string(bounded), names


class _Spending:
    """What is left of one rendering's bounds."""

    def __init__(self, bounds: Bounds) -> None:
        self._steps = bounds.steps
        self._characters = 4 * bounds.characters
        self._until = monotonic() + bounds.seconds

    def step(self) -> None:
        self._steps -= 1
        if self._steps < 0 or monotonic() > self._until:
            raise SecurityError("the template takes too long")

    def prints(self, characters: int) -> None:
        self._characters -= characters
        if self._characters < 0:
            raise SecurityError(TOO_LONG)


class _Bounded(NodeTransformer):
    """Counts every turn of a loop, and lets `~` print as everything else does."""

    def visit_For(self, loop: nodes.For) -> nodes.Node:  # noqa: N802
        self.generic_visit(loop)
        loop.iter = nodes.Filter(loop.iter, COUNTED, [], [], None, None, lineno=loop.lineno)
        return loop

    def visit_Concat(self, concat: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(concat)
        return nodes.Filter(nodes.List(concat.nodes), "join", [], [], None, None, lineno=concat.lineno)


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._field(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if (
            isinstance(obj, list | tuple | str)
            and isinstance(argument, int)
            and not isinstance(argument, bool)
        ):
            try:
                return obj[argument]
            except IndexError:
                return self.undefined(f"there is no item {argument} here", name=str(argument))
        return self._field(obj, argument)

    def _field(self, obj: Any, name: Any) -> Any:
        if isinstance(obj, Undefined):
            return self.undefined(f"{obj._undefined_name!r} is undefined", name=name)  # noqa: SLF001
        try:
            return field_of(obj, name)
        except NoSuchField:
            return self.undefined(f"there is no field {name!r} here", name=name)

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002
        return False

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "+" and (isinstance(left, str) or isinstance(right, str)):
            return joined([left, right])
        first, second = number(left), number(right)
        if operator == "**" and (abs(first) > 1000 or abs(second) > 5):
            raise SecurityError("the number is too large")
        return super().call_binop(context, operator, first, second)

    @staticmethod
    def concat(chunks: Iterable[str]) -> str:
        """Makes the text of a `set` or `filter` block."""
        return joined(chunks)


def _environment() -> _Environment:
    environment = _Environment(
        undefined=StrictUndefined,
        autoescape=False,
        finalize=_printed,
        keep_trailing_newline=True,
        cache_size=0,
    )
    environment.globals.clear()
    environment.filters = {**FILTERS, COUNTED: _counted}
    return environment


@pass_context
def _printed(context: Context, value: Any) -> str:
    text = printable(value)
    context[SPENT].prints(len(text))
    return text


@pass_context
def _counted(context: Context, values: Iterable[Any]) -> Iterator[Any]:
    spending = context[SPENT]
    for value in values:
        spending.step()
        yield value


def _short(source: str) -> str:
    line = " ".join(source.split())
    return repr(line if len(line) <= 60 else line[:57] + "…")
