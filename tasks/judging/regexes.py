"""Regular expressions from recipes over text from models, in linear time.

RE2 (as pyarrow has it) instead of `re`: no pattern makes a shard hang, so look-around and
back-references do not exist. No I/O.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_LONGEST: Final = 1000


def regex_fault(pattern: str) -> str:
    """Why RE2 cannot run this pattern; empty if it can."""
    if len(pattern) > _LONGEST:
        return f"longer than {_LONGEST} characters"
    try:
        is_match(pattern, "")
    except pa.ArrowInvalid as error:
        reason = str(error).partition(": ")[2] or str(error)
        return f"not a regular expression of RE2 syntax: {reason}"
    return ""


def is_match(pattern: str, text: str) -> bool:
    """Whether `pattern` occurs anywhere in `text`."""
    encodable = text.encode("utf-8", "replace").decode()
    return bool(pc.match_substring_regex(pa.scalar(encodable), pattern=pattern).as_py())
