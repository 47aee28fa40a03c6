"""Names, templates and expressions as fields of a recipe. No I/O."""

from __future__ import annotations

import keyword
import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

RESERVED: Final = frozenset({"request", "feedback", "score", "round", "members"})

_STEP: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_LABEL: Final = re.compile(r"\w[\w .-]{0,63}")
_JINJA_WORDS: Final = frozenset({"true", "false", "none", "loop", "self", "varargs", "kwargs", "caller"})


def _field(name: str) -> str:
    if not name.isidentifier() or name.startswith("_"):
        raise ValueError(f"{name!r} cannot be used in templates; use letters, digits and _, such as due_date")
    return name


def _step(name: str) -> str:
    if name in RESERVED:
        raise ValueError(f"{name!r} is reserved (so are {', '.join(sorted(RESERVED - {name}))})")
    if not _STEP.fullmatch(name) or keyword.iskeyword(name) or name in _JINJA_WORDS:
        raise ValueError(f"{name!r} cannot name a step; use letters, digits and _, such as fact_check")
    return name


def _label(name: str) -> str:
    if not _LABEL.fullmatch(name):
        raise ValueError(f"{name!r} should be up to 64 letters, digits, spaces and _ . -")
    return name


FieldName = Annotated[str, AfterValidator(_field), Field(description="A name that templates can use.")]
StepName = Annotated[str, AfterValidator(_step), Field(description="Later steps use it in templates.")]
Label = Annotated[str, AfterValidator(_label)]
Template = Annotated[str, Field(min_length=1, description="A Jinja template.")]
Expression = Annotated[str, Field(min_length=1, description="A Jinja expression, without {{ }}.")]
