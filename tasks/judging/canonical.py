"""What two short or structured answers have in common if they are the same answer. No I/O.

Numbers are read as in English unless they cannot be: `3,500` is three and a half thousand, `3.5` and `3,5`
are three and a half, `1.234,56` has a decimal comma, `0,500` is a half. Currency and per cent signs are
dropped: as answers to one question, `42` and `42%` are the same. Digits with a leading zero (`007`) are a
code, not a number.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from tasks.judging.check_faults import count_words, folded
from tasks.judging.json_answers import json_in

_MOST_WORDS: Final = 12
_MOST_CHARACTERS: Final = 80
_LARGEST_EXACT: Final = 2**53
_TAIL: Final = 400
_BOX: Final = "\\boxed{"


def canonical(text: str, value: object = None) -> object | None:
    """A plain value that is equal (`==`) for two answers that say the same.

    Objects stay objects (hence not hashable) and lists lists, the texts in them folded. Truth is the text
    `true` or `false`, so that it never equals 1 or 0; a lone yes is true, a lone no false. A choice is its
    small letter. Any other short text loses case, emphasis, quotes, and punctuation at its end.

    Args:
        text: as the model gave it.
        value: the JSON in it if that is parsed already, else None.

    Returns:
        An object, list, number or text; None for prose, which has no canonical form.
    """
    found = _json(text) if value is None else value
    if found is not None and not isinstance(found, str):
        return _plain(found)
    answer = _answer_in(text if found is None else found)
    return None if answer is None else _scalar(answer)


def is_short(text: str) -> bool:
    """Whether a text is an answer that can be compared as it is, not prose.

    That is JSON, or one line of at most 12 words and 80 characters, or a longer text that ends in a line
    `Answer: X` with such an X, or in a LaTeX box. `The answer is X` at the end of a longer text counts only if
    X is a number or a choice: articles end in sentences like that one, too.
    """
    found = _json(text)
    if found is not None and not isinstance(found, str):
        return True
    return _answer_in(text if found is None else found) is not None


def _json(text: str) -> object | None:
    try:
        value: object = json_in(text)
    except ValueError:
        return None
    return "null" if value is None else value


def _plain(value: Any) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _exact(value)
    return folded(value) if isinstance(value, str) else value


def _answer_in(text: str) -> str | None:
    """The part of a text that is its short answer; None for prose."""
    text = text.strip()
    if _is_brief(text):
        return text
    last = text[-_TAIL:].rsplit("\n", 1)[-1]
    if _BOX in last:
        boxed = _boxed(last)
        return boxed if _is_brief(boxed) else None
    lead, rest = _after_lead(last)
    if not lead or not _is_brief(rest):
        return None
    labelled = lead[-1] in ":=" and _BEFORE.fullmatch(lead) is not None
    return rest if labelled or _typed(rest) not in {None, "true", "false"} else None


def _is_brief(text: str) -> bool:
    small = 0 < len(text) <= _MOST_CHARACTERS and "\n" not in text
    return small and count_words(text) <= _MOST_WORDS


def _scalar(answer: str) -> object:
    answer = _boxed(answer)
    lead, rest = _after_lead(answer)
    if not lead or not (_BEFORE.fullmatch(lead) or _typed(rest) is not None):
        rest = _bare(answer)
    typed = _typed(rest)
    return folded(rest) if typed is None else typed


def _after_lead(line: str) -> tuple[str, str]:
    """A line cut behind its last `answer:`, `answer is` or the like, its rest bare; no lead if there is none."""
    line = _bare(line)
    ends = [found.end() for found in _LEAD.finditer(line)]
    end = ends[-1] if ends else 0
    rest = _bare(line[end:])
    return (line[:end].rstrip(), rest) if end and rest else ("", line)


def _typed(bare: str) -> object | None:
    """A number, the letter of a choice, or a truth; None for any other text."""
    if truth := _TRUTHS.get(bare.casefold()):
        return truth
    if choice := _LETTER.fullmatch(bare) or _LETTER_AND_TEXT.match(bare):
        return choice[1].casefold()
    return _number(bare)


def _number(bare: str) -> float | None:
    found = _AMOUNT.fullmatch(bare.replace("\u2212", "-"))
    if found is None:
        return None
    sign, digits, exponent = found[1] or found[2], found[3], found[4] or ""
    digits = _GAP.sub("", digits)
    if "." in digits and "," in digits:
        thousands = "," if digits.rfind(".") > digits.rfind(",") else "."
        digits = digits.replace(thousands, "").replace(",", ".")
    elif _GROUPS.fullmatch(digits):
        digits = digits.replace(",", "").replace(".", "")
    else:
        digits = digits.replace(",", ".")
    return _exact(float(sign + digits + exponent)) if _DECIMAL.fullmatch(digits) else None


def _exact(number: float) -> float:
    """Whole numbers up to 2**53 as integers, larger ones as the nearest float: equal if they print equal."""
    if math.isfinite(number) and abs(number) <= _LARGEST_EXACT and number == int(number):
        return int(number)
    return float(number)


def _boxed(text: str) -> str:
    """What stands in the last LaTeX box of a text, else the text."""
    begin = text.rfind(_BOX)
    inner, depth = text[begin + len(_BOX) :], 1
    for at, character in enumerate(inner if begin >= 0 else ""):
        depth += (character == "{") - (character == "}")
        if not depth:
            return inner[:at]
    return text


def _bare(text: str) -> str:
    """A text without the marks around it; a text of nothing but marks as it is."""
    raised = _RAISED.sub(lambda found: f"^{found[0]}", text)
    text = unicodedata.normalize("NFKC", raised).strip()
    bare = _BULLET.sub("", text).lstrip(_AROUND + "#").rstrip(_AROUND + _STOPS)
    if bare.startswith("\\(") and bare.endswith("\\)"):
        bare = bare[2:-2].strip()
    elif len(bare) > 2 and bare[0] == bare[-1] == "$":
        bare = bare[1:-1].strip()
    return bare or text


_AROUND: Final = " \t*_`\"'“”‘’„«»"
_STOPS: Final = ".,;:!?…。"
_BULLET: Final = re.compile(r"\A[-*•+]\s+")
_RAISED: Final = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_LEAD: Final = re.compile(
    r"\b(?:answer|option|choice|antwort|lösung|réponse|respuesta|risposta|resposta)\b[*_]{0,3}"
    r"(?:\s?[:=][*_]{0,3}|\s(?:is|ist|est|es|è|é)\b:?|\s(?=[(\[]?[A-J][)\]]?\Z))",
    re.IGNORECASE,
)
_BEFORE: Final = re.compile(
    r"(?:so,?\s|thus,?\s|hence,?\s|therefore,?\s)?(?:the\s|my\s|die\s|meine\s|la\s|a\s)?(?:final\s|correct\s|right\s|best\s)?"
    + _LEAD.pattern,
    re.IGNORECASE,
)
_LETTER: Final = re.compile(r"[(\[]?([A-Ja-j])[)\]]?")
_LETTER_AND_TEXT: Final = re.compile(r"[(\[]?([A-Ja-j])(?:[)\]](?=.)|[.:]\s)")
_AMOUNT: Final = re.compile(
    r"([-+]?)(?:[$€£¥₹]\s?)?([-+]?)(\d[\d.,'’ ]{0,60})(?<=\d)([eE][-+]?\d{1,3})?\s?[%$€£¥₹]?"
)
_GAP: Final = re.compile(r"(?<=\d)[ '’](?=\d{3}(?!\d))")
_GROUPS: Final = re.compile(r"[1-9]\d{0,2}(?:(?:,\d{3})+|(?:\.\d{3}){2,})|[1-9]\d?(?:,\d{2})+,\d{3}")
_DECIMAL: Final = re.compile(r"(?:0|[1-9]\d*)(?:\.\d+)?")
_TRUTHS: Final[Mapping[str, str]] = {"yes": "true", "true": "true", "no": "false", "false": "false"}
