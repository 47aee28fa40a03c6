"""Templates of recipes: Jinja over our own read-only values, bounded in bytes, steps and time.

An attribute is a field of a request, a draft or parsed JSON, and nothing else: no method, no Python attribute.
An unknown name is an error. What would print as a Python object is an error. A request's cell is text and is
never compiled. No I/O.
"""

from __future__ import annotations

from functools import lru_cache, wraps
from time import monotonic
from typing import TYPE_CHECKING, Any

import orjson
from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from tasks.patterns.draft import Draft
from tasks.storing.errors import NightpressError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jinja2 import Template

LARGEST_BYTES = 4 << 20
MOST_STEPS = 200_000
MOST_SECONDS = 5.0
LARGEST_NUMBER = 10**15
LOOP_FIELDS = frozenset({"index", "index0", "first", "last", "length", "revindex", "revindex0"})
DRAFT_FIELDS = frozenset({"content", "data", "score", "confidence", "sources", "warnings", "suggestions"})
TEXT_FILTERS = (
    "lower",
    "upper",
    "title",
    "capitalize",
    "trim",
    "truncate",
    "wordcount",
    "string",
    "striptags",
)
VALUE_FILTERS = (
    "default", "d", "length", "count", "first", "last", "sort", "unique", "reverse", "list", "int", "float", "round",
    "abs", "sum", "min", "max", "items",
)  # fmt: skip
TICK = "_nightpress_tick"


class RenderFailed(NightpressError):
    """A template cannot be rendered for this row."""


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**", "+"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._field(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if (
            isinstance(obj, list | tuple | str)
            and isinstance(argument, int | slice)
            and not isinstance(argument, bool)
        ):
            try:
                return obj[argument]
            except IndexError:
                return self.undefined(obj=obj, name=str(argument))
        return self._field(obj, argument)

    def _field(self, obj: Any, name: Any) -> Any:
        if isinstance(obj, Undefined):
            return self.undefined(f"{obj._undefined_name!r} is undefined", name=name)  # noqa: SLF001
        if isinstance(obj, dict) or (hasattr(obj, "keys") and not isinstance(obj, Draft)):
            return obj[name] if name in obj else self.undefined(f"there is no field {name!r} here", name=name)
        if isinstance(obj, Draft) and name in DRAFT_FIELDS:
            return getattr(obj, name) if name in {"content", "data", "score"} else getattr(obj.metadata, name)
        if isinstance(obj, LoopContext) and name in LOOP_FIELDS:
            return getattr(obj, name)
        return self.undefined(f"there is no field {name!r} here", name=name)

    def is_safe_callable(self, obj: Any) -> bool:
        return getattr(obj, "__name__", "") == TICK

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator in {"*", "**"}:
            return (
                _number(left) * _number(right)
                if operator == "*"
                else self._power(_number(left), _number(right))
            )
        if operator == "+" and not (isinstance(left, int | float) and isinstance(right, int | float)):
            left, right = (str(_printable(side)) for side in (left, right))
            if len(left) + len(right) > LARGEST_BYTES:
                raise SecurityError("the text is too long")
            return left + right
        return super().call_binop(context, operator, left, right)

    @staticmethod
    def _power(base: float, exponent: float) -> float:
        if abs(base) > 1000 or abs(exponent) > 5:
            raise SecurityError("the number is too large")
        return float(base**exponent) if isinstance(exponent, float) or exponent < 0 else base**exponent


class _Bounded(NodeTransformer):
    """Counts every turn of a loop, and lets `~` print as everything else does."""

    def visit_For(self, loop: nodes.For) -> nodes.Node:  # noqa: N802
        self.generic_visit(loop)
        tick = nodes.Call(nodes.Name(TICK, "load"), [], [], None, None)
        loop.body.insert(0, nodes.Output([tick], lineno=loop.lineno))
        return loop

    def visit_Concat(self, concat: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(concat)
        return nodes.Filter(nodes.List(concat.nodes), "join", [], [], None, None, lineno=concat.lineno)


class Renderer:
    """Compiles each template once; renders with a fresh bound every time."""

    def __init__(self) -> None:
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
            for chunk in self._template(source).generate(**values, **{TICK: _ticker()}):
                size += len(chunk)
                if size > LARGEST_BYTES:
                    raise RenderFailed(f"the text grows over {LARGEST_BYTES} bytes")
                chunks.append(chunk)
        except (TemplateError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            raise RenderFailed(f"cannot fill in {_short(source)}: {error}") from error
        return "".join(chunks)

    def holds(self, condition: str, values: Mapping[str, Any]) -> bool:
        """Whether a `when` expression is true.

        Raises:
            RenderFailed: as `render`.
        """
        return self.render(f"{{% if {condition} %}}1{{% endif %}}", values) == "1"

    def _compiled(self, source: str) -> Template:
        tree = self._environment.parse(source)
        return self._environment.from_string(_Bounded().visit(tree).set_environment(self._environment))


def _environment() -> _Environment:
    environment = _Environment(
        undefined=StrictUndefined,
        autoescape=False,
        finalize=_printable,
        keep_trailing_newline=True,
        cache_size=0,
    )
    environment.globals.clear()
    known = environment.filters
    environment.filters = {
        **{name: _of(_content, known[name]) for name in VALUE_FILTERS},
        **{name: _of(_printable, known[name]) for name in TEXT_FILTERS},
        "join": _join,
        "replace": _replace,
        "tojson": _json,
    }
    return environment


def _of(prepare: Callable[[Any], Any], apply: Callable[..., Any]) -> Callable[..., Any]:
    """The filter `apply` with its value prepared, so that no filter sees an object of ours."""
    place = 1 if hasattr(apply, "jinja_pass_arg") else 0

    @wraps(apply)
    def applied(*args: Any, **options: Any) -> Any:
        return apply(*args[:place], prepare(args[place]), *args[place + 1 :], **options)

    return applied


def _content(value: Any) -> Any:
    return value.content if isinstance(value, Draft) else value


def _ticker() -> Callable[[], str]:
    left, until = MOST_STEPS, monotonic() + MOST_SECONDS

    def tick() -> str:
        nonlocal left
        left -= 1
        if left < 0 or (left % 256 == 0 and monotonic() > until):
            raise SecurityError("the template takes too long")
        return ""

    tick.__name__ = TICK
    return tick


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, Draft):
        return value.content
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Undefined):
        return str(value)
    return _json(value)


def _json(value: Any) -> str:
    try:
        return orjson.dumps(_plain(value)).decode()
    except TypeError as error:
        raise TypeError(f"a {type(value).__name__} has no text") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Draft):
        return value.content
    if hasattr(value, "keys"):
        return {str(name): _plain(value[name]) for name in value}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _join(values: Iterable[Any], separator: str = "") -> str:
    texts = [str(_printable(each)) for each in values]
    if sum(map(len, texts)) + len(separator) * len(texts) > LARGEST_BYTES:
        raise SecurityError("the text is too long")
    return separator.join(texts)


def _replace(text: Any, old: str, new: str) -> str:
    subject = str(_printable(text))
    if len(subject) + subject.count(old) * len(new) > LARGEST_BYTES:
        raise SecurityError("the text is too long")
    return subject.replace(old, new)


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or abs(value) > LARGEST_NUMBER:
        raise SecurityError("only numbers can be multiplied")
    return value


def _short(source: str) -> str:
    line = " ".join(source.split())
    return repr(line if len(line) <= 60 else line[:57] + "…")
