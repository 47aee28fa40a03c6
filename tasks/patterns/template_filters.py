"""The filters of templates: Jinja's own where they stay within bounds, ours where they would not. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import wraps
from html import unescape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from jinja2 import filters, pass_environment
from jinja2.exceptions import SecurityError

from tasks.patterns.template_values import LARGEST_CHARACTERS, TOO_LONG, joined, json_text, number, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from jinja2 import Environment

MOST_DIGITS: Final = 15


def _on_text(name: str) -> Callable[..., Any]:
    """Jinja's filter, given what its value prints as."""
    jinjas = filters.FILTERS[name]
    place = 1 if hasattr(jinjas, "jinja_pass_arg") else 0

    @wraps(jinjas)
    def applied(*args: Any, **options: Any) -> Any:
        return jinjas(*args[:place], printable(args[place]), *args[place + 1 :], **options)

    return applied


def _on_values(name: str) -> Callable[..., Any]:
    """Jinja's filter, with a list where it gives what can be gone through only once."""
    jinjas = filters.FILTERS[name]

    @wraps(jinjas)
    def applied(*args: Any, **options: Any) -> Any:
        result = jinjas(*args, **options)
        return list(result) if isinstance(result, Iterator) else result

    return applied


def _replace(value: Any, old: str, new: str) -> str:
    text, old, new = printable(value), printable(old), printable(new)
    if len(text) + text.count(old) * len(new) > LARGEST_CHARACTERS:
        raise SecurityError(TOO_LONG)
    return text.replace(old, new)


def _round(value: Any, precision: int = 0, method: Literal["common", "ceil", "floor"] = "common") -> float:
    if abs(number(precision)) > MOST_DIGITS:
        raise SecurityError(f"round takes at most {MOST_DIGITS} digits")
    return filters.do_round(number(value), precision, method)


@pass_environment
def _sum(
    environment: Environment, values: Iterable[Any], attribute: str | None = None, start: Any = 0
) -> float:
    value_of = filters.make_attrgetter(environment, attribute) if attribute else number
    return sum((number(value_of(each)) for each in values), number(start))


def _striptags(value: Any) -> str:
    """Jinja's takes time quadratic in the number of tags."""
    text = printable(value)
    kept, at = [], 0
    while (start := text.find("<", at)) >= 0:
        closing = "-->" if text.startswith("<!--", start) else ">"
        end = text.find(closing, start)
        if end < 0:
            break
        kept.append(text[at:start])
        at = end + len(closing)
    kept.append(text[at:])
    return " ".join(unescape("".join(kept)).split())


_TEXT: Final = ("lower", "upper", "title", "capitalize", "trim", "truncate", "wordcount", "string")
_VALUE: Final = (
    "default", "d", "length", "count", "first", "last", "sort", "unique", "reverse", "list", "int", "float",
    "abs", "min", "max", "items",
)  # fmt: skip

FILTERS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        **{name: _on_text(name) for name in _TEXT},
        **{name: _on_values(name) for name in _VALUE},
        "join": joined,
        "replace": _replace,
        "round": _round,
        "striptags": _striptags,
        "sum": _sum,
        "tojson": json_text,
    }
)
